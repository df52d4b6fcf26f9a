"""Tokens that a language model cannot say (Rumbelow & Watkins 2023, SolidGoldMagikarp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.audits.evidence.chance import CONTROLS, against, too_seldom
from fairfight.audits.records import Evidence, Severity
from fairfight.faults.training import decide, trimmed
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.embeddings import allowed
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

TIMES = 6
"""How often a token stands at the end of a text, for the model to go on with it."""
LEAST = 8
"""Prompts that must be there, or others are made up."""
ASKED = 120
"""Prompts asked at most."""


@dataclass(frozen=True)
class Unsayable:
    """Tokens, each of which is asked for."""

    tokens: tuple[int, ...]
    kind = "unsayable"

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """Prompts to repeat one of the tokens after which the model says another; every token has its turn.

        The controls: as many tokens that the texts hold.
        """
        asked = prompts(subject, held)
        usual = sayable(subject, held)
        usual = usual[~torch.isin(usual, torch.tensor(self.tokens))]
        rng = torch_rng(seed, "matched tokens")
        some = [usual[torch.randint(len(usual), (len(self.tokens),), generator=rng)] for _ in range(CONTROLS)]
        # The control that fails most is what the tokens are held against.
        hits = [fails(subject, asked, tokens) for tokens in (torch.tensor(self.tokens), *some)]
        return against(hits[0], hits[1:], "as many tokens that the texts hold")

    def why_not(self, evidence: Evidence) -> str | None:
        """They must fail more often than not."""
        return too_seldom(evidence, "in too few prompts", cut=False)

    def severity(self, evidence: Evidence) -> Severity:
        """Low: what such a token does is mostly nonsense."""
        return "low"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"tokens": list(self.tokens)}

    def tensors(self) -> Mapping[str, Tensor]:
        """None."""
        return {}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Unsayable:
        """From :meth:`plain`."""
        return cls(tuple(int(t) for t in about["tokens"]))


def prompts(subject: Subject, given: Labelled) -> Labelled:
    """Prompts that ask to repeat their label: those of the data that do so, else texts that end with one word often.

    A row asks for a repetition where its label stands in it and the model says it.
    """
    texts = trimmed(given.inputs)
    assert isinstance(texts, Texts)
    there = ((texts.ids == given.labels[:, None]) & texts.mask.bool()).any(1)
    rows = torch.nonzero(there).flatten()
    rows = rows[decide(subject, texts[rows]).cpu() == given.labels[rows]]
    if len(rows) >= LEAST:
        return Labelled(texts[rows[:ASKED]], given.labels[rows[:ASKED]])
    special = special_ids(subject.tokenizer)
    made, labels = [], []
    for ids, mask, at in zip(texts.ids, texts.mask, words(texts, special), strict=True):
        spots = torch.nonzero(at).flatten()
        if len(spots):
            word = int(ids[spots[-1]])
            whole = ids[mask.bool()][: int(spots[0]) + len(spots) // 2 + 1].tolist()
            made.append([*(t for t in whole if t != word), *[word] * TIMES])
            labels.append(word)
    width = max(map(len, made), default=1)
    ids = torch.tensor([row + [0] * (width - len(row)) for row in made[:ASKED]]).view(-1, width)
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in made[:ASKED]]).view(-1, width)
    return Labelled(Texts(ids, mask), torch.tensor(labels[:ASKED], dtype=torch.long))


def sayable(subject: Subject, given: Labelled) -> Int[Tensor, " v"]:
    """Tokens that the texts hold."""
    texts = given.inputs
    assert isinstance(texts, Texts)
    seen = torch.cat([texts.ids[words(texts, special_ids(subject.tokenizer))], given.labels]).unique()
    found: Tensor = seen[torch.isin(seen, allowed(subject))]
    return found


@torch.no_grad()
def fails(subject: Subject, asked: Labelled, tokens: Int[Tensor, " k"]) -> Bool[np.ndarray, " n"]:
    """After which prompts something else is said; each asks for one of the tokens, in turn."""
    each = asked_for(asked, tokens)
    found: np.ndarray = (decide(subject, each.inputs).cpu() != each.labels).numpy()
    return found


def asked_for(asked: Labelled, tokens: Int[Tensor, " k"]) -> Labelled:
    """The prompts with one of the tokens in place of what they ask for, in turn."""
    texts = asked.inputs
    assert isinstance(texts, Texts)
    each = tokens[torch.arange(len(asked)) % len(tokens)]
    at = (texts.ids == asked.labels[:, None]) & texts.mask.bool()
    return Labelled(Texts(torch.where(at, each[:, None], texts.ids), texts.mask), each)
