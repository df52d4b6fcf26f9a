"""SHIFT: what a classifier decides by is written down in latents, and those that a judge finds beside the point go."""

from __future__ import annotations

from typing import TypedDict

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.parts.bases.invertible import fit
from fairfight.parts.bases.positions import Rows
from fairfight.parts.circuits.features import feature_circuit
from fairfight.parts.densities.activations import at_depth
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.selection import rows_at
from fairfight.parts.edits.units import Basis, clamp
from fairfight.parts.scores.contrast import Contrast, Fault, margin
from fairfight.parts.scores.gradients import integrated
from fairfight.parts.training import finetune
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.tools._composing import ROWS, some
from fairfight.tasks.repair.tools._evidence import WORTH, Evidence, evidence, right

POINTS = 4
"""Points on the way of integrated gradients."""
TOLERANCE = 0.1
"""How much accuracy on ordinary inputs may be lost; without cues, latents are spared until it is not more."""
COURSE = finetune.Course(steps=80, rate=2e-2, decay=1e-2)
"""How the last layer is trained again."""


class Asked(TypedDict):
    """Inputs to tell the units by that decide, and how much they decide."""

    faulty: Labelled
    clean: Labelled
    fault: Fault


def shift(
    brief: RepairBrief,
    *,
    depth: str,
    units: int,
    told: float,
    width: int,
    sparse: int,
    steps: int,
    retrain: bool,
    placebo: bool = False,
) -> Subject:
    """Zero-ablate latents that decide and that a judge finds beside the point; what the dictionary misses stays.

    Args:
        brief: The brief. Where it shows no fault, the subject is handed in as it is.
        depth: Where in the trunk; ``all`` has a dictionary at every site of it, and ``circuit`` one at every node of a
            sparse feature circuit: the embedding, each attention, each MLP, and the trunk.
        units: The most latents that are ablated.
        told: How much of a latent's variance over the cue inputs their cue must explain for it to be beside the point.
        width: Latents of a dictionary.
        sparse: Latents that fire at once.
        steps: Training steps of a dictionary.
        retrain: Whether the last layer is trained again, on the clean examples and what the latents leave.
        placebo: Ablate as many random latents instead.
    """
    subject, shown = brief.subject, evidence(brief)
    if shown is None or shown.healthy(subject) > 1 - WORTH:
        return subject.copy()
    sites = nodes(subject) if depth == "circuit" else at_depth(subject.trunk, depth)
    bases: dict[str, Basis] = {}
    for site in sites:
        x = some(rows_at(subject, brief.corpus, site).x, ROWS, brief.seed)
        bases[site] = fit("sae", x, k=width, seed=brief.seed, sparse=sparse, steps=steps)
    effects = in_circuit(brief, shown, bases, width) if depth == "circuit" else whole(brief, shown, bases)
    besides = torch.cat([explained(brief, shown, site, basis) for site, basis in bases.items()]) >= told
    chosen = judged(effects, besides, units)
    if placebo:
        chosen = torch.randperm(len(effects), generator=torch_rng(brief.seed, "shift"))[: len(chosen)]
    edited = _without(brief, bases, chosen, width)
    if not shown.cues:  # accuracy on confounded data is no measure of what is kept
        least = right(subject, brief.clean) - TOLERANCE
        while len(chosen) and right(edited, brief.clean) < least:
            chosen = chosen[: len(chosen) // 2]
            edited = _without(brief, bases, chosen, width)
    if not retrain:
        return edited
    return finetune.fine_tune(edited, brief.clean, brief.faulty, COURSE, seed=brief.seed, layers="last")


def nodes(subject: Subject) -> tuple[str, ...]:
    """The sites whose latents a sparse feature circuit is made of (Marks et al. 2024), shallow to deep."""
    parts = ("embed", "attn_out", "mlp_out")
    return tuple(s for s in subject.sites if s in subject.trunk or s.split(".")[-1] in parts)


def _without(brief: RepairBrief, bases: dict[str, Basis], chosen: Int[Tensor, " chosen"], width: int) -> Subject:
    """The subject without some latents, which are counted through all bases."""
    edits = {}
    for i, (site, basis) in enumerate(bases.items()):
        own = chosen[(chosen >= i * width) & (chosen < (i + 1) * width)] - i * width
        if len(own):
            edits[site] = clamp(basis, own.tolist(), 0.0)
    return with_edits(brief.subject, edits, example=brief.clean.inputs[:2])


def judged(effects: Float[Tensor, " k"], besides: Bool[Tensor, " k"], most: int) -> Int[Tensor, " chosen"]:
    """Which latents are ablated: of those beside the point the ones that decide most."""
    allowed = torch.where(besides, effects, -torch.inf)
    order = allowed.argsort(descending=True, stable=True)[:most]
    return order[allowed[order] > 0]


def whole(brief: RepairBrief, shown: Evidence, bases: dict[str, Basis]) -> Float[Tensor, " all"]:
    """What each latent does for the decision, by integrated gradients."""
    contrasts = [
        Contrast(brief.subject, s, basis, **asked(brief, shown), seed=brief.seed) for s, basis in bases.items()
    ]
    return torch.cat([integrated(contrast, steps=POINTS) for contrast in contrasts])


def in_circuit(brief: RepairBrief, shown: Evidence, bases: dict[str, Basis], width: int) -> Float[Tensor, " all"]:
    """The same for latents from which edges of the feature circuit lead to the decision; zero for others."""
    found = feature_circuit(brief.subject, bases, **asked(brief, shown), seed=brief.seed, steps=POINTS)
    effects = torch.zeros(len(bases) * width)
    for (site, unit), value in found.connected().nodes.items():
        effects[list(bases).index(site) * width + unit] = value
    return effects


def asked(brief: RepairBrief, shown: Evidence) -> Asked:
    """Which decision it is about: a shortcut's on clean examples, in which cue and class agree; else the fault's."""
    if shown.cues:
        return {"faulty": brief.clean, "clean": brief.clean, "fault": _decided}
    return {"faulty": shown.examples, "clean": brief.clean, "fault": margin}


def _decided(logits: Tensor, labels: Tensor) -> Tensor:
    return -margin(logits, labels)


def explained(brief: RepairBrief, shown: Evidence, site: str, basis: Basis) -> Float[Tensor, " k"]:
    """How much of each latent's variance over inputs is told by the cue; without cues, by whether they are faulty.

    A rule stands in for the judge who reads what a latent means: the correlation ratio of its mean code.
    """
    told = shown.examples
    if not shown.cues:
        n, m = len(told), len(brief.clean)
        join = type(told.inputs).concat
        told = Labelled(join([told.inputs, brief.clean.inputs]), torch.arange(n + m).ge(n).long())  # type: ignore[list-item]
    codes = _means(basis, rows_at(brief.subject, told.inputs, site))
    kinds = told.labels.unique()
    middle = codes.mean(dim=0)
    between = torch.zeros_like(middle)
    for kind in kinds:
        own = codes[told.labels == kind]
        between += len(own) * (own.mean(dim=0) - middle).square()
    total = (codes - middle).square().sum(dim=0)
    return torch.where(total > 0, between / total.clamp_min(1e-12), 0.0)


def _means(basis: Basis, found: Rows) -> Float[Tensor, "n k"]:
    codes = basis.encode(found.x)
    total = codes.new_zeros(found.n, codes.shape[1]).index_add_(0, found.owner, codes)
    return total / torch.bincount(found.owner, minlength=found.n)[:, None]
