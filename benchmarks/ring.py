"""What the ring itself costs: time a match beyond the contender's own work, and what a second worker brings.

    uv run python benchmarks/ring.py [--json] [--quick]

The overhead is measured with a contender that does nothing, on a built case, in one lane. The gain of a second
worker is the time of the same matches with one worker over that with two, each from an empty store with the
organisms already built; ``--quick`` takes one seed of the suite ``quick`` for it, tuning included, instead of four
of the ``tour``.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from fairfight.arena import campaign
from fairfight.arena.engine import LocalEngine
from fairfight.arena.grid import plans_of, terms
from fairfight.arena.lane import Lane
from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.arena.store import Store
from fairfight.tasks import registry
from fairfight.tasks.task import CaseSpec


def overhead() -> float:
    """Median seconds a match of ``random`` on the first case takes, its own work included."""
    spec = registry.task("detect").specs("tour", PUBLIC_SECRET)[0]
    who = registry.contender("detect", "random")
    times: list[float] = []

    def fight(lane: Lane, spec: CaseSpec) -> None:
        lane.open(spec, 0)
        for _ in range(60):
            (plan,) = plans_of(spec, 0, [(who, "default")], terms("tour"), {})
            begun = time.perf_counter()
            record = lane.fight(plan, who)
            times.append(time.perf_counter() - begun - record.cost.cpu_seconds)

    with LocalEngine(1, tasks=["detect"], modalities=["vision", "language"]) as engine:
        engine.each([spec], fight, lambda s: s.id)
    return statistics.median(times[10:])


def seconds(workers: int, suite: str, **options: object) -> float:
    """Seconds for the matches of a suite from an empty store, organisms built before."""
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "s.db") as store:
        begun = time.perf_counter()
        campaign.run(campaign.Request(suite=suite, workers=workers, **options), store)  # type: ignore[arg-type]
        return time.perf_counter() - begun


def main() -> None:
    whole = "--quick" in sys.argv
    suite, options = ("quick", {"seeds": 1}) if whole else ("tour", {"seeds": 4})
    seconds(2, suite, seeds=1, trials=1, contenders=["random"])  # builds the organisms
    one, two = seconds(1, suite, **options), seconds(2, suite, **options)
    found = {"overhead_ms": 1000 * overhead(), "one_worker_s": one, "two_workers_s": two, "gain": one / two}
    if "--json" in sys.argv:
        print(json.dumps(found, indent=2))
        return
    print(f"overhead a match (two sittings and grading)  {found['overhead_ms']:.1f} ms")
    print(f"one worker {one:.1f} s, two workers {two:.1f} s: {found['gain']:.2f} times as fast")


if __name__ == "__main__":
    main()
