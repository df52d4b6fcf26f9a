"""Who does well where: the mean score by modality and by fault family, since one average over columns misleads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairfight.report.kinds import rank

if TYPE_CHECKING:
    from fairfight.verdict.columns import Ring
    from fairfight.verdict.records import Verdict


@dataclass(frozen=True)
class Column:
    """Some of the cases."""

    label: str
    group: str
    """"" for all cases, "modality", or the modality that a family belongs to."""
    cases: tuple[int, ...]
    """Places in the ring."""


@dataclass(frozen=True)
class Cell:
    """A contender on a column's cases."""

    score: float | None
    """Mean over cases of the mean over seeds."""
    height: float | None
    """The same where ``random`` on these cases is 0 and ``oracle`` 1."""


@dataclass(frozen=True)
class Split:
    """A table of contenders by columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    """Contender, kind, a cell a column."""

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Headings over the columns and how many each spans."""
        spans: dict[str, int] = {}
        for column in self.columns:
            spans[column.group] = spans.get(column.group, 0) + 1
        return list(spans.items())


def split(verdict: Verdict, ring: Ring | None) -> Split:
    """Mean scores of a verdict's contenders: overall, by modality, and by fault family within each modality.

    Args:
        verdict: Whose contenders, and which cases are void.
        ring: What the verdict rests on; its void cases are left out here.
    """
    import numpy as np

    if ring is None:
        return Split((), ())
    with np.errstate(invalid="ignore"):
        scored = ~np.isnan(ring.scores)
        means = np.where(scored, ring.scores, 0.0).sum(-1) / scored.sum(-1)
    columns = _columns(ring, set(verdict.void_cases))

    def mean(row: int | None, column: Column) -> float | None:
        if row is None:
            return None
        known = means[row, list(column.cases)]
        known = known[~np.isnan(known)]
        return float(known.mean()) if len(known) else None

    floor, ceiling = (next(iter(ring.of_kind(kind)), None) for kind in ("random", "oracle"))
    limits = [(mean(floor, c), mean(ceiling, c)) for c in columns]
    rows = []
    for s in sorted(verdict.standings, key=lambda s: (rank(s.kind), -s.score)):
        scores = [mean(ring.row(s.contender), c) for c in columns]
        cells = tuple(Cell(x, _height(x, low, high)) for x, (low, high) in zip(scores, limits, strict=True))
        rows.append((s.contender, s.kind, cells))
    return Split(columns, tuple(rows))


def _columns(ring: Ring, void: set[str]) -> tuple[Column, ...]:
    records = {i: ring.records[c] for i, c in enumerate(ring.cases) if c in ring.records}
    valid = {i: c for i, c in records.items() if not c.void and c.name not in void}
    modalities = sorted({c.modality for c in valid.values()}, reverse=True)
    columns = [Column("all cases", "", tuple(valid))]
    if len(modalities) > 1:
        columns += [Column(m, "by modality", tuple(i for i, c in valid.items() if c.modality == m)) for m in modalities]
    for m in modalities:
        families: dict[str, list[int]] = defaultdict(list)
        for i, c in valid.items():
            if c.modality == m:
                families[str(c.recipe.get("fault") or "no fault")].append(i)
        columns += [Column(family, f"{m} faults", tuple(rows)) for family, rows in sorted(families.items())]
    return tuple(columns)


def _height(x: float | None, floor: float | None, ceiling: float | None) -> float | None:
    if x is None or floor is None or ceiling is None or ceiling - floor < 1e-9:
        return None
    return (x - floor) / (ceiling - floor)
