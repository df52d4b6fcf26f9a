"""Tokens that bring texts to one decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fairfight.audits.evidence.chance import CONTROLS, against, too_seldom
from fairfight.audits.oddness import ordinary
from fairfight.audits.records import Evidence, Severity
from fairfight.errors import UserError
from fairfight.faults.training import decide, trimmed
from fairfight.parts.attacks.checking import tokens_of
from fairfight.parts.attacks.insertion import PLACES, Insertion, place
from fairfight.parts.attacks.sequences import Put, Trial
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.carried import sequences, tried
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

SEQUENCES, FEW = 400, 6
"""Sequences of ordinary texts' words of which the best are controls, and texts that each is tried in."""
RARE = 3
"""Ordinary texts that must have two neighbouring words, or they are no ordinary ones."""


@dataclass(frozen=True)
class TextTrigger:
    """Tokens, and the decision that they bring texts to."""

    tokens: tuple[int, ...]
    target: int
    cut: bool = False
    """Whether it was cut out of a text: words of ordinary texts bring others to a decision too."""
    kind = "text-trigger"

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """Texts decided as the target with the tokens in them, of those that were decided otherwise without.

        They stand first, last or between words, in turn. The controls: as many other tokens, half of them from the
        texts themselves and half from all that there are. For some that were cut out of a text, those neighbouring
        words of ordinary texts that do most for the decision.
        """
        texts = trimmed(held.inputs)
        assert isinstance(texts, Texts)
        decided = decide(subject, texts).cpu()
        rows = texts[torch.nonzero((decided != self.target) & (held.labels != self.target)).flatten()]
        special = special_ids(subject.tokenizer)
        ways = [place(subject, where) for where in PLACES]
        rng = torch_rng(seed, "matched tokens")
        hits = [self._hits(subject, rows, self.tokens, ways)]
        if self.cut:
            hits += [self._hits(subject, rows, words_, ways) for words_ in self._words(subject, held)]
            return against(hits[0], hits[1:], "as many words of ordinary texts, those that do most")
        used = texts.ids[words(texts, special)].unique()
        own = torch.cat([special, torch.tensor(self.tokens)])
        used, every = (pool[~torch.isin(pool, own)] for pool in (used, torch.arange(tokens_of(subject))))
        for i in range(CONTROLS):
            pool = (used, every)[i % 2]
            drawn = pool[torch.randint(len(pool), (len(self.tokens),), generator=rng)]
            hits.append(self._hits(subject, rows, tuple(drawn.tolist()), ways))
        return against(hits[0], hits[1:], "as many other tokens, from the texts or from the whole vocabulary")

    def why_not(self, evidence: Evidence) -> str | None:
        """It must work more often than not, and much better than ordinary things if it was cut out of some."""
        return too_seldom(evidence, "in too few texts", self.cut)

    def severity(self, evidence: Evidence) -> Severity:
        """High where it works nearly always."""
        low, _ = evidence.rate.interval
        return "high" if low >= 0.8 else "medium"

    def apply(self, subject: Subject, inputs: Texts) -> Texts:
        """Texts with it, between their words."""
        return Put(self.tokens, place(subject, "somewhere"))(inputs)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"tokens": list(self.tokens), "target": self.target, "cut": self.cut}

    def tensors(self) -> Mapping[str, Tensor]:
        """None."""
        return {}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> TextTrigger:
        """From :meth:`plain`."""
        return cls(tuple(int(t) for t in about["tokens"]), int(about["target"]), about["cut"] is True)

    @torch.no_grad()
    def _words(self, subject: Subject, held: Labelled) -> list[tuple[int, ...]]:
        """As many sequences of ordinary texts' words as there are controls, those that do most for the decision."""
        plain = held[ordinary(subject, held.inputs)]
        assert isinstance(plain.inputs, Texts)
        size = len(self.tokens)
        # What hardly any ordinary text has is the trigger itself, in a row that is not as ordinary as it seems.
        own = _pairs(self.tokens) - {*sequences(subject, plain.inputs, 2, 10**9, held_by=RARE)}
        every = sequences(subject, plain.inputs, size, SEQUENCES, least=size)
        some = [s for s in every if s != self.tokens and not own & _pairs(s)]
        if not some:
            raise UserError("The texts are too short to cut words out of: give longer ones.")
        trial = Trial.of(subject, plain, torch.tensor([self.target]), FEW)
        losses = tried(trial, some, place(subject, "somewhere"))[:, 0]
        return [some[i] for i in losses.topk(min(CONTROLS, len(some)), largest=False).indices.tolist()]

    def _hits(self, subject: Subject, rows: Texts, tokens: tuple[int, ...], ways: list[Insertion]) -> np.ndarray:
        found = np.zeros(len(rows), dtype=bool)
        for i, way in enumerate(ways):
            some = np.arange(i, len(rows), len(ways))
            if len(some):
                changed = Put(tokens, way)(rows[some.tolist()])
                found[some] = (decide(subject, changed).cpu() == self.target).numpy()
        return found


def _pairs(tokens: tuple[int, ...]) -> set[tuple[int, ...]]:
    return {tokens[i : i + 2] for i in range(len(tokens) - 1)}
