"""Tuning: the same chance for everybody, and nothing but scores decides."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fairfight.arena.tuning import Search, tune
from fairfight.tasks.registry import Choice, Contender, Log, Range, Uniform


def contender(name: str = "toy", **hyperparameters: tuple[Any, Range | None]) -> Contender:
    space = {key: span for key, (_, span) in hyperparameters.items() if span is not None}
    defaults = {key: value for key, (value, _) in hyperparameters.items()}
    return Contender(name, "detect", "tool", "test", lambda brief: None, space, defaults)


TOY = contender(rate=(1.0, Log(1e-4, 1.0)), width=(64, Uniform(1, 64)), kind=("a", Choice("a", "b", None)), k=(5, None))


def toy(params: dict[str, Any]) -> list[float]:
    """Best at rate 0.01, width 32, kind b."""
    miss = abs(math.log10(params["rate"]) + 2) + abs(params["width"] - 32) / 32 + (params["kind"] != "b")
    return [1 - miss / 4, 1 - miss / 5]


def test_it_finds_a_good_setting() -> None:
    chosen = [tune(TOY, toy, trials=40, seed=seed) for seed in range(3)]
    assert min(sum(toy(c.params)) / 2 for c in chosen) > 0.85 > sum(toy(TOY.defaults)) / 2


def test_the_same_seed_gives_the_same_trials() -> None:
    one, two, other = (tune(TOY, toy, trials=12, seed=seed) for seed in (1, 1, 2))
    assert one == two
    assert one != other


@pytest.mark.parametrize("trials", [1, 2, 7])
def test_everybody_gets_the_same_number_of_trials_the_defaults_first(trials: int) -> None:
    result = tune(TOY, toy, trials=trials, seed=0)
    assert len(result.trials) == trials
    assert result.trials[0].params == TOY.defaults


def test_settings_lie_in_their_ranges() -> None:
    for trial in tune(TOY, toy, trials=30, seed=3).trials:
        assert 1e-4 <= trial.params["rate"] <= 1
        assert type(trial.params["width"]) is int
        assert 1 <= trial.params["width"] <= 64
        assert trial.params["kind"] in ("a", "b", None)
        assert trial.params["k"] == 5


def test_without_ranges_there_is_one_trial() -> None:
    fixed = contender(k=(5, None))
    result = tune(fixed, lambda params: [0.3], trials=20, seed=0)
    assert [t.plain() for t in result.trials] == [{"params": {"k": 5}, "score": 0.3, "status": "ok"}]


def test_defaults_outside_their_ranges_are_tried_all_the_same() -> None:
    odd = contender(rate=(5.0, Log(1e-4, 1.0)), kind=("z", Choice("a", "b")), n=(None, Uniform(1, 3)))
    result = tune(odd, lambda params: [0.9 if params["n"] is None else 0.1], trials=6, seed=0)
    assert result.params == odd.defaults


@pytest.mark.parametrize(
    "fail",
    [lambda: 1 / 0, lambda: [], lambda: [float("nan")], lambda: [0.9, float("inf")]],
    ids=["raises", "none", "nan", "inf"],
)
def test_a_failed_trial_has_the_floors_score(fail: Callable[[], Any]) -> None:
    def sometimes(params: dict[str, Any]) -> list[float]:
        return fail() if params["width"] > 32 else toy(params)

    result = tune(TOY, sometimes, trials=15, seed=0, floor=0.25)
    failed = [t for t in result.trials if t.status != "ok"]
    assert failed
    assert {t.score for t in failed} == {0.25}
    assert all(t.params["width"] > 32 for t in failed)
    assert result.params["width"] <= 32


def test_where_all_fail_the_defaults_stay() -> None:
    assert tune(TOY, lambda params: [], trials=5, seed=0).params == TOY.defaults


def test_of_equal_scores_the_earliest_wins() -> None:
    search = Search(TOY, 4, seed=0)
    asked = [search.ask() for _ in range(4)]
    for params, score in reversed(list(zip(asked, (0.1, 0.7, 0.7, 0.2), strict=True))):
        search.tell(params, [score])
    assert search.done
    assert search.best() == asked[1]


def test_it_chooses_by_what_it_was_told_alone() -> None:
    def run(told: Callable[[dict[str, Any]], float]) -> Any:
        return tune(TOY, lambda params: [told(params)], trials=10, seed=5)

    good, bad = run(lambda p: sum(toy(p))), run(lambda p: -sum(toy(p)))
    scores = [sum(toy(t.params)) for t in bad.trials]
    assert sum(toy(bad.params)) == min(scores)
    assert sum(toy(good.params)) == max(sum(toy(t.params)) for t in good.trials)
    assert len({str(t.params) for t in run(lambda p: 0.5).trials}) > 5, "equal scores do not stop the search"


def test_telling_what_was_not_asked() -> None:
    search = Search(TOY, 2, seed=0)
    params = search.ask()
    with pytest.raises(ValueError, match="not asked for"):
        search.tell({**params, "k": 6}, [0.5])
    search.tell(params, [0.5])
    with pytest.raises(ValueError, match="told before"):
        search.tell(params, [0.5])
    search.tell(search.ask(), "timeout")
    assert [t.status for t in search.result().trials] == ["ok", "timeout"]
    with pytest.raises(ValueError, match="all 2 trials"):
        search.ask()


def test_no_trials_at_all() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Search(TOY, 0, seed=0)


def test_what_is_handed_out_is_a_copy() -> None:
    search = Search(TOY, 2, seed=0)
    search.ask()["rate"] = 77
    search.tell(TOY.defaults, [0.5])
    search.best().clear()
    assert search.best() == TOY.defaults


def test_optuna_is_imported_when_a_search_begins() -> None:
    code = "import sys, fairfight.arena.tuning; sys.exit('optuna' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
