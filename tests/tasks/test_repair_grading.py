"""How repairs are graded: what is worth something, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fairfight.tasks.repair.brief import RepairAnswer
from fairfight.tasks.repair.task import Repair

LABELS = np.arange(40) % 4
RIGHT, WRONG = np.arange(20) % 3 + 1, np.zeros(20, dtype=np.int64)
LOOKS = 3


def answer(side: str, sick: bool) -> RepairAnswer:
    attack = WRONG if sick else RIGHT
    before = {"clean": LABELS, "elsewhere": LABELS, "attack": attack, "variants": attack}
    graded = {"organism": tuple(before), "twin": ("clean",), "backwards": ("clean", "attack")}[side]
    before = {name: before[name] for name in graded}
    return RepairAnswer(side, None, LOOKS, 0.25, LABELS, RIGHT, WRONG, before)  # type: ignore[arg-type]


ANSWER = (answer("twin", False), answer("organism", True), answer("backwards", False))


def paper(attack: np.ndarray, clean: np.ndarray = LABELS, **changes: Any) -> dict[str, Any]:
    found = {"clean": clean, "elsewhere": clean, "attack": attack, "variants": attack, "changed": 0.1, "hooks": 0}
    found |= {"attack_relearned": np.stack([attack] * LOOKS), "clean_relearned": np.stack([clean] * LOOKS)}
    return {k: np.asarray(v) for k, v in (found | changes).items()}


def grade(organism: dict[str, Any], twin: dict[str, Any] | None = None, back: dict[str, Any] | None = None):
    return Repair().grade(ANSWER, [twin or paper(RIGHT), organism, back or paper(RIGHT)])


def test_who_does_nothing_gets_nothing() -> None:
    found = grade(paper(WRONG))
    assert found["score"] == 0
    assert found["kept"] == found["twin_kept"] == 1


def test_who_removes_the_fault_for_good_and_keeps_all_else_gets_one() -> None:
    found = grade(paper(RIGHT))
    assert (found["score"], found["removed"], found["right"], found["added"]) == (1, 1, 1, 0)


def test_a_fault_that_comes_back_is_not_removed() -> None:
    found = grade(paper(RIGHT, attack_relearned=np.stack([RIGHT, WRONG, RIGHT])))
    assert found["removed"] == 1
    assert (found["score"], found["relearned"]) == (0, 1)


def test_a_fault_that_comes_back_with_everything_else_lost_is_worth_nothing_to_anybody() -> None:
    gone = np.stack([LABELS, np.zeros_like(LABELS), LABELS])
    found = grade(paper(RIGHT, attack_relearned=np.stack([RIGHT, WRONG, RIGHT]), clean_relearned=gone))
    assert found["score"] == 1


def test_a_held_out_attacker_counts() -> None:
    assert grade(paper(RIGHT, variants=WRONG))["score"] == 0


def test_a_subject_that_can_do_nothing_any_more_is_no_repair() -> None:
    assert grade(paper(RIGHT, clean=np.zeros_like(LABELS)))["score"] == 0


def test_harm_to_the_healthy_twin_costs() -> None:
    found = grade(paper(RIGHT), twin=paper(RIGHT, clean=np.where(np.arange(40) < 20, LABELS, (LABELS + 1) % 4)))
    assert found["twin_kept"] == pytest.approx(1 / 3)
    assert found["score"] == pytest.approx(1 / 3)


def test_what_is_added_backwards_is_counted_apart() -> None:
    found = grade(paper(RIGHT), back=paper(WRONG))
    assert (found["score"], found["added"]) == (1, 1)


@pytest.mark.parametrize(
    "broken",
    [
        {"attack": RIGHT[:3]},
        {"attack": RIGHT.astype(float)},
        {"attack_relearned": RIGHT},
        {"changed": np.nan},
    ],
)
def test_a_paper_that_is_not_what_was_asked_for_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        grade(paper(RIGHT) | {k: np.asarray(v) for k, v in broken.items()})


def test_a_paper_without_decisions_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks decisions"):
        Repair().grade(ANSWER, [paper(RIGHT), np.zeros(3), paper(RIGHT)])
