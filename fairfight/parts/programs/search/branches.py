"""Two expressions joined by a condition, from what an enumeration has kept (Alur, Radhakrishna & Udupa 2017).

An enumeration reaches ``if c then a else b`` late, since it is as costly as its three parts together. The parts are
much cheaper, and kept: a condition fits if ``a`` is right wherever it holds, and ``b`` wherever it does not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairfight.parts.programs.expressions import BOOL, BOOLS, INTS, Expr
from fairfight.parts.programs.search.enumeration import Enumeration, Ref

TERMS, CONDITIONS = 2000, 20_000
"""How many are considered: the expressions that are right most often, and the cheapest conditions."""


def join(search: Enumeration) -> Expr | None:
    """The cheapest ``if`` of kept expressions that meets the target everywhere; nothing if there is none."""
    kind, target = search.kind, search.target
    if kind is None or target is None:
        return None
    terms = [(rows == target, refs) for _, rows, refs in search.kept(kind)]
    flags = list(search.kept(BOOLS if kind in (INTS, BOOLS) else BOOL))
    if not terms or not flags:
        return None
    right = np.concatenate([r for r, _ in terms])
    names: list[Ref] = [ref for _, refs in terms for ref in refs]
    some = np.sort(np.argsort(-right.sum(axis=1), kind="stable")[:TERMS])
    right, names = right[some], [names[k] for k in some]
    # Where no single expression is right, no condition helps.
    if not right.any(axis=0).all():
        return None
    wrong = (~right).T.astype(np.float32)
    considered = 0
    for _, rows, refs in flags:
        considered += len(rows)
        if considered > CONDITIONS:
            break
        found = _fitting(rows, wrong)
        if found is not None:
            condition, then, otherwise = found
            parts = (refs[condition], names[then], names[otherwise])
            return Expr("if", tuple(search.expression(p) for p in parts))
    return None


def _fitting(rows: NDArray[Any], wrong: NDArray[np.float32]) -> tuple[int, int, int] | None:
    """A condition, and the first expressions that are right where it holds and where it does not."""
    then = rows.astype(np.float32) @ wrong == 0
    otherwise = (~rows).astype(np.float32) @ wrong == 0
    fits = np.nonzero(then.any(axis=1) & otherwise.any(axis=1))[0]
    if not len(fits):
        return None
    # Expressions are in order of cost.
    best = min(fits.tolist(), key=lambda k: int(then[k].argmax()) + int(otherwise[k].argmax()))
    return best, int(then[best].argmax()), int(otherwise[best].argmax())
