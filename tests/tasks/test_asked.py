"""Contenders on something of one's own: what a user gets, and the sentence for each mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from typer.testing import CliRunner

import fairfight as ff
from fairfight.cli import app
from fairfight.errors import UserError
from fairfight.faults.program.recurrent import ProgramRecipe, build
from fairfight.subject import Images, cnn, wrap
from fairfight.tasks.decompile.asked import decompile_file

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def network() -> tuple[nn.Module, Any]:
    """A network trained on sums modulo seven, and its answers' bounds."""
    organism = build(ProgramRecipe("sum-mod", {"m": 7}))
    return organism.subject.module, organism.subject.answers


@pytest.mark.slow
def test_a_network_of_ones_own_becomes_a_program() -> None:
    module, answers = network()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    found = ff.decompile(module, 0, 6, state="state", answers=answers)
    assert found.found
    assert found.submission.of(x=[3, 6, 6]) == [3, 2, 1]
    assert "% 7" in str(found)
    assert "100.00 % at four times the length" in str(found)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


class Forgetful(nn.Module):
    """Begins where it ended."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.calls = nn.Identity(), 0

    def forward(self, values: Tensor) -> Tensor:
        self.calls += 1
        kept: Tensor = self.state(values.float() + self.calls)
        return kept


class Flat(nn.Module):
    """Answers once for a whole sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.state = nn.Identity()

    def forward(self, values: Tensor) -> Tensor:
        kept: Tensor = self.state(values.float().sum(1, keepdim=True))
        return kept


@pytest.mark.parametrize(
    ("module", "given", "why"),
    [
        (Forgetful(), {}, "another answer to the same input"),
        (Flat(), {}, "at each position"),
        (Flat(), {"state": "hidden"}, "no submodule 'hidden'"),
        (Flat(), {"low": 3}, "the least first"),
        (Flat(), {"by": "mipps"}, "mips"),
        (Flat(), {"by": "true-rule"}, "ceiling"),
        (Flat(), {"width": 3}, "no hyperparameter 'width'"),
    ],
)
def test_what_is_no_network_of_sequences_is_told_in_a_sentence(module: nn.Module, given: Any, why: str) -> None:
    options = {"low": 0, "state": "state", **given}
    with pytest.raises(UserError, match=why):
        ff.decompile(module, high=2, **options)


def pictures(classes: int = 3, size: int = 16) -> tuple[ff.Subject, ff.Labelled]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        subject = wrap(cnn(1, 16, classes, 4).eval(), "image-classifier", name="mine", check=False)
        pixels = torch.rand(12, 1, size, size)
    return subject, ff.Labelled(Images(pixels), torch.arange(12) % max(2, classes))


def test_a_trigger_is_sought_in_ones_own_subject() -> None:
    subject, clean = pictures()
    found = ff.discover(subject, clean, by="neural-cleanse")
    assert all(0 <= candidate.target < 3 and 0 <= candidate.confidence <= 1 for candidate in found)


def test_what_cannot_be_searched_is_told_in_a_sentence() -> None:
    subject, clean = pictures()
    one, its = pictures(classes=1)
    with pytest.raises(UserError, match="single class"):
        ff.discover(one, its)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(256, 3))
    with pytest.raises(UserError, match="cannot be run on pictures"):
        ff.discover(wrap(linear, "image-classifier", example=clean.inputs), pictures(size=9)[1])
    with pytest.raises(UserError, match="between 0 and 1"):
        ff.discover(subject, ff.Labelled(Images(255 * torch.rand(4, 1, 16, 16)), torch.arange(4) % 3))
    with pytest.raises(UserError, match="no class 7"):
        ff.discover(subject, ff.Labelled(clean.inputs, torch.full((12,), 7)))
    with pytest.raises(UserError, match="all of one class"):
        ff.discover(subject, ff.Labelled(clean.inputs, torch.zeros(12).long()))
    with pytest.raises(UserError, match="choose a contender for vision"):
        ff.discover(subject, clean, by="gcg")


def saved(path: Path, **changed: Tensor) -> Path:
    """A network of torch's own that keeps the parity of bits, written by hand, as safetensors."""
    rnn, head = nn.RNN(2, 2, nonlinearity="relu", batch_first=True), nn.Linear(2, 2)
    tensors = {f"rnn.{k}": v for k, v in rnn.state_dict().items()} | {
        f"head.{k}": v for k, v in head.state_dict().items()
    }
    # Units: a one came on an even count, a zero on an odd one; the parity is whether either is on.
    tensors["rnn.weight_ih_l0"] = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    tensors["rnn.weight_hh_l0"] = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    tensors["rnn.bias_ih_l0"] = torch.tensor([0.0, -1.0])
    tensors["rnn.bias_hh_l0"] = torch.zeros(2)
    tensors["head.weight"] = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
    tensors["head.bias"] = torch.tensor([0.5, -0.5])
    save_file({k: v.contiguous() for k, v in (tensors | changed).items() if v.numel()}, path)
    return path


def test_a_network_in_a_file_becomes_a_program_in_a_terminal(tmp_path: Path) -> None:
    file = saved(tmp_path / "net.safetensors")
    command = ["decompile", str(file), "--inputs", "0..1", "--answers", "0..1", "--update", "relu", "--json"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["found"] is True
    names: dict[str, Any] = {}
    exec(said["program"], names)
    assert names["program"]([1, 1, 0, 1]) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"inputs": "0-1"}, "write it as"),
        ({"answers": None}, "give answers of as many values"),
        ({"update": "gelu"}, "gelu"),
        ({"changed": {"rnn.weight_hh_l0": torch.zeros(0)}}, "weight_hh_l0"),
        ({"changed": {"head.weight": torch.zeros(2, 5)}}, "one linear readout of 2 states"),
    ],
)
def test_a_file_that_is_no_such_network_is_told_in_a_sentence(tmp_path: Path, given: dict[str, Any], why: str) -> None:
    file = saved(tmp_path / "net.safetensors", **given.pop("changed", {}))
    with pytest.raises(UserError, match=why):
        decompile_file(file, **{"inputs": "0..1", "answers": "0..1", "update": "relu", **given})


def test_a_broken_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "half.safetensors").write_bytes(b"\x08\x00\x00")
    with pytest.raises(UserError, match="safetensors file"):
        decompile_file(tmp_path / "half.safetensors", "0..1")
    with pytest.raises(UserError, match="no file"):
        decompile_file(tmp_path / "none", "0..1")
