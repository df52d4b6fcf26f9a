"""Our own networks: quick to train, the same alone and in a batch, and back from a folder as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.subject import Images, Subject, cnn, load, save, wrap
from fairfight.subject.networks import build_network


def made(channels: int = 3, size: int = 32) -> Subject:
    torch.manual_seed(0)
    return wrap(cnn(channels, size, 10, 8), "image-classifier", name="small", classes=[f"c{i}" for i in range(10)])


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (3, 32)])
@torch.no_grad()
def test_shapes_and_stages(channels: int, size: int) -> None:
    subject = made(channels, size)
    x = Images(torch.rand(6, channels, size, size))
    assert subject.trunk == tuple(f"layers.stage{i}" for i in range(1, 5))
    logits = subject(x)
    assert logits.shape == (6, 10)
    torch.testing.assert_close(logits, torch.cat([subject(x[i : i + 1]) for i in range(6)]))
    with subject.hooks(subject.trunk) as tape:
        subject(x)
    assert all(tape[site].ndim == 4 for site in subject.trunk)


def test_learns_a_simple_difference_in_a_few_steps() -> None:
    torch.manual_seed(0)
    module = cnn(1, 16, 2, 8)
    x, y = torch.rand(64, 1, 16, 16), torch.arange(64) % 2
    x[y == 1, :, :, ::2] = 1  # stripes
    optimiser = torch.optim.AdamW(module.parameters(), lr=0.01)
    for _ in range(30):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(x), y).backward()
        optimiser.step()
    module.eval()
    with torch.no_grad():
        assert float((module(x).argmax(1) == y).float().mean()) > 0.95


@torch.no_grad()
def test_round_trip_through_a_folder(tmp_path: Path) -> None:
    subject = made()
    subject.notes["accuracy"] = 0.5
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "other.txt").write_text("stays")
    save(subject, tmp_path / "kept")
    assert {f.name for f in (tmp_path / "kept").iterdir()} == {"model.safetensors", "subject.json", "other.txt"}
    back = load(tmp_path / "kept")
    x = Images(torch.rand(3, 3, 32, 32))
    assert torch.equal(back(x), subject(x))
    assert (back.name, back.kind, back.classes, back.notes) == ("small", subject.kind, subject.classes, subject.notes)
    assert [f.name for f in tmp_path.iterdir()] == ["kept"]


def test_same_seed_same_weights() -> None:
    a, b = made().module.state_dict(), made().module.state_dict()
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_unknown_architecture_and_wrong_weights(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Unknown architecture 'cmm'"):
        build_network({"name": "cmm"})
    save(made(), tmp_path)
    description = (tmp_path / "subject.json").read_text()
    (tmp_path / "subject.json").write_text(description.replace('"width": 8', '"width": 4'))
    with pytest.raises(UserError, match="do not fit"):
        load(tmp_path)


def test_a_module_that_could_not_come_back_is_not_saved(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    subject = wrap(module, "image-classifier", example=Images(torch.rand(2, 3, 2, 2)))
    with pytest.raises(UserError, match="cannot be saved"):
        save(subject, tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        save(made(), tmp_path / "file" / "below")
