"""From match records to a cube of scores: contenders by cases by seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.arena.budgets import is_shared, plain
from fairfight.arena.records import CaseRecord, MatchRecord
from fairfight.tasks.registry import Kind

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ring:
    """All that was fought for one task in one suite under one budget, sorted, so that order never matters."""

    task: str
    suite: str
    budget: str
    contenders: tuple[str, ...]
    kinds: tuple[Kind, ...]
    cases: tuple[str, ...]
    """Ids of the scored cases."""
    records: dict[str, CaseRecord]
    """By case id; a case whose record is missing is missing here."""
    seeds: tuple[int, ...]
    scores: Floats
    """``[contenders, cases, seeds]``, NaN where there is no match."""
    matches: tuple[tuple[MatchRecord, ...], ...]
    """By contender."""
    set_aside: dict[str, int]
    """Contender to number of matches of older code, or repeated under other settings, that are not counted."""

    @property
    def fought(self) -> list[str]:
        """Ids of the cases with a scored match."""
        some = (~np.isnan(self.scores)).any(axis=(0, 2))
        return [self.cases[i] for i in np.flatnonzero(some)]

    @property
    def seeds_a_case(self) -> int:
        """Most seeds on any case."""
        return int((~np.isnan(self.scores)).any(0).sum(-1).max(initial=0))

    def of_kind(self, *kinds: Kind) -> list[int]:
        """Rows of the contenders of these kinds."""
        return [i for i, kind in enumerate(self.kinds) if kind in kinds]

    def everywhere(self, rows: Sequence[int]) -> list[int]:
        """Those of the rows that were scored in every modality that has a scored case."""
        of = [self.records[c].modality if c in self.records else "" for c in self.cases]
        some = np.asarray(~np.isnan(self.scores).all(-1))
        groups = [np.array([m == modality for m in of]) for modality in sorted(set(of))]
        groups = [g for g in groups if some[:, g].any()]
        return [i for i in rows if all(some[i, g].any() for g in groups)]

    def row(self, name: str) -> int | None:
        """The row of a contender, if it is here."""
        return self.contenders.index(name) if name in self.contenders else None

    def name(self, case: str) -> str:
        """The readable name of a case."""
        return self.records[case].name if case in self.records else case

    def on(self, cases: Sequence[str]) -> Ring:
        """The same on some of the cases only."""
        here = set(cases)
        kept = [i for i, c in enumerate(self.cases) if c in here]
        if len(kept) == len(self.cases):
            return self
        fought = tuple(tuple(m for m in row if m.plan.case_id in here) for row in self.matches)
        return replace(self, cases=tuple(self.cases[i] for i in kept), scores=self.scores[:, kept], matches=fought)


def rings(
    matches: Sequence[MatchRecord], cases: Sequence[CaseRecord], *, suite: str | None = None, task: str | None = None
) -> list[Ring]:
    """The rings in the matches, sorted by task, suite and budget.

    Development cases are left out. Of each contender only its newest code counts, and of matches repeated on one case
    and seed the one with most tuning trials, then the latest.
    """
    records: dict[tuple[str, str], dict[str, CaseRecord]] = defaultdict(dict)
    practice: set[tuple[str, str]] = set()
    for c in cases:
        if c.split == "scored":
            records[c.task, c.suite][c.id] = c
        else:
            practice.add((c.task, c.id))
    # One match may come several times; this says which are the same and is far cheaper than a match's id.
    found: dict[tuple[str, str, str], dict[tuple[Any, ...], MatchRecord]] = defaultdict(dict)
    for m in matches:
        plan = m.plan
        if (task is None or plan.task == task) and (suite is None or plan.suite == suite):
            if (plan.task, plan.case_id) in practice and plan.case_id not in records[plan.task, plan.suite]:
                continue
            same = (plan.contender, plan.case_id, plan.seed, plan.fingerprint, plan.trials, m.started, m.score)
            found[plan.task, plan.suite, plan.budget][same] = m
    for key in [k for k in found if is_shared(k[2])]:
        # Who has no reusable work costs the same either way, and was fought once.
        twice = {m.plan.contender for m in found[key].values()}
        rest = found.get((*key[:2], plain(key[2])), {})
        found[key].update({k: m for k, m in rest.items() if m.plan.contender not in twice})
    return [_ring(key, list(found[key].values()), records.get(key[:2], {})) for key in sorted(found)]


def _rank(m: MatchRecord) -> tuple[int, str, float]:
    return m.plan.trials, m.started, m.score


def _ring(key: tuple[str, str, str], matches: list[MatchRecord], records: dict[str, CaseRecord]) -> Ring:
    newest: dict[str, tuple[str, str]] = {}
    for m in matches:
        version = (m.started, m.plan.fingerprint)
        if version > newest.get(m.plan.contender, ("", "")):
            newest[m.plan.contender] = version
    best: dict[tuple[str, str, int], MatchRecord] = {}
    total: dict[str, int] = defaultdict(int)
    for m in matches:
        plan = m.plan
        total[plan.contender] += 1
        if plan.fingerprint != newest[plan.contender][1]:
            continue
        cell = (plan.contender, plan.case_id, plan.seed)
        before = best.get(cell)
        if before is None or _rank(m) > _rank(before):
            best[cell] = m
    kinds: dict[str, Kind] = {contender: m.plan.kind for (contender, _, _), m in best.items()}
    contenders = tuple(sorted(kinds))
    ids = tuple(sorted({case for _, case, _ in best} | records.keys()))
    seeds = tuple(sorted({seed for _, _, seed in best}))
    row, column, depth = ({k: i for i, k in enumerate(keys)} for keys in (contenders, ids, seeds))
    scores = np.full((len(contenders), len(ids), len(seeds)), np.nan)
    fought: list[list[MatchRecord]] = [[] for _ in contenders]
    for cell in sorted(best):
        m = best[cell]
        fought[row[cell[0]]].append(m)
        if m.status != "void":
            scores[row[cell[0]], column[cell[1]], depth[cell[2]]] = m.score
    aside = {c: total[c] - len(fought[row[c]]) for c in contenders if total[c] > len(fought[row[c]])}
    return Ring(
        task=key[0],
        suite=key[1],
        budget=key[2],
        contenders=contenders,
        kinds=tuple(kinds[c] for c in contenders),
        cases=ids,
        records=records,
        seeds=seeds,
        scores=scores,
        matches=tuple(tuple(row_) for row_ in fought),
        set_aside=aside,
    )
