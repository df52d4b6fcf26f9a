"""Latents of a sparse autoencoder, by how far they push oddly decided texts to their target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool(
    "discover",
    source="Smith & Brinkmann 2024 (SAE features of reward models)",
    modalities=("language",),
    suites=("quick", "standard", "large"),
)
def sae_latents(
    brief: DiscoverBrief,
    *,
    width: Annotated[int, Log(64, 512)] = 192,
    k: Annotated[int, Uniform(4, 24)] = 8,
    steps: Annotated[int, Log(60, 400)] = 100,
    depth: Annotated[float, Uniform(0.2, 1.0)] = 0.5,
    shown: Annotated[int, Uniform(1, 5)] = 2,
    most: Annotated[int, Uniform(2, 24)] = 8,
) -> list[Candidate]:
    """Train a dictionary on the tokens of the bank; show the texts in which the latents behind odd decisions do most.

    A latent's effect is its activation times the target's gradient.
    """
    from fairfight.parts.vocabulary.latents import ranked_latents
    from fairfight.tasks.discover._odd import look, sure
    from fairfight.tasks.discover.brief import Candidate

    trunk = brief.subject.trunk
    site = trunk[min(len(trunk) - 1, int(depth * len(trunk)))]
    found = ranked_latents(
        brief.subject, brief.bank, look(brief), site, width=width, k=k, steps=steps, most=most, seed=brief.seed
    )
    return [Candidate(f.target, sure(f.odd), examples=brief.bank[list(f.rows)]) for f in found[:shown]]
