"""One direction that a fault goes by: a difference of means, chosen on other examples and taken out everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.edits.directions import project_out
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.orthogonal import WRITERS, orthogonal
from fairfight.parts.edits.selection import rows_at
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Inputs
from fairfight.subject.pooling import Pool
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.tools._evidence import WORTH, Evidence, evidence

SHORTEST = 1e-6
"""A difference of means that is shorter, as a share of the mean's own length, is none."""


def ablated(brief: RepairBrief, *, divergence: float, weights: bool, drawn: bool = False) -> Subject:
    """Take the best of the candidate directions out of the subject.

    Args:
        brief: The brief. Where it shows no fault, the subject is handed in as it is.
        divergence: The most that decisions on held-out clean examples may change (Kullback-Leibler).
        weights: Whether weights are kept from writing along the direction, in the families where that is exact; else,
            and in all others, the direction is taken out of activations, down to what is usual on clean examples.
        drawn: Whether each candidate is a random direction instead, for a placebo.
    """
    subject, shown = brief.subject, evidence(brief)
    if shown is None or shown.healthy(subject) > 1 - WORTH:
        return subject.copy()
    seen, held = _halves(shown.examples), _halves(brief.clean)
    test = Evidence(seen[1], shown.cues, shown.classes)
    before = subject(held[1].inputs).detach().log_softmax(dim=1)
    best, least = subject.copy(), test.healthy(subject)
    rng = torch_rng(brief.seed, "directions")
    for candidate in candidates(subject, seen[0], held[0], cues=shown.cues):
        rows = torch.randn(candidate.rows.shape, generator=rng) if drawn else candidate.rows
        for edited in _without(subject, Candidate(candidate.site, rows), held[0].inputs, weights):
            now = edited(held[1].inputs).detach().log_softmax(dim=1)
            moved = float((before.exp() * (before - now)).sum(dim=1).mean())
            if moved <= divergence and (health := test.healthy(edited)) > least:
                best, least = edited, health
    return best


@dataclass(frozen=True)
class Candidate:
    """Directions at a site: one for a fault, one a cue."""

    site: str
    rows: Float[Tensor, "k d"]


def candidates(subject: Subject, faulty: Labelled, clean: Labelled, *, cues: bool) -> Iterator[Candidate]:
    """Differences of means at every site of the trunk: where the decision is made, and over all tokens or places."""
    sites = _sites(subject)
    pools: tuple[Pool, ...] = ("mean",) if subject.anatomy.decision == "space" else ("decision", "mean")
    for pool in pools:
        hot = harvest(subject, faulty.inputs, sites, pool=pool, head=False)
        cold = harvest(subject, clean.inputs, sites, pool=pool, head=False)
        for site in sites:
            usual = cold[site].mean(dim=0)
            if cues:
                means = torch.stack([hot[site][faulty.labels == cue].mean(dim=0) for cue in faulty.labels.unique()])
                rows = means - means.mean(dim=0)
            else:
                rows = hot[site].mean(dim=0, keepdim=True) - usual
            if float(rows.norm()) > SHORTEST * float(usual.norm()):
                yield Candidate(site, rows)


def _without(subject: Subject, candidate: Candidate, usual: Inputs, weights: bool) -> Iterator[Subject]:
    """The subject without the directions: at their own site alone, and in all of a transformer's stream."""
    stream = _sites(subject)
    for where in ([candidate.site], stream)[: 1 if subject.anatomy.family == "layers" else 2]:
        if where is stream and weights and subject.anatomy.family in WRITERS:
            yield orthogonal(subject, candidate.rows)
            continue
        means = {site: rows_at(subject, usual, site).x.mean(dim=0) for site in where}
        edits = {site: project_out(candidate.rows, mean) for site, mean in means.items()}
        yield with_edits(subject, edits, example=usual[:2])


def _sites(subject: Subject) -> tuple[str, ...]:
    """The trunk; a transformer's begins with the embedding."""
    return ("embed", *subject.trunk) if "embed" in subject.sites else subject.trunk


def _halves(examples: Labelled) -> tuple[Labelled, Labelled]:
    """Every other example; both times the same one where there is only one."""
    return examples[0::2], examples[1::2] if len(examples) > 1 else examples
