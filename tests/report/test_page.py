from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from fairfight.report.page import html
from fairfight.report.words import rigor
from fairfight.verdict import Verdict
from tests.synthetic import HOSTILE, Records


class Page(HTMLParser):
    """Tags, attributes, and visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.heading = False
        self.hidden = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.hidden += tag in ("script", "style")
        self.heading = tag in ("h1", "h2", "h3")

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self.heading:
            self.headings.append(data)
            self.heading = False
        if not self.hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_sections_come_in_the_order_a_reader_needs(page: Page, verdicts: list[Verdict]) -> None:
    titles = [verdicts[0].headline, "Standings", "Every tool against the best baseline", "Score against cost",
              "Vision, language and each family of faults", "Every match", "Failures and void cases",
              "The fault of each case", "Seals", "How to reproduce each number", "The rules and the terms",
              "Terms"]  # fmt: skip
    found = [h for h in page.headings if h in titles or h == "Caveats"]
    assert found == [*titles, "Caveats"]


def test_one_first_heading_no_level_skipped_and_every_table_has_a_caption(page: Page, text: str) -> None:
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    tables = re.findall(r"<table.*?</table>", re.sub(r"<script.*?</script>", "", text, flags=re.S), flags=re.S)
    assert len(tables) >= 6
    assert all("<caption" in t for t in tables)
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert all(attrs.get("aria-label") for _, attrs in page.tags if attrs.get("role") in ("img", "region"))


def test_ids_are_unique_and_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        if tag == "a":
            target = str(attrs["href"])
            assert target.startswith("#")
            assert "=" in target or target[1:] in ids


def test_nothing_is_fetched(page: Page) -> None:
    for tag, attrs in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert "src" not in attrs or str(attrs["src"]).startswith("data:image/png;base64,")
        assert not any(a.startswith("on") for a in attrs)
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy


def test_hostile_text_is_text_wherever_it_is_shown(page: Page, text: str) -> None:
    shown = HOSTILE.replace("\x1b", "\\x1b")
    assert page.text.count(shown) >= 3
    assert "\x1b" not in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "49" not in re.findall(r"\[bold\](\S*)", page.text)


def test_pictures_that_are_not_png_in_place_are_left_out_and_said_so(page: Page, text: str) -> None:
    assert "https://example.org/spy.png" not in text
    assert "javascript:alert" not in text
    assert page.text.count("picture left out") == 2
    assert sum(tag == "img" for tag, _ in page.tags) == 2 * sum(1 for c in range(22) if c % 10 < 6)


def test_every_number_can_be_traced(page: Page, text: str, run: Records, verdicts: list[Verdict]) -> None:
    data = json.loads(re.search(r'id="matches-data">(.*?)</script>', text, flags=re.S)[1])  # type: ignore[index]
    assert data["ids"] == [m.id for m in run.matches]
    for said in ("fairfight run --suite quick", f"fairfight show {run.matches[0].id}", "fairfight verify"):
        assert said in page.text
    for s in verdicts[0].standings:
        assert s.contender in page.text
    assert run.seals[0].commitment in page.text
    assert str(run.seals[0].secret) in page.text
    for c in run.cases:
        assert c.id in page.text


def test_failures_and_void_cases_are_listed_with_reasons(page: Page, run: Records) -> None:
    for reason in {m.reason for m in run.matches if m.status == "over-budget"} | {c.void for c in run.cases if c.void}:
        assert str(reason) in page.text


def test_caveats_stand_at_the_verdict_and_at_the_end(page: Page, verdicts: list[Verdict]) -> None:
    assert verdicts[0].caveats
    assert all(page.text.count(c) == 2 for c in verdicts[0].caveats)


def test_equal_records_give_an_equal_page(run: Records, verdicts: list[Verdict], text: str) -> None:
    again = html(verdicts, run.matches, run.cases, run.seals, run.tunings,
                 title="Fairfight: quick", command="fairfight run --suite quick", fingerprint="abc")  # fmt: skip
    assert again == text


def test_an_empty_store_gives_a_page_that_says_so() -> None:
    page = Page(html([], [], [], [], [], title="Nothing", command="fairfight report"))
    for said in (
        "No verdict yet",
        "0 matches",
        "No match failed",
        "The store holds no case",
        "No seal is in the store",
    ):
        assert said in page.text


def test_a_verdict_without_tools_or_seals_is_shown(run: Records, verdicts: list[Verdict]) -> None:
    bare = replace(verdicts[0], primary=None, contrasts=(), controls=(), caveats=(), by_modality={}, task="unheard-of")
    page = Page(html([bare, bare], run.matches[:20], run.cases, [], [], title="<b>", command="x"))
    assert "<b>" in page.text
    assert "cases not sealed" in page.text


def test_several_verdicts_begin_with_their_headlines(run: Records, verdicts: list[Verdict]) -> None:
    other = replace(verdicts[0], suite="tour", headline="Four cases are too few.")
    page = Page(html([verdicts[0], other], run.matches[:20], run.cases, [], [], title="t", command="c"))
    assert page.text.index("The verdicts in short") < page.text.index(other.headline) < page.text.index("Standings")
    assert page.text.count(other.headline) == 2


def test_rigor_says_what_the_verdict_rests_on(run: Records, verdicts: list[Verdict]) -> None:
    fresh = rigor(verdicts[0], run.seals)
    assert "20 valid cases × 3 seeds" in fresh
    assert "fresh and sealed" in fresh
    public = [replace(s, drawn="public") for s in run.seals]
    assert "may have met before" in rigor(verdicts[0], public)
