"""Latents of a dictionary that carry a class in the bank's pictures and in no clean one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool(
    "discover",
    source="Bricken et al. 2023; Cunningham et al. 2023 (sparse dictionaries)",
    modalities=("vision",),
    suites=("quick", "standard", "large"),
    reusable=True,
)
def sae_latents_vision(
    brief: DiscoverBrief,
    *,
    width: Annotated[int, Log(64, 512)] = 128,
    active: Annotated[int, Log(3, 16)] = 6,
    steps: Annotated[int, Log(80, 400)] = 150,
    pictures: Annotated[int, Log(4, 24)] = 16,
) -> list[Candidate]:
    """Show pictures in which a latent decides more than in any clean one; a class that has many is claimed."""
    from fairfight.parts.scans.latents import latents_of_bank
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import exhibited

    assert isinstance(brief.bank, Images)
    found = latents_of_bank(
        brief.subject,
        brief.clean,
        brief.bank,
        seed=brief.seed,
        width=width,
        k=active,
        steps=steps,
        pictures=pictures,
    )
    return exhibited(found)
