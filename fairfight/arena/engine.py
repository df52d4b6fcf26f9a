"""Engines: where jobs run. The local one has a lane for each worker; a cluster can offer the same methods."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Hashable, Sequence
from types import TracebackType
from typing import Protocol, TypeVar

from fairfight.arena.lane import Lane, LaneBroken
from fairfight.arena.nursery import start
from fairfight.arena.sitting import Limits
from fairfight.errors import UserError
from fairfight.tasks.registry import Contender

T = TypeVar("T")


class Engine(Protocol):
    """Runs jobs, each with a lane of its own while it lasts."""

    workers: int

    def each(self, jobs: Sequence[T], do: Callable[[Lane, T], None], group: Callable[[T], Hashable]) -> None:
        """Do every job once; jobs of one group share what is costly and are kept together."""
        ...


def modules_of(contenders: Sequence[Contender]) -> list[str]:
    """Modules outside this package that worker processes must import to know these contenders.

    Raises:
        UserError: A contender is defined in the script that is running, which no other process can import.
    """
    modules = {c.run.__module__: c.name for c in contenders if not c.run.__module__.startswith("fairfight.")}
    if "__main__" in modules:
        raise UserError(
            f"Contender {modules['__main__']!r} is defined in the script that is running: put it in a module of its "
            "own and import that, so that worker processes can load it."
        )
    return sorted(modules)


class LocalEngine:
    """Worker processes on this machine. Use it as a context manager."""

    def __init__(
        self,
        workers: int,
        *,
        tasks: Sequence[str],
        modalities: Sequence[str],
        modules: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> None:
        self.workers = workers
        self._arguments = (workers, tasks, modalities, modules)
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._lanes: list[Lane] = []

    def __enter__(self) -> LocalEngine:
        self._log = tempfile.TemporaryFile()
        self._process, ends = start(*self._arguments, log=self._log.fileno())
        self._lanes = [Lane(e, self._limits) for e in ends]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()  # its children die with it
            self._process.wait()
        for lane in self._lanes:
            lane.hang_up()
        self._log.close()

    def each(self, jobs: Sequence[T], do: Callable[[Lane, T], None], group: Callable[[T], Hashable]) -> None:
        """Do every job once, on as many lanes as there are workers.

        Raises:
            UserError: From a job, or when the arena's processes cannot work.
        """
        waiting = list(jobs)
        busy: dict[int, Hashable] = {}
        lock = threading.Lock()
        errors: list[BaseException] = []

        def next_job(number: int) -> T | None:
            with lock:
                if errors or not waiting:
                    return None
                mine = busy.get(number)
                others = {g for n, g in busy.items() if n != number}
                ranked = sorted(
                    range(len(waiting)), key=lambda i: (group(waiting[i]) != mine, group(waiting[i]) in others, i)
                )
                job = waiting.pop(ranked[0])
                busy[number] = group(job)
                return job

        def work(number: int, lane: Lane) -> None:
            while (job := next_job(number)) is not None:
                try:
                    do(lane, job)
                except BaseException as error:
                    with lock:
                        errors.append(error)
                    return

        lanes = enumerate(self._lanes[: len(jobs)])
        threads = [threading.Thread(target=work, args=numbered, daemon=True) for numbered in lanes]
        for t in threads:
            t.start()
        for t in threads:
            while t.is_alive():
                t.join(0.2)  # wakes up for Ctrl-C
        if errors:
            raise self._explained(errors[0])

    def _explained(self, error: BaseException) -> BaseException:
        if not isinstance(error, LaneBroken):
            return error
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - 2000))
        last = self._log.read().decode(errors="replace").strip().splitlines()
        said = f" Its last words: {last[-1]}." if last else ""
        return UserError(f"The arena broke down: {error}.{said} What was fought is stored: run again to go on.")
