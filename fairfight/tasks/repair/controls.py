"""The floor and the ceiling of ``repair``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import control

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairAnswer, RepairBrief


@control("repair", role="random")
def do_nothing(brief: RepairBrief) -> Subject:
    """Hand in the subject as it is."""
    return brief.subject.copy()


@control("repair", role="oracle")
def retrained(brief: RepairBrief, answer: RepairAnswer) -> Subject:
    """Hand in the subject as it would be had it been trained without the fault (backwards: with it)."""
    return answer.healthy.copy()
