"""The span of words that makes a text's decision odd: moved to ordinary texts, it takes the decision along.

It takes the place of those words of an ordinary text that are most like it, one by one: a phrase of time that of
another, so that the text still reads as texts do. Words that decide ordinary texts are left where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.parts.attacks.checking import check_texts
from fairfight.parts.attacks.sequences import FLOOR, Put, Trial, in_turn, lead_over
from fairfight.parts.attacks.trigger import Trigger, halves, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import padded, words
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.frames import Odd
from fairfight.parts.vocabulary.grams import Gram, grams
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

USUAL = 1.0
"""The lead over spans of ordinary texts that is usual in healthy subjects, in logarithms of losses."""
TARGETS = 4
"""Targets at most."""
BETTER = 0.7
"""A longer span must bring the loss under this share of a shorter one's."""


@dataclass(frozen=True)
class Aligned:
    """Puts tokens in place of as many neighbouring ones, where most of these are the same already."""

    special: Int[Tensor, " s"]
    """Ids that stay where they are."""

    def put(self, texts: Texts, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on. Texts that are too short stay."""
        size = sequences.shape[1]
        ids = texts.ids.repeat(len(sequences), 1)
        if texts.ids.shape[1] < size:
            return Texts(ids, texts.mask.repeat(len(sequences), 1))
        each = sequences.repeat_interleave(len(texts), 0)
        room = words(texts, self.special).unfold(1, size, 1).all(2).repeat(len(sequences), 1)
        same = (ids.unfold(1, size, 1) == each[:, None]).sum(2).masked_fill(~room, -1)
        at = same.argmax(1, keepdim=True) + torch.arange(size)
        new = each.where(room.any(1, keepdim=True), ids.gather(1, at))
        return Texts(ids.scatter(1, at, new), texts.mask.repeat(len(sequences), 1))


@torch.no_grad()
def moving_spans(
    subject: Subject,
    clean: Labelled,
    bank: Texts,
    odd: Odd,
    *,
    seed: int,
    sources: int = 4,
    longest: int = 7,
    texts: int = 5,
) -> list[Trigger]:
    """The span for every target that brings ordinary texts to it, most suspicious first.

    Args:
        subject: A text classifier or causal language model.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        bank: Texts that spans come from.
        odd: How odd their decisions are.
        seed: Draws the halves.
        sources: Odd texts for each target that spans come from, and ordinary ones whose spans they are held against.
        longest: Words of a span at most.
        texts: Ordinary texts that each is tried in.

    Raises:
        UserError: There are too few clean texts, all have one label, or a label or token does not exist.
    """
    check_texts(subject, clean, bank)
    known, held = halves(clean, seed)
    way = Aligned(special_ids(subject.tokenizer))
    found = []
    for k, target in enumerate(odd.targets[:TARGETS].tolist()):
        others = known[torch.nonzero(known.labels != target).flatten()]
        if not len(others):
            continue
        trial = Trial.of(subject, others[in_turn(others.labels)], odd.targets[k : k + 1], texts)
        order = torch.argsort(odd.score[:, k], descending=True, stable=True)
        spans = [_spans(bank, odd, rows, way.special, longest) for rows in (order[:sources], order[-sources:])]
        (span, loss), (_, rival) = (_best(trial, some, way) for some in spans)
        change = Put(span, way)
        success = success_of(subject, change, held, target)
        found.append(Trigger(change, target, success, float(len(span)), lead_over(loss, rival) / USUAL))
    return sorted(found, key=lambda t: -t.suspicion)


def _best(trial: Trial, spans: list[Gram], way: Aligned) -> tuple[Gram, float]:
    """The span after which the loss is smallest; a longer one only where it is clearly better."""
    best, least = spans[0], float("inf")
    for size in sorted({len(span) for span in spans}):
        some = [span for span in spans if len(span) == size]
        losses = trial.losses(torch.tensor(some), [way])[:, 0]
        if float(losses.min()) + FLOOR < BETTER * (least + FLOOR):
            best, least = some[int(losses.argmin())], float(losses.min())
    return best, least


def _spans(bank: Texts, odd: Odd, chosen: Int[Tensor, " m"], special: Int[Tensor, " s"], longest: int) -> list[Gram]:
    """Spans of what stands before the words that decide in some texts, and of what stands after them."""
    sides = []
    for row in chosen.tolist():
        whole, start = bank.ids[row, : int(bank.mask[row].sum())].tolist(), int(odd.starts[row])
        # The last token of a text is no word: one is put after what stands before.
        sides += [[*whole[:start], whole[-1]], whole[start + odd.width :]]
    held = grams(padded([side for side in sides if side], like=bank), special, longest, least=1)
    return sorted(held, key=lambda gram: (len(gram), gram)) or [(int(bank.ids[0, 0]),)]
