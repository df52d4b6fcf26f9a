"""Transformers in the task decompile: their floor and ceiling, and what answers count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.parts.programs import Program, if_, indices
from fairfight.seeds import derive
from fairfight.tasks import registry
from fairfight.tasks.decompile.cases import missing, spec
from fairfight.tasks.decompile.suites import compiled, published
from fairfight.tasks.decompile.suites.row import Compiled, Published
from fairfight.tasks.task import Case

TASK = registry.task("decompile")
CASES: dict[Compiled | Published, Case] = {}

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.xdist_group("decompile")]


def case(row: Compiled | Published) -> Case:
    """The case of a row, as the public secret draws it."""
    if row not in CASES:
        given = spec(row, "scored", "standard", PUBLIC_SECRET)
        if (lacks := missing(given.recipe)) is not None:
            pytest.skip(lacks)
        CASES[row] = TASK.build(given, 0)
        assert CASES[row].void is None
    return CASES[row]


def fought(row: Compiled | Published, who: str, **params: Any) -> dict[str, float]:
    """Marks of a contender."""
    met, contender = case(row), registry.contender("decompile", who)
    given = (met.answer[0],) if contender.kind == "oracle" else ()
    submission = contender.run(met.briefs[0], *given, **{**contender.defaults, **params})
    return TASK.grade(met.answer, [TASK.sit(submission, met.exams[0])])


def test_at_least_twenty_programs_are_scored_plain_and_hidden() -> None:
    for form in ("plain", "hidden"):
        assert sum(row.form == form for row in compiled.STANDARD) >= 20
    assert len(set(compiled.STANDARD)) == len(compiled.STANDARD)
    assert not {row.program for row in compiled.DEV} & {row.program for row in compiled.STANDARD}


@pytest.mark.parametrize("row", [*compiled.QUICK[:2], *published.STANDARD])
def test_the_ceiling_is_the_rule_and_the_floor_is_far_below(row: Compiled | Published) -> None:
    top, floor = fought(row, "true-rule"), fought(row, "random-program")
    assert top["exact"] == 1
    assert top["held"] > 0.9
    assert floor["faithful"] < 0.3
    assert floor["exact"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("row", compiled.STANDARD)
def test_every_compiled_case_can_be_won(row: Compiled) -> None:
    given = spec(row, "scored", "standard", PUBLIC_SECRET)
    met = TASK.build(given, 0)
    if met.void is not None:
        assert row.form == "superposed"
        pytest.skip(met.void)
    top = fought(row, "true-rule")
    assert top["exact"] == top["exhaustive"] == 1
    assert top["faithful"] > 0.9


def test_inputs_that_no_brief_has_are_longer_and_all_are_tried() -> None:
    met = case(compiled.QUICK[0])
    known, asked = met.briefs[0].lengths, met.exams[0].lengths
    assert known.max() < asked["longer"].min()
    assert asked["every"].max() == met.briefs[0].space.lengths[1]
    assert len(asked["every"]) == met.briefs[0].space.size


def test_a_program_that_is_wrong_on_the_longest_inputs_alone_is_not_exact() -> None:
    met = case(compiled.QUICK[0])
    right = met.answer[0].program
    longest = right.space.lengths[1]
    wrong = Program(right.space, if_(indices() > longest - 2, 0, right.body))
    marks = TASK.grade(met.answer, [TASK.sit(wrong, met.exams[0])])
    assert marks["held"] == 1
    assert marks["longer"] < 1
    assert marks["exact"] == 0


def test_what_stands_beyond_the_end_of_an_input_does_not_count() -> None:
    met = case(compiled.QUICK[0])
    paper = TASK.sit(met.answer[0].program, met.exams[0])
    beyond = np.arange(paper["held"].shape[1]) >= met.exams[0].lengths["held"][:, None]
    paper["held"] = np.where(beyond, 77, paper["held"])
    assert TASK.grade(met.answer, [paper])["faithful"] == 1


def test_the_longest_inputs_are_the_end_of_the_curve_and_the_circuit_is_the_compiled_one() -> None:
    met = case(compiled.QUICK[0])
    right = met.answer[0].program
    longest = right.space.lengths[1]
    shown = TASK.show(met.answer, [TASK.sit(Program(right.space, if_(indices() > 1, -1, right.body)), met.exams[0])])
    assert shown is not None
    assert shown["curve"]["lengths"] == list(range(1, longest + 1))
    assert shown["curve"]["known"] == longest - 2
    assert shown["curve"]["network"][:2] == [1.0, 1.0]
    assert shown["curve"]["network"][-1] == pytest.approx(2 / longest, abs=1e-3)
    assert met.exhibit is not None
    assert met.exhibit.graph is not None
    assert met.exhibit.graph["nodes"][0] == "embed"
    assert met.exhibit.graph["nodes"][-1] == "answer"


def test_one_answer_to_a_sequence_is_asked_for_where_there_is_one() -> None:
    met = case(Published("palindromes"))
    with pytest.raises(ValueError, match="shape"):
        TASK.sit(Program(met.briefs[0].space, indices()), met.exams[0])


@pytest.mark.slow
def test_the_black_box_finds_what_is_short_and_surrogates_are_no_programs() -> None:
    sort = Compiled("sort", "plain")
    found = fought(sort, "expression-search")
    assert found["exact"] == found["program"] == 1
    for who in ("k-nn", "distilled-net"):
        marks = fought(sort, who)
        assert marks["program"] == 0
        assert marks["exact"] == 0
        assert marks["held"] > 0.5


@pytest.mark.parametrize("name", ["grokked", "grokked-slowly"])
def test_a_grokked_sum_is_read_from_its_circles_and_not_from_others(name: str) -> None:
    read, blind = fought(Published(name), "fourier"), fought(Published(name), "drawn-frequencies")
    assert read["exact"] == read["faithful"] == read["exhaustive"] == 1
    assert read["lines"] <= 30
    assert blind["faithful"] == 0


@pytest.mark.parametrize("row", [Compiled("sort", "plain"), Compiled("first", "hidden")])
def test_a_compiled_program_is_read_head_by_head_and_from_shuffled_weights_nothing(row: Compiled) -> None:
    read, blind = fought(row, "heads"), fought(row, "shuffled-heads")
    assert read["exact"] == read["faithful"] == read["program"] == 1
    assert read["lines"] <= 10
    assert blind["exact"] == 0
    assert blind["faithful"] < 0.1


@pytest.mark.slow
def test_brackets_are_decompiled_from_the_depth_that_probes_read_and_not_from_other_variables() -> None:
    read, blind = fought(Published("brackets"), "probes"), fought(Published("brackets"), "shuffled-probes")
    assert read["exact"] == read["program"] == 1
    assert read["lines"] <= 30
    assert blind["faithful"] < read["faithful"] - 0.2


def test_an_automaton_is_learnt_of_what_does_not_look_ahead_and_of_nothing_else() -> None:
    assert fought(Compiled("first", "hidden"), "l-star")["exact"] == 1
    assert fought(Compiled("sort", "plain"), "l-star")["faithful"] == 0


def test_other_secrets_draw_other_networks() -> None:
    row = Compiled("sort", "hidden")
    recipes = [spec(row, "scored", "standard", str(derive(k, "secret"))).recipe for k in range(6)]
    assert len({r["seed"] for r in recipes}) == 6
    assert len({(r["tokens"], r["longest"]) for r in recipes}) > 1
