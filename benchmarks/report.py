"""How long the report of a large store takes, and whether its page stays usable.

Prints the parts (load, judge, write) for 100,000 matches against the limit of 10 seconds, and, where Chromium is
installed, how long the page takes to open and to filter. Run: ``python benchmarks/report.py [matches]``
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[1]))

from fairfight.arena.store import Store, schema
from fairfight.arena.store.rows import match_row
from fairfight.report.file import is_current, write
from fairfight.verdict import judge
from tests.synthetic import FIELD, Records, records

SEEDS = 10
LIMIT = 10.0


def timed(what: str, work: Callable[[], Any]) -> tuple[Any, float]:
    before, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - before
    print(f"  {what:<42} {seconds:7.2f} s, {time.process_time() - cpu:7.2f} s of CPU")
    return result, seconds


def main(matches: int = 100_000) -> None:
    made = records(cases=max(22, -(-matches // (SEEDS * len(FIELD)))), seeds=SEEDS)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        url = fill(place / "store.db", made)
        print(f"{len(made.matches):,} matches of {len(FIELD)} contenders on {len(made.cases)} cases")
        held, load = timed("load from SQLite", lambda: loaded(url))
        verdicts, judging = timed("judge (10,000 draws)", lambda: judge(held[0], held[1], held[3], held[2]))
        path, writing = timed(
            "write the page",
            lambda: write(place / "report.html", verdicts, *held, title="Benchmark", command="x", fingerprint="a"),
        )
        total = load + judging + writing
        print(f"  {'in all':<42} {total:7.2f} s = {total / LIMIT:.2f} of the limit of {LIMIT:.0f} s")
        timed("find that nothing has changed", lambda: is_current(path, "a"))
        print(
            f"  {'size':<42} {path.stat().st_size / 2**20:7.2f} MiB, {path.stat().st_size / len(held[0]):.0f} B a match"
        )
        browse(path)


def fill(path: Path, made: Records) -> Path:
    """Everything in one transaction: how fast single puts are is the store's own benchmark."""
    rows = [match_row(m) for m in made.matches]
    links = [{"match_id": r["id"], "suite": r["suite"], "case_name": r["case_name"]} for r in rows]

    def bulk(connection: Any) -> None:
        connection.execute(insert(schema.matches), rows)
        connection.execute(insert(schema.entries), links)

    with Store.open(path) as store:
        store._write(bulk)
        for case in made.cases:
            store.put_case(case)
        for seal in made.seals:
            store.put_seal(seal)
        for tuning in made.tunings:
            store.put_tuning(tuning)
    return path


def loaded(path: Path) -> tuple[Any, ...]:
    with Store.open(path) as store:
        return store.matches(), store.cases(), store.seals(), store.tunings()


def browse(path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("  (chromium is not installed: opening and filtering are not timed)")
        return
    from playwright.sync_api import sync_playwright

    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page()
        page.goto(path.as_uri())

        def wait(words: str) -> None:
            page.locator("#matches .count", has_text=words).wait_for()

        timed("open, draw the charts", lambda: (page.reload(), page.locator(".chart.drawn").nth(3).wait_for()))
        timed("search two words", lambda: (page.locator("input[name=text]").fill("knn warp"), wait(" of ")))
        timed("clear", lambda: (page.get_by_role("button", name="Clear").click(), page.locator(".where").inner_text()))
        timed("sort by score", lambda: page.locator("th[data-sort=score] button").click())
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
