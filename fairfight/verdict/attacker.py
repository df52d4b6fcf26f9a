"""What an attacker who knows the detectors takes from each: faults planted with that knowledge and without.

A recipe whose ``planting`` is ``adaptive`` has a sibling that differs in nothing else. Each contender's score on the
one is set against its own on the other, case by case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fairfight.content import canonical
from fairfight.verdict.columns import Ring
from fairfight.verdict.contrasts import contrasts
from fairfight.verdict.records import Contrast

ADAPTIVE = "adaptive"


def siblings(ring: Ring) -> list[tuple[str, str]]:
    """Ids of an adaptive case and of the plain one that it is compared with."""
    plain = {_rest(r.recipe): c for c, r in ring.records.items() if c in ring.cases and not _knows(r.recipe)}
    pairs = [
        (c, plain.get(_rest(ring.records[c].recipe)))
        for c in ring.cases
        if c in ring.records and _knows(ring.records[c].recipe)
    ]
    return [(c, other) for c, other in pairs if other is not None]


def drops(ring: Ring, *, draws: int, seed: int, margin: float) -> tuple[Contrast, ...]:
    """For each contender its score against the attacker who knows, less that against the one who does not.

    The contrasts are named after one contender twice; negative differences are drops, the largest first.
    """
    pairs = siblings(ring)
    rows = [i for i, kind in enumerate(ring.kinds) if kind not in ("random", "oracle")]
    if not pairs or not rows:
        return ()
    known, unknown = (np.array([ring.cases.index(p[side]) for p in pairs]) for side in (0, 1))
    scores = np.concatenate([ring.scores[rows][:, known], ring.scores[rows][:, unknown]])
    names, n = tuple(ring.contenders[i] for i in rows), len(rows)
    both = replace(ring, contenders=names * 2, cases=tuple(p[0] for p in pairs), scores=scores)
    found = contrasts(both, [(i, n + i) for i in range(n)], draws=draws, seed=seed, margin=margin)
    return tuple(sorted((c for c in found if c.cases), key=lambda c: (c.difference, c.a)))


def _knows(recipe: Mapping[str, Any]) -> bool:
    return recipe.get("planting") == ADAPTIVE


def _rest(recipe: Mapping[str, Any]) -> str:
    planting = recipe.get("planting")
    return canonical({**recipe, "planting": "finetune" if planting == ADAPTIVE else planting})
