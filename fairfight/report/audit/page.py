"""The page of an audit: one HTML file without scripts, that opens offline."""

from __future__ import annotations

from dataclasses import dataclass

from fairfight.audits.records import Power, Report
from fairfight.report.audit import words
from fairfight.report.templating import environment, part, policy

WIDTH, HEIGHT, LEFT, TOP = 300, 150, 34, 10
"""Of a curve's drawing area in pixels, and where it begins."""


@dataclass(frozen=True)
class Point:
    """One strength on a curve."""

    x: float
    y: float
    low: float
    high: float
    label: str
    said: str


@dataclass(frozen=True)
class Curve:
    """How often spikes of one kind are found, by strength."""

    title: str
    points: tuple[Point, ...]

    @property
    def path(self) -> str:
        """Of the line through all points."""
        return " ".join(f"{'L' if i else 'M'}{p.x:.1f},{p.y:.1f}" for i, p in enumerate(self.points))


def html(report: Report, command: str) -> str:
    """The whole page as text.

    Args:
        report: The audit.
        command: What the user ran, to be run again.
    """
    page = environment().get_template("audit.html.j2")
    found: str = page.render(
        report=report,
        p=report.profile,
        command=command,
        style=part("style.css") + part("audit.css"),
        policy=policy([]),
        words=words,
        curves=curves(report.powers),
        frame={"width": WIDTH, "height": HEIGHT, "left": LEFT, "top": TOP},
    )
    return found


def curves(powers: tuple[Power, ...]) -> list[Curve]:
    """One curve a kind, the easiest strength first; strengths without a spike are left out."""
    found = []
    for name, title in {p.spike: p.title for p in powers}.items():
        some = [p for p in powers if p.spike == name and p.rate.of]
        found.append(Curve(title, tuple(_point(p, i, len(some)) for i, p in enumerate(some))))
    return found


def _point(power: Power, i: int, n: int) -> Point:
    def height(share: float) -> float:
        return TOP + HEIGHT * (1 - share)

    low, high = power.rate.interval
    x = LEFT + WIDTH * (i + 0.5) / n
    return Point(x, height(power.rate.value), height(low), height(high), power.strength, words.share(power))
