"""The store with 100,000 matches: time of a put, of reading all, of asking which are known.

Run: ``python benchmarks/store.py [matches]``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from fairfight.arena.records import Cost, MatchPlan, MatchRecord
from fairfight.arena.store import Store, schema
from fairfight.arena.store.rows import match_row


def record(i: int) -> MatchRecord:
    """The ``i``-th of as many different matches as wanted."""
    case, contender = i % 50, i // 50 % 25
    params = {"layer": "blocks.2.resid_post", "rank": 16, "shrinkage": 0.1 * (i % 7)}
    plan = MatchPlan(
        "detect", "quick", f"{case:016x}", f"scenes-patch-{case}", f"tool-{contender}", "tool", "0123456789ab", params,
        i // 1250, "default", 8,
    )  # fmt: skip
    cost = Cost(10**12 + i, 1.25, 1.5, 123_456_789, 0, 8)
    return MatchRecord(plan, "ok", 0.5, {"auroc": 0.5, "tpr_at_1": 0.1}, cost, "", "2026-01-01T00:00:00+00:00", "0.1.0")


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main(count: int = 100_000) -> None:
    """Print each figure on a line."""
    records = [record(i) for i in range(count)]
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "store.db") as store:
        rows = [match_row(r) for r in records[200:]]

        def bulk(connection) -> None:  # type: ignore[no-untyped-def]
            connection.execute(insert(schema.matches), rows)
            links = [{"match_id": r["id"], "suite": r["suite"], "case_name": r["case_name"]} for r in rows]
            connection.execute(insert(schema.entries), links)

        store._write(bulk)
        puts = [seconds(lambda r=r: store.put_match(r)) for r in records[:200]]
        ids = [r["id"] for r in rows]
        reads = [seconds(store.matches) for _ in range(3)]
        print(f"put one match, {count:,} there   {1e3 * median(puts):8.2f} ms")
        print(f"read all {count:,} matches      {median(reads):8.2f} s")
        print(f"which of {count:,} are known    {seconds(lambda: store.known(ids)):8.2f} s")
        print(f"fingerprint                      {1e3 * seconds(store.fingerprint):8.2f} ms")
        print(
            f"size on disk                     {(Path(folder) / 'store.db').stat().st_size / count:8.0f} bytes a match"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
