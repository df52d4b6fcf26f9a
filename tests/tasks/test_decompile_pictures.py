"""Networks with secret rules in the task decompile: what is read of them, and what is known of the answers."""

from __future__ import annotations

from typing import Any

import pytest

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.parts.programs import Program
from fairfight.tasks import registry
from fairfight.tasks.decompile.cases import spec
from fairfight.tasks.decompile.suites import secret
from fairfight.tasks.decompile.suites.row import Secret
from fairfight.tasks.task import Case
from tests.tasks.reach import memory

TASK = registry.task("decompile")
CASES: dict[Secret, Case] = {}

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def case(row: Secret) -> Case:
    """The case of a row, as the public secret draws it."""
    if row not in CASES:
        CASES[row] = TASK.build(spec(row, "scored", "quick", PUBLIC_SECRET), 0)
        assert CASES[row].void is None
    return CASES[row]


def fought(row: Secret, who: str, **params: Any) -> dict[str, float]:
    """Marks of a contender."""
    met, contender = case(row), registry.contender("decompile", who)
    given = (met.answer[0],) if contender.kind == "oracle" else ()
    submission = contender.run(met.briefs[0], *given, **{**contender.defaults, **params})
    return TASK.grade(met.answer, [TASK.sit(submission, met.exams[0])])


SUM, INK = Secret("scenes", "sum"), Secret("digits", "ink")


@pytest.mark.slow
def test_a_rule_over_factors_is_read_as_a_program_over_factors() -> None:
    met = case(SUM)
    contender = registry.contender("decompile", "pictures")
    found = contender.run(met.briefs[0], **contender.defaults)
    assert isinstance(found, Program)
    assert "colour" in {one.name for one in found.space.inputs}
    marks = TASK.grade(met.answer, [TASK.sit(found, met.exams[0])])
    assert marks["exact"] == marks["exhaustive"] == marks["program"] == 1


@pytest.mark.slow
def test_the_ceiling_is_the_rule_and_no_exam_is_in_the_brief() -> None:
    met = case(SUM)
    assert fought(SUM, "true-rule")["exact"] == 1
    assert fought(SUM, "random-program")["faithful"] < 0.3
    assert not set(memory(met.briefs[0])) & set(memory(met.exams[0]))
    known = {row.tobytes() for row in met.briefs[0].values}
    assert not known & {row.tobytes() for part in ("held", "longer") for row in met.exams[0].asked[part]}


def test_a_template_is_read_from_slopes_and_from_a_drawn_one_nothing() -> None:
    read, blind, fit = (fought(INK, who) for who in ("pictures", "drawn-pictures", "linear-rule"))
    assert read["held"] > 0.7
    assert blind["held"] < 0.3
    assert fit["held"] > 0.5
    assert read["program"] == blind["program"] == fit["program"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("row", secret.QUICK)
def test_every_rule_can_be_won_and_is_not_given_away(row: Secret) -> None:
    assert fought(row, "true-rule")["exact"] == 1
    assert fought(row, "true-rule")["faithful"] > 0.7
    assert fought(row, "random-program")["faithful"] < 0.4
    assert fought(row, "k-nn")["exact"] == 0
