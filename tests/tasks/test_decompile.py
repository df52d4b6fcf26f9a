"""The task decompile: what recovers the rule is told from what only answers like it, and nobody sees the answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fairfight.arena.checks import check_contender
from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.parts.identification.linear import linear_recurrence
from fairfight.parts.identification.trees import recurrent_tree
from fairfight.parts.programs import INTS, Input, Program, Space, const, if_, indices, scan, state
from fairfight.tasks import registry
from fairfight.tasks.decompile.brief import batch
from fairfight.tasks.decompile.grading import marks
from fairfight.tasks.task import Case
from fairfight.worlds.sequences.table import rule
from tests.tasks.reach import memory, reachable

TASK = registry.task("decompile")
CASES: dict[str, Case] = {}

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def case(name: str) -> Case:
    """A case of the tour by the beginning of its name."""
    if name not in CASES:
        spec = next(s for s in TASK.specs("tour", PUBLIC_SECRET) if s.name.startswith(name))
        CASES[name] = TASK.build(spec, 0)
        assert CASES[name].void is None
    return CASES[name]


def fought(name: str, who: str, **params: Any) -> dict[str, float]:
    """Marks of a contender on a case of the tour."""
    met, contender = case(name), registry.contender("decompile", who)
    given = (met.answer[0],) if contender.kind == "oracle" else ()
    submission = contender.run(met.briefs[0], *given, **{**contender.defaults, **params})
    return TASK.grade(met.answer, [TASK.sit(submission, met.exams[0])])


@pytest.mark.parametrize("name", ["sum-last", "sum-mod"])
def test_mips_reads_the_rule_and_from_foreign_states_nothing(name: str) -> None:
    read, blind = fought(name, "mips"), fought(name, "foreign-states")
    assert read["exact"] == read["faithful"] == read["program"] == 1
    assert read["lines"] <= 10
    assert blind["exact"] == 0
    assert blind["faithful"] < 0.05


def test_what_only_answers_like_the_rule_is_no_program_and_what_finds_it_without_looking_counts_as_much() -> None:
    tree, line = fought("sum-mod", "decision-tree"), fought("sum-last", "linear-recurrence")
    assert tree["exact"] == 1
    assert tree["program"] == 0
    assert line["exact"] == line["program"] == 1
    assert fought("sum-mod", "linear-recurrence")["exact"] == 0


def test_the_ceiling_is_the_rule_and_the_floor_is_far_below() -> None:
    for name in ("sum-last", "sum-mod"):
        top, floor = fought(name, "true-rule"), fought(name, "random-program")
        assert top["exact"] == top["faithful"] == 1
        assert floor["faithful"] < 0.1
        assert floor["exact"] == 0


def test_one_wrong_answer_on_a_short_sequence_is_not_exact() -> None:
    met = case("sum-mod")
    paper = TASK.sit(registry.contender("decompile", "true-rule").run(met.briefs[0], met.answer[0]), met.exams[0])
    paper["every"] = paper["every"].copy()
    paper["every"][5, 0] += 1
    assert marks(met.answer[0], paper)["exact"] == 0
    assert marks(met.answer[0], paper)["faithful"] == 1


def test_no_answer_is_within_reach_of_a_brief_and_no_exam_is_in_it() -> None:
    met = case("sum-mod")
    words = [x for x in reachable(met.briefs[0]) if isinstance(x, str)]
    assert not any("mod" in word for word in words if "/" not in word)
    assert not set(memory(met.briefs[0])) & set(memory(met.exams[0]))
    seen = {row.tobytes() for row in met.briefs[0].values}
    fresh = sum(row.tobytes() not in seen for row in met.exams[0].asked["held"])
    assert fresh > 0.95 * len(met.exams[0].asked["held"])


@pytest.mark.parametrize(
    ("submission", "why"),
    [
        (7, "predicts"),
        (type("Half", (), {"size": 1, "predict": lambda self, b: np.zeros(3, int)})(), "shape"),
        (type("Real", (), {"size": 1, "predict": lambda self, b: np.zeros((len(b), 9))})(), "whole numbers"),
    ],
)
def test_nonsense_is_refused_with_a_reason(submission: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        TASK.sit(submission, case("sum-last").exams[0])


def test_a_program_that_grows_without_bounds_is_wrong_and_no_crash() -> None:
    met = case("sum-last")
    space = met.briefs[0].space
    endless = Program(space, scan([space["x"]], [2], [state() * state()], state()))
    paper = TASK.sit(endless, met.exams[0])
    assert TASK.grade(met.answer, [paper])["faithful"] == 0


def test_what_is_shown_is_the_program_and_where_it_parts_from_the_network() -> None:
    met = case("sum-last")
    paper = TASK.sit(Program(met.briefs[0].space, const(3)), met.exams[0])
    shown = TASK.show(met.answer, [paper])
    assert shown is not None
    assert shown["code"].startswith("def program(x):")
    assert "says 3, the network" in shown["lines"][0]
    assert shown["graph"]["nodes"] == ["3", "answer"]


def test_agreement_is_shown_against_length_and_the_rule_is_called_so() -> None:
    met = case("sum-mod")
    right = met.answer[0].program
    shown = TASK.show(met.answer, [TASK.sit(right, met.exams[0])])
    assert shown is not None
    assert "the rule itself" in shown["lines"][0]
    assert set(shown["curve"]["network"]) == {1.0}
    assert (shown["curve"]["known"], shown["curve"]["lengths"][-1]) == (10, 40)
    short = Program(right.space, if_(indices() < 15, right.body, -1))
    bent = TASK.show(met.answer, [TASK.sit(short, met.exams[0])])
    assert bent is not None
    assert bent["curve"]["network"] == [1.0] * 15 + [0.0] * 25
    assert "differs first at position 16" in bent["lines"][0]
    assert met.exhibit is not None
    assert met.exhibit.code == right.python()


@pytest.mark.parametrize(
    ("family", "options"),
    [("sum-last", {"k": 4}), ("weighted", {"a": -3, "b": 2}), ("spring", {}), ("magnet", {}), ("gravity", {"g": 2})],
)
def test_a_linear_rule_is_found_from_inputs_and_outputs(family: str, options: dict[str, int]) -> None:
    secret = rule(family, **options)
    names = "xy"[: secret.channels]
    space = Space(tuple(Input(n, INTS, secret.low, secret.high) for n in names))
    values = secret.sample(64, secret.length, 0)
    program, share = linear_recurrence(space, values, secret(values))
    assert share == 1
    fresh = secret.sample(64, 40, 1)
    assert (program(batch(space, fresh)) == secret(fresh)).all()


def test_a_tree_follows_a_machine_beyond_the_length_it_saw_and_not_what_it_cannot_see() -> None:
    machine, endless = rule("sum-mod", m=5), rule("seen", v=2)
    for secret, right in ((machine, True), (endless, True), (rule("sum"), False)):
        values = secret.sample(200, 10, 0)
        tree = recurrent_tree(values, secret(values), seed=0)
        fresh = secret.sample(100, 40, 1)
        assert bool((tree.run(fresh) == secret(fresh)).mean() > 0.99) is right


@pytest.mark.slow
@pytest.mark.parametrize(
    "who", [c.name for c in registry.contenders("decompile") if c.kind not in ("random", "oracle")]
)
def test_every_contender_keeps_what_all_promise(who: str) -> None:
    check_contender("decompile", who, capable=who not in ("expression-search", "foreign-states", "fourier"))
