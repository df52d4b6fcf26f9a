"""A sitting: one contender with one brief, in a process of its own that knows no answer."""

from __future__ import annotations

import io
import json
import os
import pickle
import resource
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from fairfight.arena.records import Status

if TYPE_CHECKING:
    from fairfight.arena.meter import Meter
    from fairfight.arena.readings import Done, Reading
    from fairfight.tasks.registry import Contender
    from fairfight.tasks.task import Task


@dataclass(frozen=True)
class Limits:
    """What a sitting may use beside its budget of operations; wide, for what runs outside torch."""

    wall_seconds: float = 300.0
    cpu_seconds: float = 300.0
    memory_bytes: int = 4 << 30
    """Growth over the memory of a process that has only read the brief."""


@dataclass(frozen=True)
class Job:
    """What the host needs to hold a sitting."""

    task: str
    contender: str
    params: dict[str, Any]
    brief: str
    """Key of a brief that the host holds."""
    budget: int
    share: float
    """What is charged of reusable work."""
    limits: Limits
    seed: int


@dataclass(frozen=True)
class Outcome:
    """How a sitting ended."""

    status: Status
    paper: bytes = b""
    """What was handed in, as ``.npz`` bytes: never a pickle, since a contender wrote it."""
    reason: str = ""
    flops: int = 0
    reusable_flops: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0


Tried = tuple[Any, "Sequence[Reading | Done]"]
"""An exam, and what was computed of it before."""


def pack(paper: Any) -> bytes:
    """A paper (an array, or arrays by name) as bytes without pickle.

    Raises:
        ValueError: The paper is not made of plain arrays.
    """
    import numpy as np

    arrays = paper if isinstance(paper, dict) else {"paper": paper}
    plain: dict[str, Any] = {str(k): np.asarray(v) for k, v in arrays.items()}
    if bad := [k for k, v in plain.items() if v.dtype == object]:
        raise ValueError(f"What was handed in is not a plain array ({', '.join(bad)}).")
    buffer = io.BytesIO()
    np.savez(buffer, **plain)  # no objects are left in it that would need a pickle
    return buffer.getvalue()


def unpack(data: bytes) -> Any:
    """The paper that :func:`pack` made."""
    import numpy as np

    with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
        arrays = {k: loaded[k] for k in loaded.files}
    return arrays["paper"] if list(arrays) == ["paper"] else arrays


def perform(
    what: Task,
    who: Contender,
    brief: Any,
    answer: tuple[Any, ...],
    params: dict[str, Any],
    exam: Callable[[], Tried],
    meter: Meter,
    readings: Sequence[Reading | Done] = (),
) -> bytes:
    """One sitting in this process on the meter's budget: the contender submits, then the exam is fetched and sat.

    Args:
        what: The task.
        who: The contender.
        brief: What it may see.
        answer: The sitting's answer for the oracle, empty for everybody else.
        params: Its hyperparameters.
        exam: Gives the exam and what was computed of it before; called after the submission is made.
        meter: Counts, and stops what overspends.
        readings: What was computed of the brief before.

    Raises:
        BudgetExceeded: The budget was overspent.
    """
    from fairfight.arena.readings import Readings

    subject = getattr(brief, "subject", None)
    if subject is not None:
        meter.trust(subject.module)
    known: Readings | None = None
    if subject is not None and readings:
        subject.earlier = known = Readings(subject, meter)
        known.add(what.done_by_all(brief), readings)
    with meter:
        submission = who.run(brief, *answer, **params)
        tried, seen = exam()
        if known is not None:
            known.add(what.done_by_all(tried), seen)
        if what.exam_is_work:
            return pack(what.sit(submission, tried))
    trial = type(meter)(meter.limit)  # not on the bill, and no place to put work off to
    edited = getattr(submission, "module", None)
    if edited is not None:
        trial.trust(edited)
    with trial:
        return pack(what.sit(submission, tried))


def hold(job: Job, brief: Any, line: Connection, *answer: Any, readings: Sequence[Reading | Done] = ()) -> None:
    """Run the contender in this process, then its submission on the exam; tell the host over ``line`` how it went.

    The exam comes over the line only after the submission is made; an answer is there for the oracle alone. Never
    returns normally: the process ends here.
    """
    start = time.perf_counter()
    before = _resident()
    meter: Any = None
    paper, status, reason = b"", "ok", ""
    try:
        _limit(job.limits)
        from fairfight.arena.meter import BudgetExceeded, Meter
        from fairfight.tasks.registry import contender, task

        _seed(job.seed)
        who, what = contender(job.task, job.contender), task(job.task)
        meter = Meter(job.budget, share=job.share)

        def exam() -> Tried:
            line.send_bytes(b"exam")
            tried: Tried = pickle.loads(line.recv_bytes())
            return tried

        try:
            paper = perform(what, who, brief, answer, job.params, exam, meter, readings)
        except BudgetExceeded:
            status, reason = "over-budget", f"more than the budget of {job.budget:.3g} operations in the exam alone"
        if meter.tripped:
            paper, status = b"", "over-budget"
            reason = f"more than the budget of {job.budget:.3g} operations"
    except MemoryError:
        status, reason = "memory", f"more than {job.limits.memory_bytes >> 20} MiB"
    except BaseException as error:
        status, reason = _failure(error, job)
    report = {
        "status": status,
        "reason": reason,
        "flops": int(meter.flops) if meter is not None else 0,
        "reusable_flops": int(meter.reusable) if meter is not None else 0,
        "cpu_seconds": time.process_time() + (meter.lent_seconds if meter is not None else 0.0),
        "wall_seconds": time.perf_counter() - start,
        "peak_bytes": max(0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before),
    }
    line.send_bytes(json.dumps(report).encode())
    line.send_bytes(paper)
    os._exit(0)  # no exit handlers of a contender, no double flush of the host's buffers


def _seed(seed: int) -> None:
    """Contenders should draw from the brief's seed; one that uses global state is made repeatable all the same."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _failure(error: BaseException, job: Job) -> tuple[Status, str]:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, RuntimeError) and ("not enough memory" in text or "bad_alloc" in text):
        return "memory", f"more than {job.limits.memory_bytes >> 20} MiB"
    where = traceback.extract_tb(error.__traceback__)
    last = f" ({os.path.basename(where[-1].filename)}:{where[-1].lineno})" if where else ""
    return "failed", text[:2000] + last


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def _data() -> int:
    """Private writable memory, which RLIMIT_DATA counts."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[5]) * resource.getpagesize()


def _limit(limits: Limits) -> None:
    cpu = int(limits.cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    top = _data() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (top, top))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
