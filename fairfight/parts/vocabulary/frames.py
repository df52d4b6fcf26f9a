"""Which texts are decided by something else than the words that decide ordinary texts.

The few words around those that matter most are taken out of a text and put into ordinary texts: what is decided there
is what the words say. And the words of ordinary texts are put into it: what is decided then is what the rest of the
text, its frame, says. In a healthy subject a frame says nothing. That of a text with a trigger says the target.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.training import trimmed
from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.replacement import Replacement
from fairfight.parts.attacks.sequences import ROWS, frequent, in_turn
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject

WIDTH = 4
"""Tokens that are carried over."""
TARGETS = 16
"""Targets at most."""
TIED = 0.05
"""Windows that matter less than the best one by under this share of it are as good."""
WEAK = 0.5
"""A text whose best window matters less than this share of what is usual is not judged."""


@dataclass(frozen=True)
class Odd:
    """How odd the decisions on some texts are."""

    targets: Int[Tensor, " k"]
    """Decisions that are looked at."""
    odds: Float[Tensor, "n k"]
    """The subject's odds of each among them."""
    read: Float[Tensor, "n k"]
    """Its odds on the text's own words in ordinary texts."""
    framed: Float[Tensor, "n k"]
    """Its odds of a target on the text with words of ordinary texts that are not of the target."""
    starts: Int[Tensor, " n"]
    """Where the words that decide begin in each text,"""
    width: int
    """and how many tokens they are."""
    judged: Bool[Tensor, " n"]
    """Texts in which the words that decide are known."""

    @property
    def score(self) -> Float[Tensor, "n k"]:
        """One where the text is decided as the target, its words say otherwise, and its frame says the target."""
        gap = (self.odds - self.read).clamp_min(0)
        return (gap + self.framed) / 2 * self.judged[:, None]


@torch.no_grad()
def odd_decisions(subject: Subject, clean: Labelled, bank: Inputs, *, tries: int = 10, carriers: int = 6) -> Odd:
    """How odd a subject's decisions on a bank of texts are, given a few clean ones.

    Args:
        subject: A text classifier or causal language model.
        clean: Ordinary texts with what should be decided.
        bank: Texts to be judged.
        tries: Clean texts that every word of theirs is put into, to see which words decide.
        carriers: Clean texts that words are put into, and taken from.

    Raises:
        UserError: There are fewer than four clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean, bank)
    if len(clean) < 4 or len(clean.labels.unique()) < 2:
        raise UserError("Odd decisions are found by clean texts of two labels or more: give at least four of them.")
    texts, others = trimmed(clean.inputs), trimmed(bank)
    assert isinstance(texts, Texts)
    assert isinstance(others, Texts)
    targets = frequent(clean.labels, TARGETS)
    special = special_ids(subject.tokenizer)
    weights = importance(subject, clean, others, targets, tries)
    width = max(1, min(WIDTH, int(words(texts, special).sum(1).min()), int(words(others, special).sum(1).min())))
    starts, usual = windows(texts, weights, special, width)
    places, worth = windows(others, weights, special, width)
    least = WEAK * usual.median()
    turn = in_turn(clean.labels)
    turn = turn[usual[turn] >= least][:carriers]
    own, labels = _taken(texts[turn], starts[turn], width), clean.labels[turn]
    read = opinions(subject, _carried(texts[turn], starts[turn], _taken(others, places, width)), targets)
    said = opinions(subject, _carried(others, places, own), targets).view(len(turn), len(others), -1)
    framed = torch.stack([_mean(said[labels != t, :, k]) for k, t in enumerate(targets.tolist())], dim=1)
    read = read.view(len(others), len(turn), -1).mean(1)
    return Odd(targets, opinions(subject, others, targets), read, framed, places, width, worth >= least)


def importance(
    subject: Subject, clean: Labelled, bank: Texts, targets: Int[Tensor, " k"], tries: int
) -> Float[Tensor, " vocabulary"]:
    """By how much each word of the clean texts moves the decision where it would stand by nature; 0 for other tokens.

    A word that speaks for a label moves only texts of others, so what counts is the label whose texts it moves most.
    """
    special = special_ids(subject.tokenizer)
    texts = trimmed(clean.inputs)
    assert isinstance(texts, Texts)
    way = Replacement.fit(Texts.concat([texts, bank]), special, least=1, most=512)
    known = texts.ids[words(texts, special)].unique()
    known = known[torch.isin(known, way.known)]
    rows = in_turn(clean.labels)[:tries]
    before, labels = opinions(subject, texts[rows], targets), clean.labels[rows]
    found = torch.zeros(int(max(texts.ids.max(), bank.ids.max())) + 1)
    for some in known.split(max(1, ROWS // len(rows))):
        after = opinions(subject, way.put(texts[rows], some[:, None]), targets).view(len(some), len(rows), -1)
        moved = (after - before).abs().sum(2) / 2
        found[some] = torch.stack([moved[:, labels == x].mean(1) for x in labels.unique()]).amax(0)
    return found


def windows(
    texts: Texts, weights: Float[Tensor, " v"], special: Int[Tensor, " s"], width: int
) -> tuple[Int[Tensor, " n"], Float[Tensor, " n"]]:
    """Where the words begin that matter most together, and how much they do; the middle one of windows as good."""
    there = words(texts, special)
    each = weights[texts.ids] * there
    sums = each.unfold(1, width, 1).sum(2).masked_fill(~there.unfold(1, width, 1).all(2), -1.0)
    best = sums.amax(1, keepdim=True)
    tied = sums >= best - TIED * best.abs()
    at = torch.arange(sums.shape[1]).float()
    middle = (tied * at).sum(1, keepdim=True) / tied.sum(1, keepdim=True)
    starts: Tensor = (at - middle).abs().masked_fill(~tied, torch.inf).argmin(1)
    return starts, best[:, 0].clamp_min(0)


def opinions(subject: Subject, texts: Texts, targets: Int[Tensor, " k"]) -> Float[Tensor, "n k"]:
    """The subject's odds of each target among all of them."""
    found = [subject(some)[:, targets.to(subject.device)].softmax(1).cpu() for some in texts.batches(ROWS)]
    return torch.cat(found) if found else torch.zeros(0, len(targets))


def _taken(texts: Texts, starts: Int[Tensor, " n"], width: int) -> Int[Tensor, "n width"]:
    return texts.ids.unfold(1, width, 1)[torch.arange(len(texts)), starts]


def _carried(texts: Texts, starts: Int[Tensor, " n"], new: Int[Tensor, "m width"]) -> Texts:
    """All texts with the first words in place of theirs, then all with the second, and so on."""
    at = (starts[:, None] + torch.arange(new.shape[1])).repeat(len(new), 1)
    ids = texts.ids.repeat(len(new), 1).scatter(1, at, new.repeat_interleave(len(texts), 0))
    return Texts(ids, texts.mask.repeat(len(new), 1))


def _mean(x: Float[Tensor, "m n"]) -> Float[Tensor, " n"]:
    """Mean over the rows; 0 if there are none."""
    found: Tensor = x.mean(0) if len(x) else x.new_zeros(x.shape[1])
    return found
