"""Equal tuning: the same number of trials for everybody, the defaults always among them.

The search is Optuna's tree-structured Parzen estimator with a fixed seed, asked and told one trial at a time, so that
trials can run wherever matches run. It knows of a trial nothing but the scores that it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from fairfight.seeds import derive
from fairfight.tasks.registry import Choice, Contender, Log, Range

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution

Params = dict[str, Any]

FLOOR = 0.5
"""The score of ``random`` by AUROC, where the caller names no other floor."""


@dataclass(frozen=True)
class Trial:
    """One setting that was tried."""

    params: Params
    score: float
    """The mean of its matches' scores; the floor's where they failed."""
    status: str
    """``ok``, or why it failed."""

    def plain(self) -> dict[str, Any]:
        """As the store keeps it, in ``TuningRecord.trials``."""
        return {"params": self.params, "score": self.score, "status": self.status}


@dataclass(frozen=True)
class Tuned:
    """What tuning chose."""

    params: Params
    trials: tuple[Trial, ...]


class Search:
    """The search for one contender's hyperparameters.

    Args:
        contender: Its ranges are searched; what has no range keeps its default.
        trials: How many settings may be tried, the defaults included. Without ranges there is but one setting.
        seed: The same seed and the same scores give the same settings.
        floor: The score of a failed trial.
    """

    def __init__(self, contender: Contender, trials: int, seed: int, floor: float = FLOOR) -> None:
        if trials < 1:
            raise ValueError("tuning takes at least one trial: the defaults")
        self.contender = contender
        self.trials = trials if contender.space else 1
        self._floor = floor
        self._study = _study(contender, self.trials, seed) if self.trials > 1 else None
        self._spans = {name: _distribution(span) for name, span in contender.space.items()} if self._study else {}
        self._asked: list[tuple[Params, Any]] = []
        self._told: dict[int, Trial] = {}

    @property
    def done(self) -> bool:
        """Whether every trial has been told."""
        return len(self._told) == self.trials

    def ask(self) -> Params:
        """The next setting: the defaults first.

        Settings may be asked for ahead of what is told. What is asked depends on all that was told before, so that
        who runs trials side by side asks for a round, tells it in the order asked, and asks for the next.

        Raises:
            ValueError: All trials have been asked for.
        """
        if len(self._asked) == self.trials:
            raise ValueError(f"all {self.trials} trials have been asked for")
        params, trial = dict(self.contender.defaults), None
        if self._asked and self._study is not None:
            trial = self._study.ask(self._spans)
            params.update({name: _value(self.contender.space[name], drawn) for name, drawn in trial.params.items()})
        self._asked.append((params, trial))
        return dict(params)

    def tell(self, params: Params, scores: Sequence[float] | str) -> None:
        """How a setting did.

        Args:
            params: As ``ask`` gave it.
            scores: One score a development match, higher is better; or, where the trial failed, why.

        Raises:
            ValueError: The setting was not asked for, or told before.
        """
        waiting = (i for i, (asked, _) in enumerate(self._asked) if i not in self._told and asked == params)
        index = next(waiting, None)
        if index is None:
            raise ValueError(f"the setting {params} was not asked for, or was told before")
        if isinstance(scores, str):
            status = scores or "failed"
        elif not scores or not all(map(isfinite, scores)):
            status = "failed: no score, or one that is no number"
        else:
            status = "ok"
        score = sum(scores) / len(scores) if status == "ok" and not isinstance(scores, str) else self._floor
        self._told[index] = Trial(dict(params), score, status)
        if self._study is not None:
            self._inform(self._study, index, score)

    def _inform(self, study: Study, index: int, score: float) -> None:
        params, trial = self._asked[index]
        if trial is not None:
            study.tell(trial, score)
            return
        from optuna.trial import create_trial

        drawn = {name: _drawn(span, params[name]) for name, span in self.contender.space.items()}
        if None not in drawn.values():
            study.add_trial(create_trial(params=drawn, distributions=self._spans, value=score))

    def best(self) -> Params:
        """The setting with the highest score told so far; of equal ones the earliest, and the defaults before any."""
        told = sorted(self._told.items())
        if not told:
            return dict(self.contender.defaults)
        return dict(max(told, key=lambda item: (item[1].score, -item[0]))[1].params)

    def result(self) -> Tuned:
        """The choice, and all trials told, in the order in which they were asked for."""
        return Tuned(self.best(), tuple(trial for _, trial in sorted(self._told.items())))


def tune(
    contender: Contender,
    try_one: Callable[[Params], Sequence[float]],
    *,
    trials: int,
    seed: int,
    floor: float = FLOOR,
) -> Tuned:
    """Tune a contender in this process.

    Args:
        contender: What is tuned.
        try_one: Gives the scores of a setting on the development matches. An exception is a failed trial.
        trials: How many settings are tried, the defaults included.
        seed: Of the search.
        floor: The score of a failed trial.
    """
    search = Search(contender, trials, seed, floor)
    while not search.done:
        params = search.ask()
        try:
            scores: Sequence[float] | str = try_one(dict(params))
        except Exception as error:
            scores = f"failed: {type(error).__name__}: {error}"
        search.tell(params, scores)
    return search.result()


def _study(contender: Contender, trials: int, seed: int) -> Study:
    import optuna

    # A third of the trials explore at random before the estimator has anything to go by.
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=max(2, trials // 3), seed=derive(seed, "tuning", contender.task, contender.name)
    )
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        return optuna.create_study(direction="maximize", sampler=sampler)
    finally:
        optuna.logging.set_verbosity(before)


def _distribution(span: Range) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(span, Choice):
        # By index: an option may be of any type.
        return CategoricalDistribution(range(len(span.options)))
    log = isinstance(span, Log)
    if isinstance(span.low, int) and isinstance(span.high, int):
        return IntDistribution(span.low, span.high, log=log)
    return FloatDistribution(span.low, span.high, log=log)


def _value(span: Range, drawn: Any) -> Any:
    return span.options[drawn] if isinstance(span, Choice) else drawn


def _drawn(span: Range, value: Any) -> Any:
    """What Optuna would have drawn for a value; None where it never would have."""
    if isinstance(span, Choice):
        return span.options.index(value) if value in span.options else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if span.low <= value <= span.high else None
