"""Probes name the variable that a published network keeps, before all others of the list."""

from __future__ import annotations

import pytest

from fairfight.errors import UserError
from fairfight.faults.program.published import load
from fairfight.parts.heads.probing import likely, probed
from fairfight.parts.programs import Program
from fairfight.parts.states.spelling import space_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "inputs", "kept"),
    [
        ("brackets", {"x": [0, 0, 1, 0]}, ([1, 2, 1, 2], [2, 1, 0, 1])),  # depths, from either end
        ("palindromes", {"x": [4, 7, 2, 4]}, ([1, 0, 0, 1],)),
        ("addition", {"x": [1, 2, 9, 5], "y": [1, 7, 1, 4]}, ([1, 1, 0, 0],)),  # what is carried into each digit
    ],
)
def test_what_a_network_keeps_is_read_first(
    name: str, inputs: dict[str, list[int]], kept: tuple[list[int], ...]
) -> None:
    try:
        met = load(name)
    except UserError as lacks:
        pytest.skip(str(lacks))
    space = space_of(met.subject)
    found = probed(met.subject, space, met.sample(300, 1), likely(space))
    assert Program(space, found[0].variable).of(**inputs) in kept
    assert found[0].gain > 0.2
    assert found[0].gain > found[-1].gain + 0.2
