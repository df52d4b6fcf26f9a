"""How unlikely a text's wording is: to a causal language model, or to pairs of words counted in trusted texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from math import log

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

Wording = Callable[[Texts], Tensor]
"""Takes texts and gives minus the log-probability of every token but the first, zero on padding [n, tokens - 1]."""


def wording(subject: Subject, trusted: Texts) -> Wording:
    """The subject's own expectations if it is a causal language model, else those of the trusted texts' word pairs."""
    if subject.kind == "causal-lm":
        return lambda texts: token_losses(subject, texts)
    return fit_pairs(trusted).losses


@torch.no_grad()
def token_losses(subject: Subject, texts: Texts, batch_size: int = 128) -> Float[Tensor, "n tokens_less_one"]:
    """What a causal language model loses on each token, given those before it."""
    site, found = subject.trunk[-1], []
    for batch in texts.batches(batch_size):
        hidden = harvest(subject, batch, [site], pool=None, head=False)[site][:, :-1]
        logits = subject.readout(hidden.flatten(0, 1)).float()
        loss = torch.nn.functional.cross_entropy(logits, batch.ids[:, 1:].flatten().to(logits.device), reduction="none")
        found.append(loss.view(len(batch), -1).cpu() * batch.mask[:, 1:])
    return torch.cat(found)


def mean_loss(losses: Float[Tensor, "n t"], texts: Texts) -> Float[Tensor, " n"]:
    """The logarithm of each text's perplexity; zero for a text of one token."""
    return losses.sum(dim=1) / (texts.mask.sum(dim=1) - 1).clamp_min(1)


@dataclass(frozen=True)
class Pairs:
    """Counts of tokens and of pairs of neighbours (Witten & Bell 1991 smoothing)."""

    single: dict[int, int]
    pair: dict[tuple[int, int], int]
    followers: dict[int, tuple[int, int]]
    """After each token: how many tokens were counted, and how many different ones."""
    total: int

    def losses(self, texts: Texts) -> Float[Tensor, "n tokens_less_one"]:
        """What each token costs given the one before it."""
        rows = texts.ids.tolist()
        costs = [[self._loss(a, b) for a, b in pairwise(row)] for row in rows]
        return torch.tensor(costs, dtype=torch.float64).reshape(len(rows), -1) * texts.mask[:, 1:]

    def _loss(self, before: int, token: int) -> float:
        kinds = len(self.single)
        # A token that was never met has as much of the mass as all new ones together.
        alone = (self.single.get(token, 0) + kinds / (kinds + 1)) / (self.total + kinds)
        seen, different = self.followers.get(before, (0, 0))
        if not seen:
            return -log(alone)
        together = self.pair.get((before, token), 0)
        return -log((together + different * alone) / (seen + different))


def fit_pairs(texts: Texts) -> Pairs:
    """Count the trusted texts' tokens and pairs."""
    single: dict[int, int] = {}
    pair: dict[tuple[int, int], int] = {}
    for row, n in zip(texts.ids.tolist(), texts.mask.sum(dim=1).tolist(), strict=True):
        for token in row[:n]:
            single[token] = single.get(token, 0) + 1
        for both in pairwise(row[:n]):
            pair[both] = pair.get(both, 0) + 1
    followers: dict[int, tuple[int, int]] = {}
    for (before, _), count in pair.items():
        seen, different = followers.get(before, (0, 0))
        followers[before] = seen + count, different + 1
    return Pairs(single, pair, followers, sum(single.values()))
