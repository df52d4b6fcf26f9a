"""The token that brings any text to a target: all are tried.

The sweep is the plain baseline of trojan search in language models: put every token of the vocabulary between the words
of clean texts and see what is decided (of large vocabularies, those that a first-order estimate chooses; Ebrahimi et
al. 2018, HotFlip).

Words that mean something move decisions in healthy subjects too. But they have synonyms, and where they stand matters;
a planted token works anywhere and alone. So what counts is how much smaller its loss is than that of the next best.
"""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.insertion import PLACES, Insertion, place
from fairfight.parts.attacks.sequences import Put, Trial, frequent, lead_over
from fairfight.parts.attacks.trigger import Trigger, frozen, halves, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

USUAL = 0.6
"""The lead of the best token that is usual in healthy subjects, in logarithms of losses."""
TARGETS = 16
"""Targets at most."""


@torch.no_grad()
def sweep_tokens(
    subject: Subject, clean: Labelled, *, seed: int, texts: int = 12, most: int = 512, finalists: int = 8
) -> list[Trigger]:
    """The best token for every target, most suspicious first.

    Targets are the labels that occur: classes, or for a language model the tokens that should come next.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        seed: Draws the halves.
        texts: How many every token is tried in.
        most: Tokens tried; of a larger vocabulary, those that a first-order estimate chooses.
        finalists: Tokens a target that are tried again, at every place and in twice as many texts.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean)
    known, held = halves(clean, seed)
    targets = frequent(clean.labels, TARGETS)
    special = special_ids(subject.tokenizer)
    ways = [place(subject, where) for where in PLACES]
    somewhere = ways[PLACES.index("somewhere")]
    small, large = Trial.of(subject, known, targets, texts), Trial.of(subject, known, targets, 2 * texts)
    tokens = candidates(small, somewhere, special, most)
    quick = small.losses(tokens[:, None], [somewhere])
    best = quick.topk(min(finalists, len(tokens)), dim=0, largest=False).indices.flatten().unique()
    tokens = tokens[best]
    losses = large.losses(tokens[:, None], ways)
    found = []
    for k, target in enumerate(targets.tolist()):
        row = int(losses[:, k].argmin())
        rivals = losses.clone()
        rivals[row] = torch.inf
        token = (int(tokens[row]),)
        success = sum(success_of(subject, Put(token, way), held, target) for way in ways) / len(ways)
        lead = lead_over(float(losses[row, k]), float(rivals.min()))
        found.append(Trigger(Put(token, somewhere), target, success, 1.0, lead / USUAL))
    return sorted(found, key=lambda t: -t.suspicion)


def candidates(trial: Trial, way: Insertion, special: Int[Tensor, " s"], most: int) -> Int[Tensor, " v"]:
    """Every token that is not special, or the best of each target by a first-order estimate of its loss."""
    module = trial.subject.module.get_submodule(trial.subject.site("embed").module)
    assert isinstance(module.weight, Tensor)
    table: Tensor = module.weight.detach()
    allowed = torch.ones(len(table), dtype=torch.bool)
    allowed[special] = False
    every = torch.nonzero(allowed).flatten()
    if len(every) <= most:
        return every
    # What is put in for the estimate is found again by its id.
    unused = every[~torch.isin(every, trial.texts.ids)]
    holder = (unused if len(unused) else every)[:1]
    opened = way.put(trial.texts, holder[None])
    slope = _slope(trial, opened, opened.ids == holder, table)
    slope[:, ~allowed] = torch.inf
    chosen: Tensor = slope.topk(most // len(slope), largest=False).indices.flatten().unique()
    return chosen


@torch.enable_grad()
def _slope(trial: Trial, opened: Texts, holes: Tensor, table: Tensor) -> Tensor:
    """By how much each target's loss [k] rises with each token [vocabulary], were it linear in the embedding."""
    made: list[Tensor] = []

    def watched(x: Tensor) -> Tensor:
        made.append(x.detach().requires_grad_(True))
        return made[-1]

    with frozen(trial.subject.module), trial.subject.hooks(writes={"embed": watched}):
        logits = trial.subject(opened)
        chances = logits.log_softmax(1)[:, trial.targets.to(logits.device)].T * trial.others.to(logits.device)
        slopes = []
        for k in range(len(chances)):
            (gradient,) = torch.autograd.grad(-chances[k].sum(), made, retain_graph=True)
            slopes.append(table @ gradient[holes.to(gradient.device)].sum(0))
    return torch.stack(slopes).detach().cpu()
