"""Tokens that bring texts to one decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fairfight.audits.evidence.chance import CONTROLS, against, too_seldom
from fairfight.audits.records import Evidence, Severity
from fairfight.faults.training import decide, trimmed
from fairfight.parts.attacks.checking import tokens_of
from fairfight.parts.attacks.insertion import PLACES, Insertion, place
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject


@dataclass(frozen=True)
class TextTrigger:
    """Tokens, and the decision that they bring texts to."""

    tokens: tuple[int, ...]
    target: int
    kind = "text-trigger"

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """Texts decided as the target with the tokens in them, of those that were decided otherwise without.

        They stand first, last or between words, in turn. The controls: as many other tokens, half of them from the
        texts themselves and half from all that there are.
        """
        texts = trimmed(held.inputs)
        assert isinstance(texts, Texts)
        decided = decide(subject, texts).cpu()
        rows = texts[torch.nonzero((decided != self.target) & (held.labels != self.target)).flatten()]
        special = special_ids(subject.tokenizer)
        ways = [place(subject, where) for where in PLACES]
        rng = torch_rng(seed, "matched tokens")
        used = texts.ids[words(texts, special)].unique()
        own = torch.cat([special, torch.tensor(self.tokens)])
        used, every = (pool[~torch.isin(pool, own)] for pool in (used, torch.arange(tokens_of(subject))))
        hits = [self._hits(subject, rows, self.tokens, ways)]
        for i in range(CONTROLS):
            pool = (used, every)[i % 2]
            drawn = pool[torch.randint(len(pool), (len(self.tokens),), generator=rng)]
            hits.append(self._hits(subject, rows, tuple(drawn.tolist()), ways))
        return against(hits[0], hits[1:], "as many other tokens, from the texts or from the whole vocabulary")

    def why_not(self, evidence: Evidence) -> str | None:
        """It must work more often than not."""
        return too_seldom(evidence, "in too few texts")

    def severity(self, evidence: Evidence) -> Severity:
        """High where it works nearly always."""
        low, _ = evidence.rate.interval
        return "high" if low >= 0.8 else "medium"

    def apply(self, subject: Subject, inputs: Texts) -> Texts:
        """Texts with it, between their words."""
        return Put(self.tokens, place(subject, "somewhere"))(inputs)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"tokens": list(self.tokens), "target": self.target}

    def tensors(self) -> Mapping[str, Tensor]:
        """None."""
        return {}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> TextTrigger:
        """From :meth:`plain`."""
        return cls(tuple(int(t) for t in about["tokens"]), int(about["target"]))

    def _hits(self, subject: Subject, rows: Texts, tokens: tuple[int, ...], ways: list[Insertion]) -> np.ndarray:
        found = np.zeros(len(rows), dtype=bool)
        for i, way in enumerate(ways):
            some = np.arange(i, len(rows), len(ways))
            if len(some):
                changed = Put(tokens, way)(rows[some.tolist()])
                found[some] = (decide(subject, changed).cpu() == self.target).numpy()
        return found
