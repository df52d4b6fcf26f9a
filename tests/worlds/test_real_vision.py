"""Worlds of real pictures: split without overlap, networks as good as they were measured, subjects that can be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.training import decide
from fairfight.subject.checking import check
from fairfight.subject.networks import build_network
from fairfight.worlds import cifar10, mnist, pictures
from fairfight.worlds.sources import VARIABLE, missing
from fairfight.worlds.world import world

NAMES = ("imagenet", "cifar10", "mnist")


def needs(name: str) -> None:
    """Skip where a world's data is not on this machine."""
    if lacks := missing(name):
        pytest.skip(lacks)


@pytest.mark.parametrize("name", [n if n == "mnist" else pytest.param(n, marks=pytest.mark.slow) for n in NAMES])
def test_pictures_are_drawn_by_the_seed_and_held_out_ones_are_no_training_pictures(name: str) -> None:
    needs(name)
    ground = world(name)
    architecture = ground.architectures[0]
    pool, other = (ground.examples("pool", seed, architecture) for seed in (1, 2))
    train = ground.examples("train", 1, architecture)
    for part in (pool, train):
        assert part.inputs.pixels.min() >= 0  # type: ignore[union-attr]
        assert part.inputs.pixels.max() <= 1  # type: ignore[union-attr]
        assert set(part.labels.tolist()) <= set(ground.labels(architecture))
        assert part.factors["place"].tolist() == list(range(len(part)))
    assert not torch.equal(pool.labels, other.labels)
    if name == "imagenet":
        assert not set(pool.factors["class"]) & set(train.factors["class"]), "no class is in both"
    else:
        pixels = {row.numpy().tobytes() for row in pool.inputs.pixels[:300]}  # type: ignore[union-attr]
        assert not pixels & {row.numpy().tobytes() for row in train.inputs.pixels}  # type: ignore[union-attr]
        assert len(pixels) == 300


@pytest.mark.parametrize(
    ("name", "architecture", "accuracy", "count"),
    [
        ("imagenet", "mobilenet-v2", 0.76, 96),
        ("cifar10", "resnet20", 0.812, 600),
        ("cifar10", "wrn16", 0.764, 600),
        ("cifar10", "wrn16-erased", 0.735, 600),
    ],
)
def test_a_published_network_is_as_good_as_measured_and_can_be_read(
    name: str, architecture: str, accuracy: float, count: int
) -> None:
    needs(name)
    subject = world(name).subject(architecture, 0)
    pool = world(name).examples("pool", 0, architecture)[:count]
    check(subject, pool.inputs[:3])
    assert 3 <= len(subject.trunk) <= 8
    found = float((decide(subject, pool.inputs, 32) == pool.labels).float().mean())
    assert found == pytest.approx(accuracy, abs=0.08 if name == "imagenet" else 0.03)


@pytest.mark.parametrize("name", ["resnet20", "wrn16", "badnet", "mobilenet-v2"])
def test_architectures_are_buildable_without_data(name: str) -> None:
    channels, size = (1, 28) if name == "badnet" else (3, 32)
    module = build_network({"name": name, "channels": channels, "size": size, "classes": 7}).eval()
    assert module(torch.rand(2, channels, size, size)).shape == (2, 7)
    assert build_network(module.architecture).state_dict().keys() == module.state_dict().keys()


def test_the_published_badnet_can_be_read() -> None:
    needs("mnist")
    check(mnist.trojaned(), world("mnist").examples("pool", 0, "badnet").inputs[:3])


def test_jpegs_are_decoded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from PIL import Image

    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path / "cache"))
    drawn = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    pieces = []
    for i, picture in enumerate(drawn):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
        pieces.append((tmp_path / f"{i}.png").read_bytes())
    ends = np.cumsum([0, *map(len, pieces)])
    np.savez(tmp_path / "two.npz", data=np.frombuffer(b"".join(pieces), np.uint8), offsets=ends, y=[4, 2])
    found, labels = pictures.decoded(tmp_path / "two.npz")
    assert np.array_equal(found, drawn)
    assert labels.tolist() == [4, 2]
    pictures.decoded.cache_clear()
    monkeypatch.setattr(Image, "open", lambda _: pytest.fail("decoded again"))
    assert np.array_equal(pictures.decoded(tmp_path / "two.npz")[0], drawn)


def test_what_is_missing_is_named_with_what_would_bring_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert "cifar10" in str(missing("cifar10"))
    with pytest.raises(UserError, match=VARIABLE):
        world("cifar10").subject("resnet20", 0)
    (tmp_path / "cifar10-resnets").mkdir()
    with pytest.raises(UserError, match=r"resnet20\.safetensors is not there"):
        world("cifar10").subject("resnet20", 0)
    (tmp_path / "cifar10-resnets" / "resnet20.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="does not hold the weights"):
        world("cifar10").subject("resnet20", 0)
    with pytest.raises(UserError, match="wrn16"):
        world("cifar10").subject("wrn61", 0)
    assert cifar10.NETWORKS.keys() == set(world("cifar10").architectures)
