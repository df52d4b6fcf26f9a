"""How novel a sparse code is beside trusted ones: too many latents, too much of them, or the wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import unknown

Measure = Literal["l0", "l1", "rare", "bernoulli"]
MEASURES: tuple[Measure, ...] = get_args(Measure)


@dataclass(frozen=True)
class Novelty:
    """How often and how strongly each latent fires on trusted activations."""

    rates: Float[Tensor, " width"]
    """Share of trusted activations that it fires on, never quite zero or one."""
    strengths: Float[Tensor, " width"]
    """Its mean code where it fires; that of all latents for one that never fires."""
    measure: Measure

    def score(self, codes: Float[Tensor, "n width"]) -> Float[Tensor, " n"]:
        """How novel each code is.

        ``l0`` counts latents that fire and ``l1`` adds up their codes; ``rare`` adds up codes in units of their usual
        strength, each times the surprise that its latent fires at all; ``bernoulli`` is the surprise of the whole
        pattern, were latents independent.
        """
        codes = codes.double()
        firing = (codes > 0).double()
        match self.measure:
            case "l0":
                return firing.sum(dim=1)
            case "l1":
                return codes.sum(dim=1)
            case "rare":
                return (codes / self.strengths) @ -self.rates.log()
        return -(firing @ self.rates.log() + (1 - firing) @ (-self.rates).log1p())


def novelty(codes: Float[Tensor, "n width"], measure: str) -> Novelty:
    """Learn the rates and strengths of trusted codes.

    Args:
        codes: Codes of trusted activations, none negative.
        measure: One of ``MEASURES``.

    Raises:
        UserError: No measure has that name.
    """
    if measure not in MEASURES:
        raise unknown("measure of novelty", measure, MEASURES)
    codes = codes.double()
    count = (codes > 0).sum(dim=0)
    usual = codes.sum() / count.sum().clamp_min(1)
    strengths = torch.where(count > 0, codes.sum(dim=0) / count.clamp_min(1), usual).clamp_min(1e-9)
    return Novelty((count.double() + 0.5) / (len(codes) + 1), strengths, measure)  # type: ignore[arg-type]
