"""Latents of a sparse autoencoder by how much they have to do with odd decisions (Smith & Brinkmann 2024).

A latent's effect on a target is, to first order, the slope of the target's log-odds times how strongly it fires. What
usually decides has such an effect in every text; a trigger's latents have theirs in the odd ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.attacks.trigger import frozen
from fairfight.parts.bases.sparse import SparseAutoencoder, train
from fairfight.parts.vocabulary.frames import Odd
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject

BATCH = 64


@dataclass(frozen=True)
class Ranked:
    """A latent and the texts on which its effect is largest."""

    latent: int
    target: int
    rows: tuple[int, ...]
    """The largest effect first."""
    odd: float
    """How odd the two texts with the largest effect are."""


def ranked_latents(
    subject: Subject,
    bank: Inputs,
    odd: Odd,
    site: str,
    *,
    width: int = 192,
    k: int = 8,
    steps: int = 120,
    most: int = 8,
    seed: int,
) -> list[Ranked]:
    """Latents by how well their effect on a target goes with odd decisions for it, the best first.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        bank: The texts that ``odd`` is about.
        odd: How odd their decisions are.
        site: Where a dictionary is trained, on all tokens of these texts.
        width: Of the dictionary.
        k: Latents that fire on a token.
        steps: Of its training.
        most: Texts given for each latent.
        seed: Draws the dictionary's batches.
    """
    texts = trimmed(bank)
    assert isinstance(texts, Texts)
    column = int(torch.argmax(odd.score.amax(0)))
    acts, slopes = _read(subject, texts, site, odd, column)
    real = texts.mask[:, : acts.shape[1]].bool()
    dictionary = train(acts[real], width=width, k=k, steps=steps, batch=256, rate=3e-3, seed=seed)
    effects = _effects(dictionary, acts, slopes * real[..., None])
    score = odd.score[:, column]
    weights = score - score.mean()
    spread = effects.std(0)
    agreement = (weights @ effects) / (spread * weights.norm() * len(score) ** 0.5).clamp_min(1e-9)
    found = []
    for latent in torch.argsort(agreement, descending=True, stable=True).tolist():
        rows = effects[:, latent].topk(min(most, len(effects))).indices
        # Beyond half of the largest effect it is the same thing that fires.
        rows = rows[effects[rows, latent] >= 0.5 * effects[rows[0], latent]]
        sure = float(score[rows[:2]].mean())
        found.append(Ranked(latent, int(odd.targets[column]), tuple(rows.tolist()), sure))
    return found


def _read(subject: Subject, texts: Texts, site: str, odd: Odd, column: int) -> tuple[Tensor, Tensor]:
    """Activations [n, tokens, d] at a site, and the slopes of a target's log-odds by them."""
    acts, slopes = [], []

    def leaf(x: Tensor) -> Tensor:
        return x.detach().requires_grad_()

    for batch in texts.batches(BATCH):
        with torch.enable_grad(), frozen(subject.module), subject.hooks([site], {site: leaf}) as tape:
            logits = subject(batch)[:, odd.targets.to(subject.device)]
            others = logits.masked_fill(torch.arange(logits.shape[1]) == column, -torch.inf)
            (slope,) = torch.autograd.grad((logits[:, column] - others.logsumexp(1)).sum(), [tape[site]])
            acts.append(tape[site].detach().cpu())
            slopes.append(slope.cpu())
    return torch.cat(acts), torch.cat(slopes)


@torch.no_grad()
def _effects(
    dictionary: SparseAutoencoder, acts: Float[Tensor, "n t d"], slopes: Float[Tensor, "n t d"]
) -> Float[Tensor, "n width"]:
    """Each latent's effect in each text, summed over its tokens."""
    found = []
    for x, slope in zip(acts, slopes, strict=True):
        found.append((dictionary.encode(x) * (slope @ dictionary.decoder.T)).sum(0))
    return torch.stack(found)
