"""Groups of inputs on which the model fails: by label, by look, by word, and by what its own states have in common.

Clusters of internal states find groups that no given feature names (Eyuboglu et al. 2022, Domino).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch

from fairfight.audits.evidence.looks import TITLES, looks
from fairfight.audits.evidence.slice import EXCESS, Slice, compare
from fairfight.audits.material import Material
from fairfight.audits.names import decision
from fairfight.audits.records import Suspicion
from fairfight.audits.searches.registry import search
from fairfight.faults.training import decide
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.seeds import derive
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Images, Texts

Rule = tuple[Slice, str, np.ndarray]
"""With what it is called, and which rows follow it."""
FEWEST = 6
"""Rows of a group that is looked at."""
SHOWN = 3
"""Groups that are handed in at most."""
CLUSTERS = 12
BANDS = (0.0, 0.15, 0.3, 0.7, 0.85, 1.0)
"""Quantiles of a look between which its bands lie."""


@search("slice", "groups of inputs on which it fails", ("image-classifier", "text-classifier"))
def slices(material: Material, seed: int) -> list[Suspicion]:
    """The groups that fail most clearly; one that another covers is left out."""
    wrong = (decide(material.subject, material.search.inputs).cpu() != material.search.labels).numpy()
    if not wrong.any():
        return []
    scored = []
    rules = _rules(material, seed)
    for rule, title, inside in rules:
        if inside.sum() < FEWEST:
            continue
        e = compare(inside, wrong)
        if e.rate.value - e.control.value >= EXCESS / 2:
            scored.append((e.p, rule, title, inside))
    scored.sort(key=lambda s: s[0])
    found: list[Suspicion] = []
    taken: list[np.ndarray] = []
    for p, rule, title, inside in scored:
        if len(found) == SHOWN:
            break
        if any((inside & t).sum() > 0.5 * min(inside.sum(), t.sum()) for t in taken):
            continue
        taken.append(inside)
        sure = max(0.0, 1 - p * len(rules))
        found.append(Suspicion("slice", f"It often fails on {title}.", rule, sure, (rule.by,)))
    return found


def _rules(material: Material, seed: int) -> list[Rule]:
    named = [(rule, title, rule.members(material.subject, material.search)) for rule, title in _named(material)]
    return named + _clusters(material, seed)


def _named(material: Material) -> list[tuple[Slice, str]]:
    """What can be said of inputs without the model."""
    subject, given = material.subject, material.search
    rules = [
        (Slice("label", int(k)), f"inputs whose label is {decision(subject, int(k))}") for k in given.labels.unique()
    ]
    if isinstance(given.inputs, Images):
        for name, look in looks(given.inputs).items():
            cuts = np.quantile(look, BANDS)
            cuts[0], cuts[-1] = -np.inf, np.inf
            for i, (low, high) in enumerate(pairwise(cuts.tolist())):
                words = ("very little", "little", "middling", "much", "very much")[i]
                rules.append((Slice(name, low=float(low), high=float(high)), f"pictures with {words} {TITLES[name]}"))
    else:
        rules += _words(material, given.inputs)
    return rules


def _words(material: Material, texts: Texts) -> list[tuple[Slice, str]]:
    """Every token that occurs in enough texts but not in most."""
    special = special_ids(material.subject.tokenizer).tolist()
    present = [set(row[m.bool()].tolist()) for row, m in zip(texts.ids, texts.mask, strict=True)]
    counts: dict[int, int] = {}
    for row in present:
        for token in row:
            counts[token] = counts.get(token, 0) + 1
    kept = [t for t, c in sorted(counts.items()) if FEWEST <= c <= 0.5 * len(present) and t not in special]
    tokenizer = material.subject.tokenizer
    return [(Slice("token", t), f"texts with {tokenizer.decode([t]) if tokenizer else t!r}") for t in kept]


def _clusters(material: Material, seed: int) -> list[Rule]:
    """Inputs that the last layers see alike."""
    from sklearn.cluster import KMeans

    subject = material.subject
    if not subject.trunk:
        return []
    site = subject.trunk[-1]
    states = np.asarray(harvest(subject, material.search.inputs, [site])[site], dtype=np.float64)
    k = min(CLUSTERS, len(states) // FEWEST)
    if k < 2:
        return []
    means = KMeans(k, n_init=2, random_state=derive(seed, "clusters")).fit(states)
    centres = torch.from_numpy(means.cluster_centers_).float()
    return [
        (
            Slice("cluster", i, site=site, centres=centres),
            f"inputs that it sees alike (group {i + 1} of {k})",
            means.labels_ == i,
        )
        for i in range(k)
    ]
