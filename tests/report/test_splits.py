from __future__ import annotations

from statistics import fmean

import pytest

from fairfight.report.splits import split
from fairfight.verdict import Verdict
from fairfight.verdict.columns import rings
from tests.synthetic import FAMILIES, Records


def test_a_cell_is_the_mean_over_cases_of_the_mean_over_seeds(run: Records, verdicts: list[Verdict]) -> None:
    found = split(verdicts[0], rings(run.matches, run.cases)[0])
    names = [c.label for c in found.columns]
    (cells,) = [cells for contender, _, cells in found.rows if contender == "knn"]
    patch = [c.id for c in run.cases if c.recipe["fault"] == "patch" and not c.void]
    by_case = [
        fmean(m.score for m in run.matches if m.plan.contender == "knn" and m.plan.case_id == case) for case in patch
    ]
    assert cells[names.index("patch")].score == pytest.approx(fmean(by_case))
    assert cells[0].score == pytest.approx(next(s.score for s in verdicts[0].standings if s.contender == "knn"))


def test_columns_are_all_the_modalities_and_each_family(run: Records, verdicts: list[Verdict]) -> None:
    found = split(verdicts[0], rings(run.matches, run.cases)[0])
    assert [c.label for c in found.columns[:3]] == ["all cases", "vision", "language"]
    assert {c.label for c in found.columns[3:]} == {family for family, *_ in FAMILIES}
    assert found.groups == [("", 1), ("by modality", 2), ("vision faults", 6), ("language faults", 4)]
    assert len(found.columns[0].cases) == len(run.cases) - len(verdicts[0].void_cases)


def test_the_floor_is_zero_and_the_ceiling_one_in_every_column(run: Records, verdicts: list[Verdict]) -> None:
    found = split(verdicts[0], rings(run.matches, run.cases)[0])
    heights = {contender: [c.height for c in cells] for contender, _, cells in found.rows}
    assert set(heights["random"]) == {0.0}
    assert set(heights["oracle"]) == {1.0}
    assert any(h < 0 for h in heights["max-softmax"] if h is not None)


def test_without_controls_there_is_no_scale(run: Records, verdicts: list[Verdict]) -> None:
    matches = [m for m in run.matches if m.plan.kind not in ("random", "oracle")]
    found = split(verdicts[0], rings(matches, run.cases)[0])
    assert all(c.height is None for _, _, cells in found.rows for c in cells)


def test_nothing_fought_gives_an_empty_table(verdicts: list[Verdict]) -> None:
    assert split(verdicts[0], None).columns == ()
