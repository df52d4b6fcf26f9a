"""Live progress in the terminal: what runs, what is done, time left. Plain lines where there is no terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fairfight.arena.progress import Snapshot, Watch

_PLAIN_EVERY = 10.0


@contextmanager
def progress(*, hidden: bool = False) -> Iterator[Watch | None]:
    """A watcher that shows progress on standard error while the block runs.

    Args:
        hidden: Show nothing; the watcher is None.
    """
    if hidden:
        yield None
    elif sys.stderr.isatty():
        yield from _rich()
    else:
        yield _Plain()


class _Plain:
    """A line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def __call__(self, snapshot: Snapshot) -> None:
        done = snapshot.matches_done == snapshot.matches and snapshot.cases_built == snapshot.cases
        if time.monotonic() - self._last < _PLAIN_EVERY and not done:
            return
        self._last = time.monotonic()
        sys.stderr.write(f"fairfight: {_state(snapshot)}\n")
        sys.stderr.flush()


def _state(s: Snapshot) -> str:
    left = "" if s.seconds_left is None else f", about {clock(s.seconds_left)} left"
    return (
        f"{s.matches_done}/{s.matches} matches, {s.cases_built}/{s.cases} cases built, {clock(s.seconds)} so far{left}"
    )


def clock(seconds: float) -> str:
    """Minutes and seconds, ``4:07``; never less than none."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def _rich() -> Iterator[Watch]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    with Live(console=Console(stderr=True), refresh_per_second=8, transient=True) as live:

        def watch(s: Snapshot) -> None:
            bar = ProgressBar(total=max(1, s.matches + s.cases), completed=s.matches_done + s.cases_built, width=60)
            lines = [Text(f"  {what}", style="dim", overflow="ellipsis", no_wrap=True) for what in s.running]
            live.update(Group(Text(_state(s)), bar, *lines))

        yield watch
