"""The referee: a process that builds cases, keeps their answers and grades papers. Only the oracle sits here."""

from __future__ import annotations

import dataclasses
import pickle
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from fairfight.arena.host import sit
from fairfight.arena.sitting import Job, unpack
from fairfight.errors import UserError
from fairfight.tasks.task import Case, CaseSpec, Task


@dataclass(frozen=True)
class Opened:
    """A case as the lane needs it: sealed parcels that it passes on without opening."""

    briefs: tuple[bytes, ...] = ()
    exams: tuple[bytes, ...] = ()
    budgets: tuple[int, ...] = ()
    labels: int = 0
    void: str | None = None
    exhibit: dict[str, Any] | None = None
    seconds: float = 0.0


def serve_referee(parent: Connection) -> None:
    """Answer the lane's messages until it hangs up.

    ``("open", key, spec, seed)`` builds a case and answers ``("opened", Opened)``; ``("grade", key, papers)`` answers
    ``("graded", (metrics, what is shown))`` or ``("refused", reason)``; ``("sit", job)`` lets the oracle sit, as a host
    would; ``("close", key)`` forgets a case. A user's error is answered by ``("stop", sentence)``.
    """
    cases: dict[str, tuple[str, Case]] = {}
    while True:
        try:
            message = parent.recv()
        except EOFError:
            return
        if message[0] == "open":
            _, key, spec, seed = message
            parent.send(_open(key, spec, seed, cases))
        elif message[0] == "grade":
            parent.send(_grade(*cases[message[1]], message[2]))
        elif message[0] == "sit":
            job: Job = message[1]
            key, _, number = job.brief.rpartition("/")
            case = cases[key][1]
            sit(job, case.briefs[int(number)], parent, case.answer[int(number)])
        elif message[0] == "close":
            cases.pop(message[1], None)


def _open(key: str, spec: CaseSpec, seed: int, cases: dict[str, tuple[str, Case]]) -> tuple[str, Any]:
    from fairfight.tasks.registry import task

    begun = time.perf_counter()
    try:
        what = task(spec.task)
        case = what.build(spec, seed)
        cases[key] = (spec.task, case)
        opened = Opened(
            briefs=tuple(_parcel(what, b, b) for b in case.briefs),
            exams=tuple(_parcel(what, b, e) for b, e in zip(case.briefs, case.exams, strict=True)),
            budgets=tuple(what.budget(b) for b in case.briefs),
            labels=what.trusted_labels,
            void=case.void,
            exhibit=dataclasses.asdict(case.exhibit) if case.exhibit is not None else None,
            seconds=time.perf_counter() - begun,
        )
    except UserError as error:
        return "stop", str(error)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"could not be built: {type(error).__name__}: {error} ({where.name}:{where.lineno})"
        return "opened", Opened(void=reason, seconds=time.perf_counter() - begun)
    return "opened", opened


def _parcel(what: Task, brief: Any, thing: Any) -> bytes:
    """A brief or an exam, and what most contenders compute of it."""
    from fairfight.arena.readings import once

    subject = getattr(brief, "subject", None)
    readings = () if subject is None else once(subject, what.done_by_all(thing))
    return pickle.dumps((thing, readings), protocol=5)


def _grade(name: str, case: Case, papers: list[bytes]) -> tuple[str, Any]:
    from fairfight.tasks.registry import task

    try:
        what, read = task(name), [unpack(p) for p in papers]
        metrics = {k: float(v) for k, v in what.grade(case.answer, read).items()}
        return "graded", (metrics, what.show(case.answer, read))
    except ValueError as error:
        return "refused", str(error)
    except Exception as error:  # a paper may be anything
        return "refused", f"could not be graded: {type(error).__name__}: {error}"
