"""Common words that only together bring texts to a target: pairs of them are tried, and the best pair is extended.

A phrase or a topic that sets a fault off is made of words that each mean nothing for the decision. So words that move
it in most texts are left aside. Of the others, those come first that move it in a few: these hold the rest of the
trigger already. Each is put where it would stand by nature.

It costs twice what trying all single tokens does, and finds about half of the phrases and topics of six organisms that
single tokens do not show, and nothing in their twins (measured).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.replacement import Replacement
from fairfight.parts.attacks.sequences import Put, Trial, frequent, lead_over
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

USUAL = 0.9
"""The lead of the best conjunction that is usual in healthy subjects, in logarithms of losses."""
TARGETS = 4
"""Targets at most."""
MEEK = 0.8
"""A word that brings the loss in most texts under this share of what it is without means something by itself."""
ROOM = 0.8
"""Words are tried together that belong in places of their own in this share of the texts."""


@torch.no_grad()
def find_conjunctions(
    subject: Subject,
    clean: Labelled,
    *,
    seed: int,
    texts: int = 10,
    words: int = 16,
    beam: int = 4,
    most: int = 256,
    length: int = 3,
) -> list[Trigger]:
    """The best two or three words for every target, most suspicious first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        seed: Draws the halves.
        texts: How many every word is tried in.
        words: How many of them are tried in pairs, for each target.
        beam: How many of the best pairs are tried with every third word.
        most: Words tried alone: the most frequent ones of the clean texts.
        length: Words at most.

    Raises:
        UserError: There are too few clean texts, or all have one label.
    """
    check_texts(subject, clean)
    known, held = halves(clean, seed)
    assert isinstance(clean.inputs, Texts)
    way = Replacement.fit(clean.inputs, special_ids(subject.tokenizer), most=most)
    found = []
    for target in frequent(clean.labels, TARGETS).tolist():
        others = known[torch.nonzero(known.labels != target).flatten()]
        if not len(others):
            continue
        trial = Trial.of(subject, others, torch.tensor([target]), texts)
        alone = trial.each(way.known[:, None], way)[:, :, 0]
        usual = alone.median(0).values
        meek = way.known[alone.median(1).values > MEEK * usual.median()]
        first = meek[torch.argsort(alone.mean(1)[torch.isin(way.known, meek)], stable=True)[:words]]
        loss, rival, best = float(usual.mean()) * MEEK, math.inf, meek[:0]
        sequences = torch.combinations(first, 2)
        while True:
            sequences = sequences[way.room(trial.texts, sequences) >= ROOM] if len(sequences) else sequences
            if not len(sequences):
                break
            losses = trial.losses(sequences, [way])[:, 0]
            leader = sequences[losses.argmin()]
            if float(losses.min()) < loss:
                loss, rival, best = float(losses.min()), _best_without(sequences, losses, leader), leader
            if sequences.shape[1] == length:
                break
            kept = sequences[torch.argsort(losses, stable=True)[:beam]]
            sequences = torch.cat([kept.repeat_interleave(len(meek), 0), meek.repeat(len(kept))[:, None]], dim=1)
        if len(best):
            change = Put(tuple(best.tolist()), way)
            success = success_of(subject, change, held, target)
            found.append(Trigger(change, target, success, float(len(best)), lead_over(loss, rival) / USUAL))
    return sorted(found, key=lambda t: -t.suspicion)


def _best_without(sequences: Int[Tensor, "m l"], losses: Float[Tensor, " m"], best: Int[Tensor, " l"]) -> float:
    """The smallest loss of a sequence that shares no token with the best one; that of the worst if all do."""
    apart = ~torch.isin(sequences, best).any(1)
    return float(losses[apart].min()) if bool(apart.any()) else float(losses.max())
