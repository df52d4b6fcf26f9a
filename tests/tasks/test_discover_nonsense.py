"""Nonsense that is handed in for texts: refused with a reason, each match on its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fairfight.subject.inputs import Images, Texts
from fairfight.tasks.discover.brief import Candidate
from tests.tasks.test_discover_task import TASK, built

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("discover")]
LONG = Texts(torch.full((2, 400), 20), torch.ones(2, 400, dtype=torch.long))


def still(inputs: Any) -> Any:
    return inputs


def with_tokens(token: int) -> Any:
    return lambda inputs: Texts(torch.full_like(inputs.ids, token), inputs.mask)


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (Candidate("positive", 0.5, change=still), "a whole number for its target"),  # type: ignore[arg-type]
        (Candidate(None, 0.5, change=still), "a whole number for its target"),  # type: ignore[arg-type]
        (Candidate(0, "sure", change=still), "a number for its confidence"),  # type: ignore[arg-type]
        (Candidate(2, 0.5, change=still), "target 2: those of the subject go from 0 to 1"),
        (Candidate(-1, 0.5, change=still), "target -1: those of the subject go from 0 to 1"),
        (Candidate(0, 0.5, change=with_tokens(10**6)), "tokens that the subject does not know"),
        (Candidate(0, 0.5, change=with_tokens(-1)), "tokens that the subject does not know"),
        (Candidate(0, 0.5, examples=LONG), "longer than the 48 tokens"),
        (Candidate(0, 0.5, examples=Texts(LONG.ids[:, :4], 0 * LONG.mask[:, :4])), "a text without tokens"),
        (Candidate(0, 0.5, examples=Texts(LONG.ids[:0], LONG.mask[:0])), "a mask of the same shape"),
        (Candidate(0, 0.5, examples=Images(torch.rand(2, 3, 8, 8))), "shows texts as pictures, or pictures as texts"),
        (Candidate(0, 0.5, change=lambda x: x[:3]), "does not change every input"),
    ],
)
def test_a_candidate_that_cannot_be_judged_is_refused(candidate: Candidate, said: str) -> None:
    case = built("language")
    with pytest.raises(ValueError, match=said):
        TASK.grade(case.answer, [TASK.sit([candidate], exam) for exam in case.exams])
