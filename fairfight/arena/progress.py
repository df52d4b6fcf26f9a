"""Progress: what runs, what is done, how long it will still take."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fairfight.arena.lane import Lane

_BUILD_WEIGHT = 12.0
"""A case costs about as much to build as so many matches; only the estimate of the time left rests on it."""


@dataclass(frozen=True)
class Snapshot:
    """The state of a run at one moment."""

    running: tuple[str, ...]
    """What each busy lane does."""
    matches_done: int
    matches: int
    cases_built: int
    cases: int
    seconds: float
    seconds_left: float | None
    """None until there is something to estimate from."""


Watch = Callable[[Snapshot], None]


class Board:
    """Counts what is done and tells the watcher. Threads may share it."""

    def __init__(self, watch: Watch | None, workers: int) -> None:
        self._watch = watch
        self._workers = workers
        self._lock = threading.Lock()
        self._running: dict[int, str] = {}
        self._matches = self._matches_done = self._cases = self._cases_built = 0
        self._begun = time.monotonic()

    def expect(self, *, building: int, matches: int) -> None:
        """More work has become known."""
        self._change(cases=building, matches=matches)

    def built(self) -> None:
        """A case stands."""
        self._change(cases_built=1)

    def fought(self, matches: int) -> None:
        """So many matches have ended."""
        self._change(matches_done=matches)

    @contextmanager
    def doing(self, lane: Lane, what: str) -> Iterator[None]:
        """A lane is busy with this."""
        with self._lock:
            self._running[id(lane)] = what
        self._tell()
        try:
            yield
        finally:
            with self._lock:
                self._running.pop(id(lane), None)

    def _change(self, *, cases: int = 0, matches: int = 0, cases_built: int = 0, matches_done: int = 0) -> None:
        with self._lock:
            self._cases += cases
            self._matches += matches
            self._cases_built += cases_built
            self._matches_done += matches_done
        self._tell()

    def _tell(self) -> None:
        if self._watch is None:
            return
        with self._lock:
            seconds = time.monotonic() - self._begun
            done = self._matches_done + _BUILD_WEIGHT * self._cases_built
            total = self._matches + _BUILD_WEIGHT * self._cases
            snapshot = Snapshot(
                running=tuple(self._running.values()),
                matches_done=self._matches_done,
                matches=self._matches,
                cases_built=self._cases_built,
                cases=self._cases,
                seconds=seconds,
                seconds_left=seconds * (total - done) / done if done else None,
            )
        self._watch(snapshot)
