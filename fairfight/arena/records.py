"""What the arena writes down: plain records, without torch, that the store keeps and verdicts read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fairfight.content import content_id
from fairfight.tasks.registry import Kind

if TYPE_CHECKING:
    from fairfight.arena.sitting import Outcome

Status = Literal["ok", "failed", "over-budget", "timeout", "memory", "void"]


@dataclass(frozen=True)
class Cost:
    """What a match used, summed over its sittings."""

    flops: int = 0
    """Counted deterministically: subject, own modules, backward passes."""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    """Largest growth of resident memory in a sitting."""
    labels: int = 0
    trials: int = 0
    """Tuning trials spent on development cases before this match."""
    reusable_flops: int = 0
    """The part of the operations whose fruit serves other jobs too."""

    @classmethod
    def total(cls, parts: Iterable[Cost | Outcome]) -> Cost:
        """What several used together; labels and trials are for the caller to say."""
        used = list(parts)
        return cls(
            flops=sum(p.flops for p in used),
            reusable_flops=sum(p.reusable_flops for p in used),
            cpu_seconds=sum(p.cpu_seconds for p in used),
            wall_seconds=sum(p.wall_seconds for p in used),
            peak_bytes=max((p.peak_bytes for p in used), default=0),
        )


@dataclass(frozen=True)
class MatchPlan:
    """One match before it is fought. Its id is the content of all that decides its result."""

    task: str
    suite: str
    case_id: str
    case_name: str
    contender: str
    kind: Kind
    fingerprint: str
    params: dict[str, Any]
    seed: int
    budget: str
    """As asked for (see :mod:`fairfight.arena.budgets`): ``default``, or a number of operations a sitting."""
    trials: int = 0

    @property
    def id(self) -> str:
        """Equal for equal matches, across suites and runs."""
        return content_id(
            self.task, self.case_id, self.contender, self.fingerprint, self.params, self.seed, self.budget, self.trials
        )


@dataclass(frozen=True)
class MatchRecord:
    """One match as it ended."""

    plan: MatchPlan
    status: Status
    score: float
    """The primary metric; the floor's score where the match did not end well."""
    metrics: dict[str, float]
    cost: Cost
    reason: str = ""
    """Why it failed, in one or a few lines."""
    started: str = ""
    """UTC, ISO 8601."""
    version: str = ""
    """Fairfight's version."""
    shown: dict[str, Any] | None = None
    """What a person should see of the submission (:meth:`fairfight.tasks.task.Task.show`). Records that are read from a
    store do without; :meth:`fairfight.arena.store.Store.sights` has it."""

    @property
    def id(self) -> str:
        """The plan's."""
        return self.plan.id


@dataclass(frozen=True)
class CaseRecord:
    """A case as it was built: for the report and for the list of void cases."""

    id: str
    task: str
    suite: str
    name: str
    split: str
    modality: str
    recipe: dict[str, Any]
    void: str | None = None
    exhibit: dict[str, Any] | None = None
    """The fields of :class:`fairfight.tasks.task.Exhibit` as plain values."""
    build_seconds: float = 0.0


@dataclass(frozen=True)
class SealRecord:
    """The commitment to a suite's scored cases."""

    commitment: str
    """SHA-256 of the canonical text of suite, task, secret and case ids."""
    task: str
    suite: str
    secret: str | None
    """Revealed when the matches are over; none before."""
    committed: str
    revealed: str | None = None
    drawn: Literal["public", "fresh"] = "public"
    """``fresh`` seals were drawn at random for this run; ``public`` ones come with the package."""
    contenders: dict[str, str] = field(default_factory=dict)
    """Name to fingerprint of every contender that entered."""


@dataclass(frozen=True)
class TuningRecord:
    """What tuning chose for one contender."""

    key: str
    """Content of contender, fingerprint, development cases, seeds, budget and number of trials."""
    task: str
    suite: str
    contender: str
    params: dict[str, Any]
    trials: list[dict[str, Any]]
    """Each trial: ``params``, ``score``, ``status``."""
    cost: Cost
    modality: str = ""
    """Of the development cases; contenders are tuned for each apart."""
    budget: str = "default"
    """On which the trials were fought."""
