"""The kinds of contender as a reader meets them: order, words, colour, shape.

Colour and shape always go together, so that neither colour-blind readers nor a black-and-white printer lose a kind.
Colours are names of the style sheet's variables, which differ in the light and in the dark.
"""

from __future__ import annotations

from typing import NamedTuple


class Look(NamedTuple):
    """How a kind is shown."""

    label: str
    plural: str
    colour: str
    shape: str
    """A Vega symbol."""
    glyph: str
    """The same shape in text."""


LOOKS: dict[str, Look] = {
    "tool": Look("tool", "Tools", "var(--tool)", "circle", "●"),
    "combination": Look("combination", "Combinations", "var(--combination)", "triangle-up", "▲"),
    "baseline": Look("baseline", "Baselines", "var(--baseline)", "square", "■"),
    "placebo": Look("placebo", "Placebos", "var(--placebo)", "diamond", "◆"),
    "oracle": Look("ceiling", "Controls", "var(--control)", "stroke", "▬"),
    "random": Look("floor", "Controls", "var(--control)", "stroke", "▬"),
}


def look(kind: str) -> Look:
    """How a kind is shown; one that is not known is shown under its own name."""
    return LOOKS.get(kind) or Look(kind, kind, "var(--control)", "cross", "✚")


def rank(kind: str) -> int:
    """Place of a kind in lists: tools first, controls last."""
    order = list(LOOKS)
    return order.index(kind) if kind in order else len(order)
