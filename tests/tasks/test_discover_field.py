"""What every contender of discover promises, on the easy case of each modality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fairfight.subject.subject import Subject
from fairfight.tasks.discover.brief import MOST
from fairfight.tasks.registry import Contender, contenders
from tests.tasks.test_discover_task import TASK, built

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("discover")]


def is_slow(who: Contender) -> bool:
    """Combinations run everybody; baselines and who fights in long suites only are tried less often."""
    return who.kind in ("combination", "baseline") or "quick" not in who.suites


FIELD = [
    pytest.param(c, modality, id=f"{c.name}-{modality}", marks=[pytest.mark.slow] * is_slow(c))
    for c in contenders("discover")
    if c.kind != "oracle"
    for modality in ("vision", "language")
    if modality in c.modalities
]
each = pytest.mark.parametrize(("who", "modality"), FIELD)


def state(subject: Subject) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in subject.module.state_dict().items()}


SIZES = {"steps", "refining", "screening", "lessons", "pieces", "tokens", "width", "matches"}
"""Hyperparameters that say how much is done, and nothing of how."""


def short(who: Contender) -> dict[str, int]:
    """The least of everything that a contender may be told to do."""
    return {name: int(span.low) for name, span in who.space.items() if name in SIZES}  # type: ignore[union-attr]


def paper(who: Contender, modality: str, **params: Any) -> dict[str, Any]:
    case = built(modality)
    return TASK.sit(who.run(case.briefs[0], **{**who.defaults, **params}), case.exams[0])


@each
def test_is_deterministic_and_leaves_the_subject_alone(who: Contender, modality: str) -> None:
    subject = built(modality).briefs[0].subject
    before = state(subject)
    first, second = (paper(who, modality, **short(who)) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[k], second[k]) for k in first)
    assert len(first["targets"]) <= MOST
    assert all(torch.equal(v, before[k]) for k, v in subject.module.state_dict().items())
    modules = list(subject.module.modules())
    assert not any(m.training or m._forward_hooks or m._forward_pre_hooks for m in modules)
    assert not any(p.grad is not None for p in subject.module.parameters())
    assert all(p.requires_grad for p in subject.module.parameters())


@pytest.mark.slow
@each
def test_copes_with_four_clean_inputs_and_a_bank_of_two(who: Contender, modality: str) -> None:
    case = built(modality)
    small = TASK.smallest(case.briefs[0])
    found = who.run(small, **who.defaults)
    TASK.grade(case.answer, [TASK.sit(found, exam) for exam in case.exams])


@pytest.mark.slow
@each
def test_options_at_either_end_of_their_ranges_work(who: Contender, modality: str) -> None:
    for name, span in who.space.items():
        ends = span.options if hasattr(span, "options") else (span.low, span.high)
        for end in ends:
            whole = isinstance(who.defaults[name], int) and not isinstance(who.defaults[name], bool)
            assert len(paper(who, modality, **{name: int(end) if whole else end})["targets"]) <= MOST, (name, end)
