"""The host: a warm process that holds briefs and forks one child a sitting. It never sees an answer."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any

from fairfight.arena.sitting import Job, Limits, Outcome, hold

if TYPE_CHECKING:
    from fairfight.arena.bills import Known
    from fairfight.arena.readings import Done, Reading

_PR_SET_PDEATHSIG = 1
_TICK = 0.05


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, however that happens."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def serve_host(parent: Connection) -> None:
    """Answer the lane's messages until it hangs up.

    ``("brief", key, blob)`` keeps a brief and what was read of it; ``("drop", key)`` forgets them; ``("sit", job)``
    holds a sitting and answers ``("exam",)`` when the child wants its exam (the next message must be the exam's bytes)
    and ``("done", outcome)``.
    """
    from fairfight.arena.inheritance import bequeath
    from fairfight.arena.rehearsal import rehearse

    briefs: dict[str, tuple[Any, Sequence[Reading | Done]]] = {}
    prices: dict[str, Known | None] = {}
    while True:
        try:
            message = parent.recv()
        except EOFError:
            return
        if message[0] == "brief":
            briefs[message[1]] = pickle.loads(message[2])
            prices[message[1]] = rehearse(briefs[message[1]][0])
        elif message[0] == "drop":
            briefs.pop(message[1], None)
            prices.pop(message[1], None)
        elif message[0] == "sit":
            job: Job = message[1]
            bequeath(prices[job.brief])
            brief, readings = briefs[job.brief]
            sit(job, brief, parent, readings=readings)


def sit(job: Job, brief: Any, parent: Connection, *answer: Any, readings: Sequence[Reading | Done] = ()) -> None:
    """Hold a sitting in a child of this process, watch over it and send ``("done", outcome)``."""
    ours, theirs = Pipe()
    begun = time.perf_counter()
    child = os.fork()
    if child == 0:
        _quiet()
        die_with_parent()
        ours.close()
        parent.close()
        try:
            hold(job, brief, theirs, *answer, readings=readings)
        finally:
            os._exit(1)
    theirs.close()
    try:
        outcome = _watch(child, job.limits, ours, lambda: _fetch_exam(parent), begun)
        parent.send(("done", outcome))
    finally:
        ours.close()
        _end(child)


def _fetch_exam(parent: Connection) -> bytes:
    parent.send(("exam",))
    return parent.recv_bytes()


def _watch(child: int, limits: Limits, line: Connection, exam: Callable[[], bytes], begun: float) -> Outcome:
    """Wait for the child's report, enforcing time and memory."""
    base = _resident_of(child)
    largest = 0

    def broken(status: Any, reason: str) -> Outcome:
        return Outcome(status, reason=reason, wall_seconds=time.perf_counter() - begun, peak_bytes=largest)

    while True:
        while not line.poll(_TICK):
            used = _resident_of(child) - base
            largest = max(largest, used)
            if used > limits.memory_bytes:
                return broken("memory", f"more than {limits.memory_bytes >> 20} MiB")
            if time.perf_counter() - begun > limits.wall_seconds:
                return broken("timeout", f"more than {limits.wall_seconds:g} s")
        try:
            message = line.recv_bytes()
            if message == b"exam":
                line.send_bytes(exam())
                continue
            report = json.loads(message)
            return Outcome(paper=line.recv_bytes(), **report)
        except (EOFError, OSError):
            _, state = os.waitpid(child, 0)
            if os.WIFSIGNALED(state):
                number = os.WTERMSIG(state)
                if number == signal.SIGXCPU:
                    return broken("timeout", f"more than {limits.cpu_seconds:g} CPU seconds")
                return broken("failed", f"the process was ended by signal {signal.Signals(number).name}")
            return broken("failed", f"the contender ended its process (exit code {os.WEXITSTATUS(state)})")
        except (ValueError, TypeError):
            return broken("failed", "the contender's process sent something that is no report")


def _quiet() -> None:
    """A contender's output must not reach the terminal; its children must end with it."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


_ending: list[int] = []
"""Children that were told to end and have not been reaped."""


def _end(child: int) -> None:
    """End the child and whatever it started. It is reaped later: giving back its memory takes a while."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    _ending.append(child)
    for pid in tuple(_ending):
        with contextlib.suppress(ChildProcessError):  # reaped already
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                continue
        _ending.remove(pid)


def _resident_of(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0
