"""Latents of a sparse autoencoder, by how far they push oddly decided inputs to their target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool(
    "discover",
    source="Bricken et al. 2023; Smith & Brinkmann 2024 (SAE features of reward models)",
    reusable=True,
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
    """Train a dictionary on the bank; show the inputs in which the latents behind odd decisions do most.

    A latent's effect is its activation times the target's gradient. In pictures, those latents count that carry a class
    in the bank further than in any clean picture; ``depth`` and ``shown`` are for texts.
    """
    from fairfight.parts.scans.latents import latents_of_bank
    from fairfight.parts.vocabulary.latents import ranked_latents
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import EVERY, exhibited
    from fairfight.tasks.discover._odd import look, sure
    from fairfight.tasks.discover.brief import Candidate

    if isinstance(brief.bank, Images):
        size = {"width": width, "k": k, "steps": steps, "pictures": most, "most": EVERY}
        shown_by = latents_of_bank(brief.subject, brief.clean, brief.bank, seed=brief.seed, **size)
        return exhibited(shown_by, target=brief.target)
    trunk = brief.subject.trunk
    site = trunk[min(len(trunk) - 1, int(depth * len(trunk)))]
    found = ranked_latents(
        brief.subject, brief.bank, look(brief), site, width=width, k=k, steps=steps, most=most, seed=brief.seed
    )
    found = [f for f in found if len(f.rows)]
    return [Candidate(f.target, sure(f.odd), examples=brief.bank[list(f.rows)]) for f in found[:shown]]
