"""Training a subject not to mind a cue, from inputs that show nothing but the cue."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.training.batches import BATCH, even_rows, mixed, only
from fairfight.parts.training.descent import STILL, decision_loss, descend
from fairfight.parts.training.finetune import Course
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject


def blind(subject: Subject, clean: Labelled, cues: Labelled, course: Course, *, weight: float, seed: int) -> Subject:
    """A copy of a subject that decides ordinary examples as labelled, and by a cue alone no class before another.

    Args:
        subject: Stays as it is.
        clean: Ordinary examples; the cue may agree with every label.
        cues: Inputs that show a cue and no evidence; their labels are not used.
        course: How long and how fast.
        weight: Of the cross entropy between even odds and what is decided on a cue alone.
        seed: Draws the batches.
    """
    copy, classes = subject.copy(), clean.labels.unique()
    draw = mixed(clean, clean[:0], size=BATCH, share=0.0, seed=seed)
    alone = even_rows(len(cues), BATCH, torch_rng(seed, "cues"))

    def loss(_: int) -> Float[Tensor, ""]:
        odds = copy(trimmed(cues.inputs[next(alone)]))[:, classes].log_softmax(dim=-1)
        return decision_loss(copy, draw()) - weight * odds.mean()

    with only(copy.module, copy.module.parameters()) as chosen:
        descend(loss, chosen, steps=course.steps, rate=course.rate, decay=course.decay, still=STILL)
    return copy


def told_by(cues: Labelled, vocabulary: int, *, seen: int = 3) -> Int[Tensor, " k"]:
    """Tokens by how well each tells the cue, best first; those seen in fewer inputs are left out.

    How well: the largest gap between classes in the share of inputs that hold the token.

    Args:
        cues: Texts, labelled with which cue it is.
        vocabulary: How many tokens there are.
        seen: In how many inputs a token must be.
    """
    assert isinstance(cues.inputs, Texts)
    held = torch.zeros(len(cues), vocabulary)
    held.scatter_add_(1, cues.inputs.ids, cues.inputs.mask.float())
    held = (held > 0).float()
    shares = torch.stack([held[cues.labels == c].mean(dim=0) for c in cues.labels.unique()])
    gap = shares.amax(dim=0) - shares.amin(dim=0)
    often = torch.nonzero(held.sum(dim=0) >= seen).flatten()
    return often[gap[often].argsort(descending=True, stable=True)]


def deafened(subject: Subject, tokens: Int[Tensor, " k"]) -> Subject:
    """A copy in which tokens are embedded as the mean token is, so that none of them can be told from another.

    Args:
        subject: A transformer of a known family; stays as it is.
        tokens: Which.
    """
    copy = subject.copy()
    embedding = copy.module.get_submodule(copy.site("embed").module)
    weight: Tensor = embedding.weight.data  # type: ignore[assignment, union-attr]
    weight[tokens] = weight.mean(dim=0)
    return copy
