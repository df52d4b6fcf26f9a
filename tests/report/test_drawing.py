"""Drawings in the page: what is drawn, and that nothing foreign becomes markup."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest

from fairfight.report.drawing import MOST, circuit, curve


def parsed(markup: Any) -> ElementTree.Element:
    """The drawing as a tree: it is well-formed."""
    assert markup is not None
    return ElementTree.fromstring(str(markup))


GRAPH: dict[str, Any] = {
    "nodes": ["x", "state = 0", "+", "% 3", "answer"],
    "edges": [[0, 2], [1, 2], [2, 3], [3, 4]],
    "returns": [[3, 1]],
}


def test_a_circuit_has_a_box_for_each_operation_below_what_it_takes_in_and_a_dashed_line_for_each_state() -> None:
    drawn = parsed(circuit(GRAPH))
    boxes = drawn.findall("rect")
    assert [t.text for t in drawn.findall("text")] == GRAPH["nodes"]
    tops = [float(box.attrib["y"]) for box in boxes]
    assert all(tops[a] < tops[b] for a, b in GRAPH["edges"])
    assert tops[0] == tops[1]
    assert len(drawn.findall("path")) == 5
    assert len([p for p in drawn.findall("path") if p.attrib.get("class") == "back"]) == 1


def test_boxes_of_a_row_do_not_overlap() -> None:
    wide = {"nodes": [*(f"a long label {k}" for k in range(6)), "answer"], "edges": [[k, 6] for k in range(6)]}
    boxes = sorted((float(b.attrib["x"]), float(b.attrib["width"])) for b in parsed(circuit(wide)).findall("rect")[:6])
    assert all(x + w < following for (x, w), (following, _) in pairwise(boxes))


def test_text_is_escaped_and_cut() -> None:
    hostile = {"nodes": ["<script>alert(1)</script>", "\u202e&" + "x" * 99], "edges": [[0, 1]], "returns": []}
    drawn = circuit(hostile)
    assert "<script" not in str(drawn)
    assert all(len(t.text or "") < 40 for t in parsed(drawn).findall("text"))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        {"nodes": "xy", "edges": []},
        {"nodes": ["x"], "edges": []},
        {"nodes": ["x", "y"], "edges": [[0, 9]]},
        {"nodes": ["x", "y"], "edges": [[1, 0]]},
        {"nodes": ["x", "y"], "edges": [["0", '1"/><script>']]},
        {"nodes": [str(k) for k in range(MOST + 1)], "edges": []},
    ],
)
def test_what_is_no_graph_or_too_large_a_one_is_not_drawn(wrong: Any) -> None:
    assert circuit(wrong) is None


def test_a_curve_has_a_line_for_the_submission_and_one_for_the_rule_and_shows_what_was_known() -> None:
    drawn = parsed(curve({"lengths": [1, 2, 3, 4], "network": [1.0, 1.0, 0.5, 0.0], "rule": [1.0] * 4, "known": 2}))
    paths = {p.attrib["class"]: p.attrib["d"] for p in drawn.findall("path")}
    assert len(paths["main"].split("L")) == len(paths["back"].split("L")) == 4
    heights = [float(point.split()[1]) for point in paths["main"][1:].split("L")]
    assert heights[0] == heights[1] < heights[2] < heights[3]
    assert [r.attrib["class"] for r in drawn.findall("rect")] == ["shown"]
    assert {"1", "2", "4", "length"} <= {t.text for t in drawn.findall("text")}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"lengths": [1], "network": [1.0], "rule": [1.0]},
        {"lengths": [1, 2], "network": [1.0], "rule": [1.0, 1.0]},
        {"lengths": [1, 2], "network": [1.0, float("nan")], "rule": [1.0, 1.0]},
        {"lengths": [1, 2], "network": [1.0, "<b>"], "rule": [1.0, 1.0]},
        {"lengths": [3, 3], "network": [1.0, 1.0], "rule": [1.0, 1.0]},
    ],
)
def test_what_is_no_curve_is_not_drawn(wrong: Any) -> None:
    assert curve(wrong) is None
