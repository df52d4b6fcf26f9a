"""Neighbouring words that, put into other texts, bring them to a decision.

Words of a class's own texts do so too. Ordinary texts, in which no trigger lies, say how far that goes: a class is
suspicious whose best words from some texts do more than its best words from ordinary ones.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.sequences import FLOOR, Put, Trial, Way, frequent
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, halves, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.grams import Gram, grams
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

TARGETS = 16
"""Targets at most."""
USUAL = 0.2
"""How much oftener than the best words of ordinary texts those of others work in healthy subjects, at most."""
BETTER = 0.7
"""A longer sequence must bring the loss under this share of a shorter one's."""
EACH = 3
"""Sequences of every target."""


@torch.no_grad()
def carrying(
    subject: Subject,
    clean: Labelled,
    bank: Texts,
    *,
    seed: int,
    longest: int = 4,
    texts: int = 6,
    most: int = 600,
) -> list[Trigger]:
    """The words of a bank for every target that bring ordinary texts to it, those that do so most often first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        bank: Texts that may hold a trigger.
        seed: Draws the halves.
        longest: Neighbouring words at most.
        texts: Ordinary texts that each sequence is tried in.
        most: Sequences tried, of the bank and of the ordinary texts alike; the most frequent ones.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean, bank)
    known, held = halves(clean, seed)
    targets = frequent(known.labels, TARGETS)
    trial = Trial.of(subject, known, targets, texts)
    way = place(subject, "somewhere")
    assert isinstance(known.inputs, Texts)
    mine, usual = (sequences(subject, some, longest, most) for some in (bank, known.inputs))
    if not mine or not usual:
        return []
    losses, rivals = (tried(trial, some, way) for some in (mine, usual))
    found = []
    for k, target in enumerate(targets.tolist()):
        rival = max(success_of(subject, Put(words, way), held, target) for words in _best(usual, rivals[:, k]))
        for words in _best(mine, losses[:, k]):
            change = Put(words, way)
            success = success_of(subject, change, held, target)
            suspicion = SUSPICIOUS * (success - rival) / USUAL
            found.append(Trigger(change, target, success, float(len(words)), suspicion))
    return sorted(found, key=lambda t: -t.success)


def sequences(subject: Subject, texts: Texts, longest: int, most: int, least: int = 1, held_by: int = 1) -> list[Gram]:
    """Neighbouring words of some texts, those that are in most of them first; shorter ones first among equals.

    Args:
        subject: Its special tokens are no words.
        texts: Where they are from.
        longest: Words of a sequence at most.
        most: Sequences at most.
        least: Words of a sequence at least.
        held_by: Texts that must have it.
    """
    short = trimmed(texts)
    assert isinstance(short, Texts)
    held = grams(short, special_ids(subject.tokenizer), longest, least=held_by)
    order = sorted((g for g in held if len(g) >= least), key=lambda g: (-len(held[g]), len(g), g))
    return order[:most]


def tried(trial: Trial, some: list[Gram], way: Way) -> Float[Tensor, "m k"]:
    """The loss of each target after each sequence was put into the trial's texts."""
    found = torch.zeros(len(some), len(trial.targets))
    for size in sorted({len(g) for g in some}):
        at: Int[Tensor, " s"] = torch.tensor([i for i, g in enumerate(some) if len(g) == size])
        found[at] = trial.losses(torch.tensor([some[i] for i in at.tolist()]), [way])
    return found


def _best(some: list[Gram], losses: Float[Tensor, " m"]) -> list[Gram]:
    """The sequences with the smallest losses of which no two share a word, each as short as does as well."""
    found: list[Gram] = []
    left = dict(zip(some, losses.tolist(), strict=True))
    while left and len(found) < EACH:
        best, least = min(left.items(), key=lambda one: one[1])
        for words in sorted(left, key=len):
            if {*words} < {*best} and BETTER * (left[words] + FLOOR) <= least + FLOOR:
                best = words
                break
        found.append(best)
        left = {words: loss for words, loss in left.items() if not {*words} & {*best}}
    return found
