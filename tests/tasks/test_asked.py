"""Contenders on something of one's own: what a user gets, and the sentence for each mistake."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import fairfight as ff
from fairfight.errors import UserError
from fairfight.faults.program.recurrent import ProgramRecipe, build
from fairfight.subject import Images, cnn, wrap

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def network() -> tuple[nn.Module, Any]:
    """A network trained on sums modulo seven, and its answers' bounds."""
    organism = build(ProgramRecipe("sum-mod", {"m": 7}))
    return organism.subject.module, organism.subject.answers


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
