"""The common suite: every contender of this package passes it, and bad ones do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fairfight.arena.checks import BrokenPromise, check_contender
from fairfight.tasks import registry
from fairfight.tasks.registry import baseline

DETECT = [c.name for c in registry.contenders("detect") if c.run.__module__.startswith("fairfight.")]


KNOWN_TO_FAIL = {"spectral-signatures"}
"""Tran et al. 2018 look for a share of poison in a training set; at run time there is none to look for."""


@pytest.mark.parametrize("name", DETECT)
def test_every_contender_of_detect_keeps_its_promises(name: str) -> None:
    check_contender("detect", name, capable=name not in KNOWN_TO_FAIL)


@pytest.mark.parametrize("name", sorted(KNOWN_TO_FAIL))
def test_who_is_known_to_fail_does(name: str) -> None:
    with pytest.raises(BrokenPromise, match="does not find the easy fault"):
        check_contender("detect", name)


def spoils_the_subject(brief: Any) -> Any:
    """Shift a parameter and leave it so."""
    next(brief.subject.module.parameters()).data.add_(1e-3)
    return lambda x: np.zeros(len(x))


def draws_from_the_clock(brief: Any) -> Any:
    """Score by an unseeded generator."""
    return lambda x: np.random.default_rng().random(len(x))


def needs_many_inputs(brief: Any) -> Any:
    """Refuse small briefs."""
    if len(brief.trusted) < 50:
        raise ValueError("too few")
    return lambda x: np.zeros(len(x))


def computes_too_much(brief: Any) -> Any:
    """Multiply until the budget is gone."""
    import torch

    a = torch.ones(1000, 1000)
    while True:
        a = a @ a


def catches_the_stop(brief: Any) -> Any:
    """Swallow whatever stops it."""
    import torch

    try:
        (torch.ones(100, 100) @ torch.ones(100, 100)).sum()
    except BaseException:
        return lambda x: np.zeros(len(x))
    return lambda x: np.zeros(len(x))


ROGUES = (spoils_the_subject, draws_from_the_clock, needs_many_inputs, computes_too_much, catches_the_stop)


@pytest.fixture
def rogues(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the registry for the length of a test: other tests try everybody they find there."""
    monkeypatch.setattr(registry, "_contenders", dict(registry._contenders))
    for rogue in ROGUES:
        baseline("detect", source="rogue")(rogue)


@pytest.mark.usefixtures("rogues")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("spoils-the-subject", "leave the subject as it was"),
        ("draws-from-the-clock", "another paper for the same brief"),
        ("needs-many-inputs", "smallest case"),
        ("computes-too-much", "more than the default budget"),
        ("catches-the-stop", "AUROC"),
    ],
)
def test_what_breaks_a_promise_is_told_which(name: str, words: str) -> None:
    with pytest.raises(BrokenPromise, match=words):
        check_contender("detect", name)
