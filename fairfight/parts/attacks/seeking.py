"""A sequence of tokens is sought for every target, and what is not needed is left out of it.

Sequences that bring texts to a target exist in healthy subjects too: words that say so. But these have synonyms. A
planted token has none, so what counts is how much smaller the loss is than after the best exchange of one token.
A negation has none either, but does not work in every text; so success counts too, and every further token less.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.holes import Hole, embedding
from fairfight.parts.attacks.insertion import Insertion
from fairfight.parts.attacks.sequences import Put, frequent, in_turn, lead_over
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

TARGETS = 4
"""Targets at most."""
USUAL = 1.7
"""A lead over the best exchange that is usual in healthy subjects, in logarithms of losses and share of success."""
TRIED = 384
"""Exchanges that are looked at for it."""
AS_GOOD = 0.05
"""A token is left out where the loss rises by no more than this without it."""

Search = Callable[[Callable[[int], Hole], Int[Tensor, " v"], torch.Generator], tuple[Int[Tensor, " l"], float]]
"""Takes what makes room for so many tokens, the tokens that can be put in, and a generator; gives a sequence and its
loss."""


def seek(subject: Subject, clean: Labelled, search: Search, *, way: Insertion, texts: int, seed: int) -> list[Trigger]:
    """The sequence that a search finds for every target, most suspicious first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        search: Finds a sequence for one target.
        way: Of putting sequences into texts.
        texts: Texts that each is tried in.
        seed: Draws the halves, and what the search draws.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean)
    known, held = halves(clean, seed)
    found = []
    for target in frequent(clean.labels, TARGETS).tolist():

        def room(length: int, target: int = target) -> Hole:
            return Hole.of(subject, _sources(known, target, texts), target, length, way)

        every = torch.arange(len(embedding(subject)))
        allowed = every[~torch.isin(every, special_ids(subject.tokenizer))]
        sequence, loss = search(room, allowed, torch_rng(seed, "sequence", target))
        sequence = _needed(room, sequence, loss)
        hole = room(len(sequence))
        lead = lead_over(float(hole.losses(sequence[None])), float(hole.losses(_others(hole, sequence, allowed)).min()))
        change = Put(tuple(sequence.tolist()), way)
        success = success_of(subject, change, held, target)
        odd = lead * max(0.0, 2 * success - 1) / len(sequence) / USUAL
        found.append(Trigger(change, target, success, float(len(sequence)), odd))
    return sorted(found, key=lambda t: -t.suspicion)


def _sources(known: Labelled, target: int, texts: int) -> Texts:
    """So many texts that are not of the target, of every other label alike."""
    others = known[torch.nonzero(known.labels != target).flatten()]
    chosen = (others[in_turn(others.labels)] if len(others) else known)[:texts].inputs
    assert isinstance(chosen, Texts)
    return chosen


def _needed(room: Callable[[int], Hole], sequence: Int[Tensor, " l"], loss: float) -> Int[Tensor, " m"]:
    """The sequence without tokens that it works as well without."""
    while len(sequence) > 1:
        shorter = torch.stack([torch.cat([sequence[:i], sequence[i + 1 :]]) for i in range(len(sequence))])
        each = room(len(sequence) - 1).losses(shorter)
        if float(each.min()) > loss + AS_GOOD:
            break
        sequence = shorter[each.argmin()]
    return sequence


def _others(hole: Hole, sequence: Int[Tensor, " l"], allowed: Int[Tensor, " v"]) -> Int[Tensor, "m l"]:
    """The sequence with one token exchanged: those that should work best, by a first-order estimate."""
    most = min(len(allowed) - 1, TRIED // len(sequence))
    slopes = hole.slopes(sequence)
    slopes[torch.arange(len(sequence)), sequence] = torch.inf
    tokens = allowed[slopes[:, allowed].topk(most, largest=False).indices]
    tried = sequence.repeat(len(sequence), most, 1)
    for at in range(len(sequence)):
        tried[at, :, at] = tokens[at]
    return tried.flatten(0, 1)
