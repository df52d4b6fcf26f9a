from __future__ import annotations

from fairfight.report.failures import failures, void_cases
from fairfight.verdict import Verdict
from tests.synthetic import Records


def test_every_failed_match_is_in_one_group(run: Records) -> None:
    found = failures(run.matches)
    bad = [m for m in run.matches if m.status not in ("ok", "void")]
    assert sum(f.matches for f in found) == len(bad) > 0
    assert {f.status for f in found} == {"failed", "over-budget", "timeout", "memory"}
    assert all(f.reason for f in found)


def test_a_group_names_one_of_its_matches(run: Records) -> None:
    by_id = {m.id: m for m in run.matches}
    for f in failures(run.matches):
        assert (by_id[f.example].plan.contender, by_id[f.example].status) == (f.contender, f.status)


def test_void_cases_come_with_their_reason(run: Records, verdicts: list[Verdict]) -> None:
    found = void_cases(verdicts, run.cases)
    assert [(task, suite) for task, suite, _, _ in found] == [("detect", "quick")] * 2
    assert {reason for *_, reason in found} == {c.void for c in run.cases if c.void}


def test_a_case_that_its_matches_made_void_is_listed_too(run: Records, verdicts: list[Verdict]) -> None:
    assert {name for _, _, name, _ in void_cases(verdicts, [])} == set(verdicts[0].void_cases)
