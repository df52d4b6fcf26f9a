"""Programs as graphs: what is drawn of them."""

from __future__ import annotations

from fairfight.parts.programs import INTS, Input, Space, as_int, eq, item, reverse, scan, state, total
from fairfight.parts.programs.graph import graph, wiring

SPACE = Space((Input("x", INTS, 0, 4),))
X = SPACE["x"]


def test_constants_stand_in_boxes_and_what_occurs_twice_is_drawn_once() -> None:
    found = graph(total(as_int(eq(reverse(X), X))) % 2)
    assert found.nodes == ["x", "reverse", "=", "sum", "% 2", "answer"]
    assert found.edges == [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5)]
    assert found.returns == []


def test_a_state_comes_back_and_the_output_is_of_the_new_one() -> None:
    found = graph(scan([X], [0, 1], [(state() + item()) % 3, state(0)], state(0) * state(1)))
    names = dict(enumerate(found.nodes))
    assert {(names[a], names[b]) for a, b in found.returns} == {("% 3", "s0 = 0"), ("s0 = 0", "s1 = 1")}
    last = found.nodes.index("×")
    assert {names[a] for a, b in found.edges if b == last} == {"% 3", "s0 = 0"}
    assert all(a < b for a, b in found.edges)


def test_components_are_drawn_from_the_embedding_to_the_answer() -> None:
    found = wiring({"mlp": ("head", "embed"), "head": ("embed",)}, "answer")
    assert found.nodes == ["embed", "head", "mlp", "answer"]
    assert set(found.edges) == {(0, 1), (1, 2), (0, 2), (2, 3)}
