"""Numbers that a network keeps: read where they are kept, used where they count, and a search that hears of both."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.machines import synthesise_machine
from fairfight.parts.states.runs import run
from fairfight.parts.states.spelling import batch, space_of
from fairfight.parts.states.variables import Shuffled, Variables, clusters
from fairfight.subject.recurrent import Recurrent
from fairfight.subject.sequences import SequenceSubject, Space

pytestmark = pytest.mark.usefixtures("one_thread")
LENGTH = 8


def last_three() -> SequenceSubject:
    """Answers the sum of the last three inputs; beside, it keeps the sum of all. Units are mixed."""
    net = Recurrent(
        low=-3, high=3, channels=1, hidden=4, outputs=1, update="linear", inputs="numbers", readout="linear"
    )
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(0)))[0]
    moves = torch.tensor([[0.0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])
    with torch.no_grad():
        net.recur.weight.copy_(turn @ moves @ turn.T)
        net.recur.bias.zero_()
        net.feed.weight.copy_(turn @ torch.tensor([[1.0], [0], [0], [1]]))
        net.answer.weight.copy_(torch.tensor([[1.0, 1, 1, 0]]) @ turn.T)  # type: ignore[union-attr, operator]
        net.answer.bias.zero_()  # type: ignore[union-attr, operator]
    return SequenceSubject(net.eval(), "by hand", Space(-3, 3, 1, LENGTH), None, {"state": "state"})


def values_of(n: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(-3, 4, (n, LENGTH, 1))


def before(values: np.ndarray, k: int) -> np.ndarray:
    """The input ``k`` places before, 0 where there is none."""
    found: np.ndarray = np.pad(values[..., 0], ((0, 0), (k, 0)))[:, : values.shape[1]].reshape(-1)
    return found


def test_what_a_network_keeps_is_read_and_what_it_forgot_is_not() -> None:
    values = values_of()
    asked = Variables(last_three(), values)
    total = values[..., 0].cumsum(1).reshape(-1)
    kept = [before(values, 0), before(values, 1), before(values, 2), total]
    lost = [before(values, 4), before(values, 0) ** 3 * before(values, 3), np.zeros(64 * LENGTH, int)]
    found = asked.read(np.stack([*kept, *lost]))
    assert found[:4].min() > 0.99
    assert found[4:].max() < 0.5
    fewer = asked.read(np.stack(kept)[:, : 16 * LENGTH])
    assert fewer.min() > 0.99, "courses over the first sequences are read too"


def test_what_counts_for_later_answers_is_told_from_what_is_only_kept() -> None:
    values = values_of(400)
    asked = Variables(last_three(), values)
    assert asked.used([before(values, 0), before(values, 1)]) == 1.0
    assert asked.used([values[..., 0].cumsum(1).reshape(-1)]) < 0.2
    assert 0.2 < asked.used([before(values, 0)]) < 0.9


def test_shuffled_guidance_has_the_same_numbers_and_says_nothing() -> None:
    values = values_of()
    true = Variables(last_three(), values)
    courses = np.stack([before(values, k) for k in range(7)])
    wanted = true.read(courses)
    found = Shuffled(true, 0).read(courses)
    assert set(found.tolist()) <= set(wanted.tolist())
    assert found.tolist() != wanted.tolist()
    assert Shuffled(true, 0).read(courses).tolist() == found.tolist()


def test_points_come_together() -> None:
    centres = np.array([[0.0, 0], [5, 0], [0, 5]])
    which = np.random.default_rng(0).integers(3, size=90)
    points = centres[which] + 0.1 * np.random.default_rng(1).normal(size=(90, 2))
    found = clusters(points, 3, 0)
    assert len(set(zip(which.tolist(), found.tolist(), strict=True))) == 3


@pytest.mark.slow
def test_a_search_that_hears_what_a_network_keeps_finds_what_the_same_search_does_not_find_alone() -> None:
    subject, values = last_three(), values_of(256)
    runs = run(subject, values)

    def found(guide: Variables | Shuffled | None) -> bool:
        given = space_of(subject), batch(values), runs.answers
        return synthesise_machine(*given, budget=Budget(120_000), guide=guide).exact

    true = Variables(subject, values[:64])
    assert found(true)
    assert not found(None)
    assert not found(Shuffled(true, 0))
