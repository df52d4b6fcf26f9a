"""A lane: the caller's hold on one referee and one host, through which cases are opened and matches are fought."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from fairfight.arena.budgets import operations, share
from fairfight.arena.nursery import Ends
from fairfight.arena.records import Cost, MatchPlan, MatchRecord, Status
from fairfight.arena.referee import Opened
from fairfight.arena.seal import now
from fairfight.arena.sitting import Job, Limits, Outcome
from fairfight.errors import UserError
from fairfight.seeds import derive
from fairfight.tasks.registry import Contender
from fairfight.tasks.task import CaseSpec
from fairfight.version import __version__


class LaneBroken(RuntimeError):
    """The lane's processes are gone."""


class Lane:
    """Opens cases and fights matches, one at a time, in processes of their own."""

    def __init__(self, ends: Ends, limits: Limits) -> None:
        self._ends = ends
        self._limits = limits
        self._open: dict[str, Opened] = {}
        self._floors: dict[str, float] = {}

    def open(self, spec: CaseSpec, seed: int) -> Opened:
        """Build the case for a match seed and hand its briefs to the host.

        Raises:
            UserError: Building met something that the user must mend (a full disk, a missing extra).
        """
        key = _key(spec.id, seed)
        if key in self._open:
            return self._open[key]
        self._ends.referee.send(("open", key, spec, seed))
        verb, content = self._hear(self._ends.referee)
        if verb == "stop":
            raise UserError(content)
        opened: Opened = content
        for i, brief in enumerate(opened.briefs):
            self._ends.host.send(("brief", f"{key}/{i}", brief))
        self._open[key] = opened
        return opened

    def close(self, spec: CaseSpec, seed: int) -> None:
        """Forget a case that no further match needs."""
        key = _key(spec.id, seed)
        opened = self._open.pop(key, None)
        if opened is not None:
            self._ends.referee.send(("close", key))
            for i in range(len(opened.briefs)):
                self._ends.host.send(("drop", f"{key}/{i}"))

    def fight(self, plan: MatchPlan, who: Contender) -> MatchRecord:
        """Fight one match on an opened case.

        A match that does not end well gets the score that ``random`` had on the same case and seed, if it was fought
        before, else the worst score there is.
        """
        started = now()
        key = _key(plan.case_id, plan.seed)
        opened = self._open[key]
        outcomes: list[Outcome] = []
        for i, _ in enumerate(opened.briefs):
            outcomes.append(self._sit(plan, who, key, i))
            if outcomes[-1].status != "ok":
                break
        status, reason = outcomes[-1].status, outcomes[-1].reason
        metrics: dict[str, float] = {}
        shown: dict[str, Any] | None = None
        if status == "ok":
            status, reason, metrics, shown = self._grade(key, outcomes)
        score = next(iter(metrics.values()), self._floors.get(key, 0.0))
        if plan.kind == "random" and status == "ok":
            self._floors[key] = score
        return MatchRecord(
            plan=plan,
            status=status,
            score=score,
            metrics=metrics,
            cost=replace(Cost.total(outcomes), labels=opened.labels, trials=plan.trials),
            reason=reason,
            started=started,
            version=__version__,
            shown=shown,
        )

    def floor(self, spec: CaseSpec, seed: int, score: float) -> None:
        """Say what ``random`` scored on a case in an earlier run."""
        self._floors[_key(spec.id, seed)] = score

    def hang_up(self) -> None:
        """Close the lines; the processes end by themselves."""
        self._ends.referee.close()
        self._ends.host.close()

    def _sit(self, plan: MatchPlan, who: Contender, key: str, sitting: int) -> Outcome:
        opened = self._open[key]
        job = Job(
            task=plan.task,
            contender=who.name,
            params=plan.params,
            brief=f"{key}/{sitting}",
            budget=operations(plan.budget, opened.budgets[sitting]),
            share=share(plan.budget),
            limits=self._limits,
            seed=derive(plan.seed, plan.case_id, sitting),
        )
        # The oracle sits with the referee, so that no answer ever comes near the processes that contenders fork from.
        line = self._ends.referee if who.kind == "oracle" else self._ends.host
        line.send(("sit", job))
        while True:
            message = self._hear(line)
            if message[0] == "exam":
                line.send_bytes(opened.exams[sitting])
                continue
            outcome: Outcome = message[1]
            return outcome

    def _grade(self, key: str, outcomes: list[Outcome]) -> tuple[Status, str, dict[str, float], dict[str, Any] | None]:
        self._ends.referee.send(("grade", key, [o.paper for o in outcomes]))
        verb, content = self._hear(self._ends.referee)
        if verb == "refused":
            return "failed", content, {}, None
        metrics, shown = content
        if bad := [k for k, v in metrics.items() if not math.isfinite(v)]:
            return "failed", f"grading gave no number for {', '.join(bad)}", {}, None
        return "ok", "", metrics, shown

    def _hear(self, line: Any) -> Any:
        try:
            return line.recv()
        except (EOFError, ConnectionError) as error:
            raise LaneBroken("a process of the arena ended unexpectedly (out of memory?)") from error


def _key(case_id: str, seed: int) -> str:
    return f"{case_id}:{seed}"
