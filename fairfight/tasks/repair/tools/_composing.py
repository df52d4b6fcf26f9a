"""Find the units that make a fault, and change them: one procedure for every basis, score and edit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.invertible import fit
from fairfight.parts.densities.activations import at_depth
from fairfight.parts.edits.named import EDITS, Change
from fairfight.parts.edits.selection import Selection, rows_at
from fairfight.parts.scores.named import SCORES
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.baselines.material import ordinary
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.tools._evidence import WORTH, Evidence, evidence, right

ROWS = 2048
"""Activations that a basis is fitted to, at most."""
ANY = ("early", "middle", "late", "last")
"""The depths of which ``any`` takes the one that serves best."""
AT_ONCE = frozenset({"tune"})
"""Edits that learn for themselves how much to change: they get all units that they may have."""


def composed(
    brief: RepairBrief,
    basis: str,
    score: str,
    edit: str,
    *,
    depth: str,
    units: int,
    tolerance: float,
    strength: float = 1.0,
    width: int = 128,
    sparse: int = 4,
    steps: int = 200,
    corpus: bool = False,
) -> Subject:
    """Edit the units of a basis that a score finds guilty.

    As many units of one site are edited as serve best: as leave most of health (the share of what showed the fault and
    does not any more) times accuracy on ordinary inputs. Where no edit helps, the subject is handed in as it is.

    Args:
        brief: The brief. Where it shows no fault, the subject is handed in as it is.
        basis: One of :data:`fairfight.parts.bases.invertible.NAMES`, fitted to the corpus.
        score: One of :data:`fairfight.parts.scores.named.SCORES`.
        edit: One of :data:`fairfight.parts.edits.named.EDITS`.
        depth: Where in the trunk, or ``any``.
        units: The most that are edited.
        tolerance: How much accuracy on ordinary inputs may be lost.
        strength: Of the edit.
        width: Directions or latents of the basis.
        sparse: Latents that fire at once.
        steps: Training steps of a sparse autoencoder.
        corpus: Whether what the subject decides on the corpus counts as ordinary too.
    """
    subject, shown = brief.subject, evidence(brief)
    if shown is None or shown.healthy(subject) > 1 - WORTH:
        return subject.copy()
    clean = ordinary(brief, corpus=corpus)
    able = right(subject, clean)
    best, most = subject.copy(), (shown.healthy(subject) + WORTH) * able
    for site in sites(subject, depth):
        x = some(rows_at(subject, brief.corpus, site).x, ROWS, brief.seed)
        fitted = fit(basis, x, k=width, seed=brief.seed, sparse=sparse, steps=steps)
        guilt = shown.guilt(brief, site, fitted, SCORES[score])
        selection = Selection(
            subject=subject,
            site=site,
            basis=fitted,
            units=tuple(guilt.argsort(descending=True, stable=True)[:units].tolist()),
            faulty=shown.examples,
            clean=clean,
            usual=some(rows_at(subject, brief.clean.inputs, site).x, ROWS, brief.seed),
            seed=brief.seed,
            strength=strength,
            cues=shown.cues,
        )
        counts = [len(selection.units)] if edit in AT_ONCE else list(growing(len(selection.units)))
        for edited, worth in trials(selection, EDITS[edit], shown, counts, able - tolerance):
            if worth >= most:  # of equals the larger edit, which is harder to undo
                best, most = edited, worth
    return best


def sites(subject: Subject, depth: str) -> list[str]:
    """The site at a named depth of the trunk, or those of :data:`ANY`.

    ``early`` is a transformer's embedding, where a word is not yet mixed with others; elsewhere a third into the trunk.
    """
    trunk: tuple[str, ...] = subject.trunk
    found: list[str] = []
    for name in ANY if depth == "any" else (depth,):
        early = "embed" if "embed" in subject.sites else trunk[len(trunk) // 3]
        found += [early] if name == "early" else at_depth(trunk, name)
    return list(dict.fromkeys(found))


def some(x: Float[Tensor, "n d"], most: int, seed: int) -> Float[Tensor, "m d"]:
    """A random sample of rows, all of them where there are few."""
    return x if len(x) <= most else x[torch.randperm(len(x), generator=torch_rng(seed, "sample"))[:most]]


def trials(
    selection: Selection, edit: Change, shown: Evidence, counts: Sequence[int], least: float
) -> Iterator[tuple[Subject, float]]:
    """Subjects with more and more of the selected units edited, and what each is worth, while they are able enough."""
    for count in counts:
        edited = edit(replace(selection, units=selection.units[:count]))
        kept = right(edited, selection.clean)
        if kept < least:
            return
        yield edited, shown.healthy(edited) * kept


def growing(most: int) -> Iterator[int]:
    """One, two, three, four, six, nine …: about half as many again each time, up to ``most``."""
    count = 1
    while count < most:
        yield count
        count += max(1, count // 2)
    if most:
        yield most
