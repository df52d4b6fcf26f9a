"""A picture candidate of nonsense fails its match with a reason; nothing else breaks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.attacks.patch import Patch
from fairfight.subject import Images, cnn, wrap
from fairfight.tasks.discover._trial import shown
from fairfight.tasks.discover.brief import Candidate, DiscoverAnswer, DiscoverExam
from fairfight.tasks.discover.grading import candidates

BASES = Images(torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(0)))


def answer() -> DiscoverAnswer:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fresh = wrap(cnn(channels=3, size=16, classes=4, width=4).eval(), "image-classifier", name="fresh")
    labels = np.zeros(6, dtype=np.int64)
    return DiscoverAnswer("organism", fresh, fresh, 1, 0, ("a",) * 8, (), BASES, labels, BASES, 0)


def graded(*found: Candidate) -> int:
    return len(candidates(shown(list(found), DiscoverExam(BASES)), answer()))


def change(give: Any) -> Candidate:
    return Candidate(1, 0.5, change=give)


def test_what_makes_sense_is_taken_and_so_is_nothing() -> None:
    assert graded() == 0
    assert graded(change(Patch(torch.ones(3, 4, 4), 2, 2)), Candidate(0, 0.0, examples=BASES[:1])) == 2


@pytest.mark.parametrize(
    ("nonsense", "said"),
    [
        (Candidate(4, 0.5, examples=BASES), "target 4"),
        (Candidate(-1, 0.5, examples=BASES), "target -1"),
        (Candidate(1, float("nan"), examples=BASES), "confidence between 0 and 1"),
        (Candidate(1, 1.5, examples=BASES), "confidence between 0 and 1"),
        (Candidate(1, 0.5, examples=BASES[:0]), r"shape \(3, 16, 16\)"),
        (Candidate(1, 0.5, examples=Images(torch.rand(2, 3, 8, 8))), r"shape \(3, 16, 16\)"),
        (Candidate(1, 0.5, examples=Images(torch.full((2, 3, 16, 16), torch.nan))), "not all between 0 and 1"),
        (change(lambda x: Images(x.pixels * torch.nan)), "not all between 0 and 1"),
        (change(lambda x: x[:3]), "does not change every input"),
        (change(lambda x: x.pixels), "not inputs of the subject"),
    ],
)
def test_nonsense_is_refused_with_a_reason(nonsense: Candidate, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        graded(nonsense)


def test_a_patch_larger_than_the_picture_says_so() -> None:
    with pytest.raises(UserError, match="does not fit"):
        graded(change(Patch(torch.ones(3, 20, 20), 0, 0)))
