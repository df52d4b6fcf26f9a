"""Small drawings inside the page: a circuit as boxes and lines, and agreement against length. Plain SVG, no script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairfight.report.escape import line
from fairfight.report.numbers import score

if TYPE_CHECKING:
    from markupsafe import Markup

MOST = 40
"""Boxes that are drawn at most: more would not be read."""
LETTER, PAD, HIGH, GAP, STEP = 6.6, 9, 24, 12, 46
"""Pixels: of a letter, beside a label, of a box, between boxes, and from row to row."""
LONGEST = 26
"""Letters of a label."""
WIDE, TALL, LEFT, TOP, BOTTOM = 260, 120, 38, 10, 34
"""Of the plot, and of what stands around it."""


def circuit(given: Any) -> Markup | None:
    """Boxes from the top to the bottom, each below all that it takes in; dashed lines bring states back.

    Args:
        given: ``nodes``, ``edges`` and ``returns`` as :mod:`fairfight.parts.programs.graph` has them.

    Returns:
        The drawing; nothing where this is no graph, or too large a one to be read.
    """
    from markupsafe import Markup, escape

    graph = _graph(given)
    if graph is None:
        return None
    labels, edges, returns = graph
    rows = _rows(len(labels), edges)
    width = [max(30.0, LETTER * len(text) + 2 * PAD) for text in labels]
    across = [sum(width[n] for n in row) + GAP * (len(row) - 1) for row in rows]
    most = max(across) + 2 * GAP
    left, top = [0.0] * len(labels), [0.0] * len(labels)
    for depth, row in enumerate(rows):
        x = (most - across[depth]) / 2
        for n in row:
            left[n], top[n] = x, 4.0 + STEP * depth
            x += width[n] + GAP
    parts = []
    for a, b in edges:
        x1, y1, x2, y2 = left[a] + width[a] / 2, top[a] + HIGH, left[b] + width[b] / 2, top[b]
        middle = (y1 + y2) / 2
        parts.append(f'<path d="M{x1:.1f} {y1:.1f}C{x1:.1f} {middle:.1f} {x2:.1f} {middle:.1f} {x2:.1f} {y2:.1f}"/>')
    for a, b in returns:
        x1, y1, x2, y2 = left[a] + width[a], top[a] + HIGH / 2, left[b] + width[b], top[b] + HIGH / 2
        out = max(x1, x2) + 26
        most = max(most, out + 2)
        parts.append(
            f'<path class="back" d="M{x1:.1f} {y1:.1f}C{out:.1f} {y1:.1f} {out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"/>'
        )
    for n, text in enumerate(labels):
        centre, base = left[n] + width[n] / 2, top[n] + HIGH / 2 + 4
        parts.append(
            f'<rect x="{left[n]:.1f}" y="{top[n]:.1f}" width="{width[n]:.1f}" height="{HIGH}" rx="5"/>'
            f'<text x="{centre:.1f}" y="{base:.1f}">{escape(text)}</text>'
        )
    tall = STEP * (len(rows) - 1) + HIGH + 8
    drawing = "".join(parts)
    return Markup(
        f'<svg class="circuit" role="img" aria-label="circuit" viewBox="0 0 {most:.0f} {tall:.0f}" '
        f'style="max-width:{most:.0f}px">{drawing}</svg>'
    )


def curve(given: Any) -> Markup | None:
    """How often a submission and the network agree, by length; dashed, how often the network and its rule do.

    Args:
        given: ``lengths``, ``network`` and ``rule``, equally many, and ``known``, the greatest length that was shown.

    Returns:
        The drawing; nothing where these are no such numbers.
    """
    from markupsafe import Markup

    if not isinstance(given, Mapping):
        return None
    lengths, network, rule = (_numbers(given.get(name)) for name in ("lengths", "network", "rule"))
    if lengths is None or network is None or rule is None or not 1 < len(lengths) == len(network) == len(rule):
        return None
    known = given.get("known")
    low, high = min(lengths), max(lengths)
    if high <= low:
        return None

    def x(value: float) -> float:
        return LEFT + WIDE * (value - low) / (high - low)

    def y(share: float) -> float:
        return TOP + TALL * (1 - min(max(share, 0.0), 1.0))

    def path(shares: list[float]) -> str:
        return "M" + "L".join(f"{x(n):.1f} {y(s):.1f}" for n, s in zip(lengths, shares, strict=True))

    parts, ticks = [], [low, high]
    if isinstance(known, (int, float)) and low <= known < high:
        parts.append(f'<rect class="shown" x="{LEFT}" y="{TOP}" width="{x(known) - LEFT:.1f}" height="{TALL}"/>')
        ticks.insert(1, float(known))
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<path class="grid" d="M{LEFT} {y(share):.1f}h{WIDE}"/>')
        parts.append(f'<text class="end" x="{LEFT - 5}" y="{y(share) + 4:.1f}">{score(share)}</text>')
    for value in ticks:
        parts.append(f'<text x="{x(value):.1f}" y="{TOP + TALL + 14}">{value:.0f}</text>')
    parts.append(f'<text x="{LEFT + WIDE / 2}" y="{TOP + TALL + 28}">length</text>')
    parts.append(f'<path class="back" d="{path(rule)}"/><path class="main" d="{path(network)}"/>')
    said = (
        f"agreement with the network from length {low:.0f} to {high:.0f}, {score(network[0])} to {score(network[-1])}"
    )
    whole = LEFT + WIDE + 12
    return Markup(
        f'<svg class="curve" role="img" aria-label="{said}" viewBox="0 0 {whole} {TOP + TALL + BOTTOM}" '
        f'style="max-width:{whole}px">{"".join(parts)}</svg>'
    )


def _numbers(given: Any) -> list[float] | None:
    if not isinstance(given, list) or not all(type(v) in (int, float) and abs(v) < 1e6 for v in given):
        return None
    return [float(v) for v in given]


def _graph(given: Any) -> tuple[list[str], list[tuple[int, int]], list[tuple[int, int]]] | None:
    """Labels on one line, and lines between them, if that is what was given."""
    if not isinstance(given, Mapping) or not isinstance(given.get("nodes"), list):
        return None
    labels = [line(str(label), LONGEST) for label in given["nodes"]]
    if not 1 < len(labels) <= MOST:
        return None
    sides = []
    for name in ("edges", "returns"):
        pairs = given.get(name) or []
        if not isinstance(pairs, list) or not all(_pair(pair, len(labels)) for pair in pairs):
            return None
        sides.append([(int(a), int(b)) for a, b in pairs])
    edges, returns = sides
    return (labels, edges, returns) if all(a < b for a, b in edges) else None


def _pair(given: Any, boxes: int) -> bool:
    return (
        isinstance(given, (list, tuple)) and len(given) == 2 and all(type(v) is int and 0 <= v < boxes for v in given)
    )


def _rows(boxes: int, edges: list[tuple[int, int]]) -> list[list[int]]:
    """Boxes by row: below all that they take in, and near it. Sources stand just above whoever takes them first."""
    depth = [0] * boxes
    for b in range(boxes):
        depth[b] = max((depth[a] + 1 for a, other in edges if other == b), default=0)
    takers: list[list[int]] = [[b for a, b in edges if a == n] for n in range(boxes)]
    for n in range(boxes - 1, -1, -1):
        if takers[n] and not any(b == n for _, b in edges):
            depth[n] = min(depth[b] for b in takers[n]) - 1
    rows: list[list[int]] = [[] for _ in range(max(depth) + 1)]
    for n in range(boxes):
        rows[depth[n]].append(n)
    place = [0.0] * boxes
    for row in rows:
        for n in row:
            above = [place[a] for a, b in edges if b == n]
            place[n] = sum(above) / len(above) if above else 0.5
        row.sort(key=lambda n: place[n])
        for k, n in enumerate(row):
            place[n] = (k + 0.5) / len(row)
    return rows
