"""Reusable work is charged in full, and in a second arm at a tenth; a case without its data is named, not fought."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from fairfight.arena import budgets, campaign
from fairfight.arena.campaign import Request
from fairfight.arena.meter import BudgetExceeded, Meter
from fairfight.arena.store import Store
from fairfight.errors import UserError
from fairfight.parts.reuse import reusable
from fairfight.tasks import registry
from fairfight.verdict import judge

from . import guess


def test_the_meter_charges_a_share_of_what_is_marked() -> None:
    def work(meter: Meter) -> None:
        with meter:
            with reusable():
                torch.ones(100, 100) @ torch.ones(100, 100)
            torch.ones(10, 10) @ torch.ones(10, 10)

    full = Meter(None)
    work(full)
    assert full.flops - full.reusable == 2000
    assert full.reusable == 2_000_000
    work(Meter(202_000, share=0.1))
    with pytest.raises(BudgetExceeded):
        work(Meter(201_999, share=0.1))
    with pytest.raises(BudgetExceeded):
        work(Meter(2_001_999))


def test_budgets_are_read_back() -> None:
    both = budgets.shared("2000000")
    assert budgets.plain(both) == budgets.plain("2000000") == "2000000"
    assert budgets.operations(both, 7) == 2_000_000
    assert budgets.operations(budgets.shared("default"), 7) == 7
    assert (budgets.share(both), budgets.share("2000000")) == (0.1, 1.0)


def test_reusable_work_is_judged_in_full_and_at_a_tenth(tmp_path: Path) -> None:
    names = ["prepares", "threshold", "multiply"]
    with Store.open(tmp_path / "s.db") as store:
        done = campaign.run(Request("quick", ["guess"], names, seeds=1, trials=2), store)
        matches, tunings = store.matches(suite="quick"), store.tunings(suite="quick")
        full, shared = judge(matches, store.cases(suite="quick"), tunings, store.seals(), suite="quick")
        assert campaign.run(Request("quick", ["guess"], names, seeds=1, trials=2), store).new == 0
    # Three cases: five fight once, one of them twice.
    assert done.new == 3 * 6
    assert {m.status for m in matches if m.plan.contender == "prepares" and m.plan.budget == "default"} == {
        "over-budget"
    }
    again = [m for m in matches if m.plan.budget == "default+shared"]
    assert [(m.plan.contender, m.status) for m in again] == [("prepares", "ok")] * 3
    assert all(m.cost.reusable_flops == 2 * 2_000_000 for m in again)
    assert (full.budget, shared.budget) == ("default", "default+shared")
    score = {v.budget: {s.contender: s.score for s in v.standings} for v in (full, shared)}
    assert set(score["default"]) == set(score["default+shared"])
    assert score["default"]["threshold"] == score["default+shared"]["threshold"]
    assert score["default"]["prepares"] < score["default+shared"]["prepares"] == 1.0


@pytest.mark.slow
def test_a_case_whose_data_is_not_here_is_named_and_fought_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = registry.task("guess")
    request = Request("tour", ["guess"], ["multiply"], seeds=1)
    with Store.open(tmp_path / "s.db") as store:
        monkeypatch.setattr(guess.Guess, "lacks", "There is no data: bring some.")
        assert campaign.run(request, store).new == 9
        (verdict,) = judge(store.matches(), store.cases(), suite="tour")
        assert verdict.void_cases == {"elsewhere": "missing: There is no data: bring some."}
        monkeypatch.setattr(type(task), "missing", lambda self, spec: None)
        assert campaign.run(request, store).new == 3
        (verdict,) = judge(store.matches(), store.cases(), suite="tour")
        assert not verdict.void_cases


def test_a_short_suite_has_its_first_field_and_all_when_asked() -> None:
    from fairfight.arena.grid import field_of

    task = registry.task("detect")
    quick, standard, everyone = (
        {c.name for c in field_of(task, names, suite)}
        for names, suite in ((None, "quick"), (None, "standard"), (["all"], "quick"))
    )
    assert quick < standard <= everyone
    assert {"random", "oracle", "mahalanobis", "sae-reconstruction"} <= quick
    assert {c.name for c in field_of(task, ["knn"], "quick")} == {"random", "oracle", "knn"}


def test_a_contender_of_one_modality_does_not_compete_in_the_other() -> None:
    from fairfight.arena.grid import entrants, field_of, terms

    task = registry.task("detect")
    for spec in task.specs("quick", "s")[:2]:
        names = {c.name for c, _ in entrants(spec, field_of(task, ["all"], "quick"), terms("quick"))}
        assert ("perplexity" in names) == (spec.modality == "language")


def test_a_suite_without_any_of_its_data_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(registry.task("guess")), "missing", lambda self, spec: "Bring data.")
    with Store.open(tmp_path / "s.db") as store, pytest.raises(UserError, match=r"Nothing that suite .* Bring data\.$"):
        campaign.run(Request("tour", ["guess"]), store)
