"""What one thing makes of every contender's score: pairs of cases that differ in nothing else.

An attacker who knows the detectors or does not; a dictionary whose data held the fault or did not; a brief that shows
the fault or does not. Each contender's score on the one is set against its own on the other, case by case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fairfight.content import canonical
from fairfight.verdict.columns import Ring
from fairfight.verdict.contrasts import contrasts
from fairfight.verdict.records import Contrast


@dataclass(frozen=True)
class Axis:
    """Where two recipes may differ, and how a reader is told."""

    key: str
    """The entry of a recipe."""
    one: str
    other: str
    """Its values; differences are one less other."""
    title: str
    text: str
    """What was done twice, and what the difference says."""


ATTACKER = Axis(
    "planting",
    "adaptive",
    "finetune",
    "Against an attacker who knows the detectors",
    "Planted twice: as usual, and by somebody who trains the subject so that its activations on triggered inputs look "
    "like those on ordinary ones. The difference is what each contender loses to that knowledge.",
)
CORPUS = Axis(
    "corpus",
    "seen",
    "unseen",
    "With the fault in the dictionary's data, and without",
    "Fought twice: with inputs that set the fault off among the unlabelled data that dictionaries are trained on, and "
    "with none. The difference is what that is worth to each contender.",
)
EVIDENCE = Axis(
    "arm",
    "shown",
    "clean",
    "With examples of the fault, and without",
    "Fought twice: with a few inputs that set the fault off in the brief, and with ordinary inputs alone. The "
    "difference is what they are worth to each contender.",
)
AXES: tuple[Axis, ...] = (ATTACKER, CORPUS, EVIDENCE)


def siblings(ring: Ring, axis: Axis) -> list[tuple[str, str]]:
    """Ids of cases with the axis' one value, and of the case with its other value that each is compared with."""
    sides: dict[str, dict[str, str]] = {axis.one: {}, axis.other: {}}
    for case in ring.cases:
        recipe = ring.records[case].recipe if case in ring.records else {}
        value = recipe.get(axis.key)
        if value in sides:
            sides[value][_rest(recipe, axis)] = case
    return [(case, sides[axis.other][rest]) for rest, case in sides[axis.one].items() if rest in sides[axis.other]]


def changes(ring: Ring, axis: Axis, *, draws: int, seed: int, margin: float) -> tuple[Contrast, ...]:
    """For each contender its score on cases with the one value, less that on their siblings with the other.

    The contrasts are named after one contender twice; the lowest difference comes first.
    """
    pairs = siblings(ring, axis)
    rows = [i for i, kind in enumerate(ring.kinds) if kind not in ("random", "oracle")]
    if not pairs or not rows:
        return ()
    ones, others = (np.array([ring.cases.index(p[side]) for p in pairs]) for side in (0, 1))
    scores = np.concatenate([ring.scores[rows][:, ones], ring.scores[rows][:, others]])
    names, n = tuple(ring.contenders[i] for i in rows), len(rows)
    both = replace(ring, contenders=names * 2, cases=tuple(p[0] for p in pairs), scores=scores)
    found = contrasts(both, [(i, n + i) for i in range(n)], draws=draws, seed=seed, margin=margin)
    return tuple(sorted((c for c in found if c.cases), key=lambda c: (c.difference, c.a)))


def _rest(recipe: Mapping[str, Any], axis: Axis) -> str:
    return canonical({**recipe, axis.key: ""})
