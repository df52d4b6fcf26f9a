from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairfight.report.escape import finite, line, png_url, script_json, visible
from tests.synthetic import HOSTILE, picture


class Scripts(HTMLParser):
    """What a browser would take for the contents of each script element."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.inside.append(data)


@given(st.recursive(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.none(), st.lists, max_leaves=6))
def test_json_in_a_script_element_stays_inside_it_and_means_the_same(value: object) -> None:
    text = script_json(value)
    parser = Scripts()
    parser.feed(f'<script type="application/json">{text}</script>')
    assert parser.tags == ["script"]
    assert json.loads("".join(parser.inside)) == value


@pytest.mark.parametrize("text", [HOSTILE, "</script>", "<!--<script>", "]]>", "\u2028", "'\"&"])
def test_no_character_that_html_reads_is_left(text: str) -> None:
    assert not set(script_json({text: text})) & set("<>&'\u2028")


def test_numbers_that_json_does_not_know_are_null() -> None:
    assert script_json([float("nan"), {"x": float("inf")}]) == '[null,{"x":null}]'
    assert finite((1.5, float("nan"), "x")) == [1.5, None, "x"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("\x9b1m", "\\x9b1m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("plain – text\n", "plain – text\n"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_a_line_is_one_line_of_at_most_so_many_characters() -> None:
    assert line("a\n b\tc") == "a b c"
    assert line("abcdef", 4) == "abc…"


def test_only_png_pictures_in_place_are_shown() -> None:
    assert png_url(picture(1)) == picture(1)
    for url in (
        "https://example.org/a.png", "javascript:alert(1)", "data:text/html;base64,aVZCT1I=",
        "data:image/svg+xml,<svg/>", picture(1) + '" onerror="alert(1)', "data:image/png;base64,PHN2Zz4=", None, 3,
    ):  # fmt: skip
        assert png_url(url) is None
