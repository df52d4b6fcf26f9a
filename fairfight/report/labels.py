"""Names beside points without overlaps: each takes the first free place, and none where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

LETTER, LINE, GAP = 6.6, 16.0, 9.0
"""Width of a letter and height of a line at 12 pixels; distance from the point."""


@dataclass(frozen=True)
class Place:
    """Where a name goes, as a Vega text mark says it."""

    align: str
    baseline: str
    dx: float
    dy: float


PLACES = (
    Place("left", "middle", GAP, 0),
    Place("right", "middle", -GAP, 0),
    Place("center", "bottom", 0, -GAP),
    Place("center", "top", 0, GAP),
    Place("left", "bottom", GAP - 3, -4),
    Place("right", "bottom", 3 - GAP, -4),
    Place("left", "top", GAP - 3, 4),
    Place("right", "top", 3 - GAP, 4),
)


def place(
    names: Sequence[tuple[str, float, float]],
    taken: Sequence[Box],
    thin: Sequence[Box],
    width: float,
    height: float,
) -> list[Place | None]:
    """A place for each name, or none; those that come first choose first.

    Args:
        names: Text and the point's x and y, in pixels from the top left.
        taken: Boxes that no name may cover.
        thin: Boxes of lines, which a name covers only if there is no other place.
        width: Of the plot.
        height: Of the plot.
    """
    used = list(taken)
    found: list[Place | None] = []
    for text, x, y in names:
        boxes = [(option, _box(text, x + option.dx, y + option.dy, option)) for option in PLACES]
        inside = [(o, b) for o, b in boxes if b[0] >= 0 and b[1] >= 0 and b[2] <= width and b[3] <= height]
        free = [(o, b) for o, b in inside if not any(_overlap(b, other) for other in used)]
        clear = [(o, b) for o, b in free if not any(_overlap(b, other) for other in thin)]
        chosen, box = next(iter(clear or free), (None, None))
        if box is not None:
            used.append(box)
        found.append(chosen)
    return found


def _box(text: str, x: float, y: float, option: Place) -> Box:
    wide = LETTER * len(text)
    left = {"left": x, "right": x - wide, "center": x - wide / 2}[option.align]
    top = {"middle": y - LINE / 2, "bottom": y - LINE, "top": y}[option.baseline]
    return (left, top, left + wide, top + LINE)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
