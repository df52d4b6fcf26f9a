"""Streams from disk: every row once an epoch, little memory, and a training that goes on where it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from fairfight.errors import UserError
from fairfight.parts.bases.sparse import Stream, health, train


def numbered(n: int, d: int = 3) -> torch.Tensor:
    return torch.arange(n, dtype=torch.float32)[:, None] + torch.arange(d) / 10


@pytest.fixture(params=["memory", "safetensors", "npy", "half"])
def stream(request: pytest.FixtureRequest, tmp_path: Path) -> Stream:
    x = numbered(2000)
    if request.param == "memory":
        return Stream(x)
    if request.param == "npy":
        np.save(tmp_path / "a.npy", x.numpy())
        return Stream.open(tmp_path / "a.npy", max_memory=9000)
    kept = x.half() if request.param == "half" else x
    save_file(
        {"site": kept.view(20, 100, 3), "odd": torch.zeros(3, dtype=torch.int64)}, str(tmp_path / "a.safetensors")
    )
    return Stream.open(tmp_path / "a.safetensors", "site", max_memory=9000)


def test_each_row_comes_once_an_epoch_in_another_order(stream: Stream) -> None:
    orders = []
    for epoch in (0, 1):
        batches = list(stream.batches(64, seed=3, epoch=epoch))
        assert [len(b) for b in batches] == [64] * 31 + [16]
        order = torch.cat(batches)[:, 0].round()
        assert torch.equal(order.sort().values, torch.arange(2000.0))
        orders.append(order)
    assert not torch.equal(*orders)
    # Neighbours in the file are far apart, most of them, even where a fraction is held at once.
    assert float((orders[0].diff().abs() > 20).float().mean()) > 0.9
    again = torch.cat(list(stream.batches(64, seed=3, epoch=0)))[:, 0].round()
    assert torch.equal(again, orders[0])


@pytest.mark.parametrize("start", [0, 1, 5, 17, 31])
def test_an_epoch_can_be_entered_in_the_middle(stream: Stream, start: int) -> None:
    whole = list(stream.batches(64, seed=3, epoch=0))
    part = list(stream.batches(64, seed=3, epoch=0, start=start))
    assert len(part) == 32 - start
    assert all(torch.equal(a, b) for a, b in zip(part, whole[start:], strict=True))


@pytest.mark.parametrize("start", [0, 3, 9])
def test_masked_rows_never_come(tmp_path: Path, start: int) -> None:
    keep = torch.rand(2000, generator=torch.Generator().manual_seed(0)) < 0.4
    np.save(tmp_path / "a.npy", numbered(2000).numpy())
    for stream in (Stream.open(tmp_path / "a.npy", keep=keep, max_memory=9000), Stream(numbered(2000), keep=keep)):
        assert stream.n == int(keep.sum())
        whole = list(stream.batches(50, seed=0, epoch=0))
        assert torch.equal(torch.cat(whole)[:, 0].sort().values, keep.nonzero().flatten().float())
        part = list(stream.batches(50, seed=0, epoch=0, start=start))
        assert torch.equal(torch.cat(part), torch.cat(whole[start:]))


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    with pytest.raises(UserError, match="no file"):
        Stream.open(file)
    save_file({"a": numbered(100), "ids": torch.arange(4)}, str(file))
    with pytest.raises(UserError, match="Unknown tensor"):
        Stream.open(file, "b")
    with pytest.raises(UserError, match="no table of floating-point"):
        Stream.open(file, "ids")
    with pytest.raises(UserError, match="allow more memory"):
        Stream.open(file, "a", max_memory=1000)
    with pytest.raises(UserError, match="mask is for 7 rows"):
        Stream.open(file, "a", keep=torch.ones(7, dtype=torch.bool))
    whole = file.read_bytes()
    file.write_bytes(whole[:-8])
    with pytest.raises(UserError, match="cut short"):
        Stream.open(file, "a")
    file.write_bytes(whole[:20])
    with pytest.raises(UserError, match="cut short"):
        Stream.open(file, "a")
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(UserError, match="without running code"):
        Stream.open(tmp_path / "objects.npy")
    with pytest.raises(UserError, match="at least one row"):
        Stream(torch.empty(0, 3))


@pytest.mark.slow
def test_training_from_disk_holds_no_more_memory_than_allowed(tmp_path: Path) -> None:
    """96 MB of activations through 6 MB; measured as peak memory of a process beside one that does next to nothing."""
    n, d = 400_000, 60
    table = np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype=np.float32, shape=(n, d))
    for i in range(0, n, 50_000):
        table[i : i + 50_000] = np.random.default_rng(i).normal(size=(50_000, d))
    table.flush()
    del table
    code = (
        "import sys, resource, torch; torch.set_num_threads(1);"
        "from fairfight.parts.bases.sparse import Stream, train;"
        "s = Stream.open(sys.argv[1], max_memory=6_000_000);"
        "train(s, width=16, k=2, batch=4096, steps=int(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )

    def peak(steps: int) -> int:
        given = [sys.executable, "-c", code, str(tmp_path / "a.npy"), str(steps)]
        return int(subprocess.run(given, capture_output=True, text=True, check=True).stdout) * 1024

    assert peak(98) - peak(1) < 6_000_000  # the whole epoch, beside its first step


def test_a_killed_training_goes_on_to_the_same_result_bit_by_bit(tmp_path: Path) -> None:
    x = torch.randn(1500, 12, generator=torch.Generator().manual_seed(0))
    save_file({"site": x}, str(tmp_path / "a.safetensors"))
    options = {"width": 24, "k": 2, "epochs": 3, "batch": 100, "every": 7, "dead_after": 5}

    def stream() -> Stream:
        return Stream.open(tmp_path / "a.safetensors", max_memory=20_000)

    state = tmp_path / "state.safetensors"
    for kind in ("topk", "batchtopk", "jumprelu"):
        whole = train(stream(), kind=kind, **options)  # type: ignore[arg-type]
        killed = _Killed(stream(), after=30)
        with pytest.raises(KeyboardInterrupt):
            train(killed, kind=kind, checkpoint=state, **options)  # type: ignore[arg-type]
        with pytest.raises(UserError, match="another training"):
            train(stream(), kind=kind, checkpoint=state, **options | {"width": 25})  # type: ignore[arg-type]
        rest = _Killed(stream(), after=10**9)
        resumed = train(rest, kind=kind, checkpoint=state, **options)  # type: ignore[arg-type]
        assert rest.given == 45 - 28
        for name in ("encoder", "bias", "decoder", "centre"):
            assert torch.equal(getattr(whole, name), getattr(resumed, name))
        assert whole.threshold is None or torch.equal(whole.threshold, resumed.threshold)  # type: ignore[arg-type]
        assert not state.exists()


class _Killed(Stream):
    """A stream that is interrupted after some batches."""

    def __init__(self, stream: Stream, after: int) -> None:
        self.__dict__.update(stream.__dict__)
        self.after, self.given = after, 0

    def batches(self, *args: object, **options: object):  # type: ignore[no-untyped-def]
        for x in super().batches(*args, **options):  # type: ignore[arg-type]
            if self.given == self.after:
                raise KeyboardInterrupt
            self.given += 1
            yield x


def test_a_harvest_on_disk_can_be_trained_on(tmp_path: Path) -> None:
    from fairfight.subject import harvest
    from tests.tasks import tiny

    side = tiny.organism()[0]
    site = side.subject.trunk[-1]
    acts = harvest(side.subject, side.trusted, [site], head=False, folder=tmp_path)
    fitted = train(Stream.open(acts.file, site), width=32, k=2, epochs=60, batch=128, rate=3e-3)  # type: ignore[arg-type]
    figures = health(fitted, acts[site], subject=side.subject, site=site, inputs=side.clean)
    assert figures.explained > 0.7
    assert figures.recovered is not None
    assert figures.recovered > 0.5
    with pytest.raises(UserError, match="Unknown site"):
        fitted.fits(side.subject, "layers.nowhere")
