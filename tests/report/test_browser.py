"""The page as a reader's browser runs it: Debian's Chromium, headless, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


class Seen:
    """What happened while the page was open."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []


def opened(browser: Any, report: Path, width: int = 1280, scheme: str = "light", hash_: str = "") -> tuple[Any, Seen]:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Seen()
    page.on("request", lambda r: seen.requests.append(r.url))
    page.on("console", lambda m: seen.errors.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: seen.errors.append(str(e)))
    page.on("dialog", lambda d: (seen.dialogs.append(d.message), d.dismiss()))
    page.goto(report.as_uri() + hash_)
    page.locator(".chart.drawn").nth(3).wait_for()
    return page, seen


@pytest.fixture(scope="module")
def page(browser: Any, report: Path) -> tuple[Any, Seen]:
    return opened(browser, report)


def rows(page: Any) -> int:
    return page.locator(".matches tbody tr[data-row]").count()


def said(page: Any) -> str:
    return page.locator("#matches .count").inner_text()


def clear(page: Any) -> None:
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("924 matches", exact=True).wait_for()


def test_charts_are_drawn_with_marks(page: tuple[Any, Seen]) -> None:
    charts = page[0].locator(".chart")
    assert charts.count() == page[0].locator(".chart.drawn svg").count() == 4
    for i in range(charts.count()):
        assert charts.nth(i).locator(".mark-symbol path").count() >= 4
    assert "layerwise-prediction" in charts.nth(0).inner_text()


def test_nothing_is_asked_of_the_network_and_nothing_complains(page: tuple[Any, Seen]) -> None:
    _, seen = page
    assert len(seen.requests) >= 1
    assert [r for r in seen.requests if not r.startswith(("file://", "data:"))] == []
    assert seen.errors == []
    assert seen.dialogs == []


def test_only_one_page_of_matches_is_in_the_document(page: tuple[Any, Seen]) -> None:
    clear(page[0])
    assert rows(page[0]) == 50
    assert page[0].locator(".pager .where").inner_text() == "1–50 of 924"
    page[0].get_by_role("button", name="Last").click()
    assert page[0].locator(".pager .where").inner_text() == "901–924 of 924"
    assert rows(page[0]) == 24


def test_filters_narrow_the_table(page: tuple[Any, Seen]) -> None:
    p = page[0]
    clear(p)
    p.locator("select[name=contender]").select_option(label="sae-reconstruction")
    p.get_by_text("66 of 924 matches", exact=True).wait_for()
    p.locator("select[name=status]").select_option(label="over-budget")
    p.get_by_text("6 of 924 matches", exact=True).wait_for()
    assert rows(p) == 6
    assert set(p.locator(".matches tbody .status").all_inner_texts()) == {"over-budget"}
    clear(p)
    p.locator("select[name=case]").select_option(label="scenes-warp-scratch-2")
    p.get_by_text("42 of 924 matches").wait_for()
    p.locator("input[name=text]").fill("knn WARP")
    p.get_by_text("3 of 924 matches", exact=True).wait_for()
    p.locator("input[name=text]").fill("no such words")
    p.get_by_text("No match passes these filters.").wait_for()
    clear(p)


def test_columns_sort_both_ways(page: tuple[Any, Seen]) -> None:
    p = page[0]
    clear(p)
    p.locator("th[data-sort=score] button").click()
    assert p.locator("th[data-sort=score]").get_attribute("aria-sort") == "descending"
    assert p.locator(".matches tbody th").first.inner_text().endswith("oracle")
    p.locator("th[data-sort=score] button").click()
    assert not p.locator(".matches tbody th").first.inner_text().endswith("oracle")


def test_a_row_opens_to_all_that_decided_it(page: tuple[Any, Seen]) -> None:
    p = page[0]
    clear(p)
    p.locator("input[name=text]").fill("attribution-shift failed")
    p.get_by_text("3 of 924 matches", exact=True).wait_for()
    p.locator(".matches button.open").first.click()
    detail = p.locator(".matches .detail").inner_text()
    assert "<script>alert(1)</script>" in detail
    assert "\\x1b[31m" in detail
    for name in ("Parameters", "Seed", "Floating-point operations", "Tuning trials", "fairfight show "):
        assert name in detail
    clear(p)


def test_script_in_a_data_set_stays_text(page: tuple[Any, Seen]) -> None:
    p, seen = page
    assert p.locator("#faults .said", has_text="<script>alert(1)</script>").count() == 1
    assert p.locator("#failures td", has_text="<script>alert(1)</script>").count() == 1
    assert p.locator("main img[src=x]").count() == 0
    assert seen.dialogs == []


def test_a_link_to_a_match_opens_it(browser: Any, report: Path, run: Any) -> None:
    match = run.matches[700]
    page, seen = opened(browser, report, hash_=f"#match={match.id}")
    page.get_by_text("1 of 924 matches").wait_for()
    assert f"fairfight show {match.id}" in page.locator(".detail").inner_text()
    assert seen.errors == []
    page.close()


def test_a_link_from_a_fault_leads_to_its_matches(browser: Any, report: Path) -> None:
    page, seen = opened(browser, report)
    page.locator("#faults .id a", has_text="<script>").click()
    page.get_by_text("42 of 924 matches", exact=True).wait_for()
    assert page.locator(".matches td.case").first.inner_text().startswith("sentences-<script>alert(1)")
    assert seen.errors == []
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (420, "light")])
def test_nothing_overflows_the_page(browser: Any, report: Path, width: int, scheme: str) -> None:
    page, seen = opened(browser, report, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for chart in page.locator(".chart svg").all():
        assert chart.bounding_box()["width"] <= width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(20, 23, 26)") == (scheme == "dark")
    assert seen.errors == []
    page.close()


def test_it_prints(browser: Any, report: Path) -> None:
    page, _ = opened(browser, report, scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")
    page.close()
