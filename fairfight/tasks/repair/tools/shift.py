"""SHIFT (Marks et al. 2024, arXiv:2403.19647): take out of a decision what should not matter to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, tool

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@tool("repair", source="Marks et al. 2024 (SHIFT)", reusable=True, suites=("standard", "large"))
def shift(
    brief: RepairBrief,
    *,
    depth: Annotated[str, Choice("middle", "late", "last", "all", "circuit")] = "middle",
    units: Annotated[int, Log(4, 128)] = 32,
    told: Annotated[float, Uniform(0.1, 0.9)] = 0.2,
    width: Annotated[int, Log(32, 256)] = 128,
    sparse: Annotated[int, Log(2, 16)] = 8,
    steps: Annotated[int, Log(100, 1000)] = 150,
) -> Subject:
    """Ablate the latents that decide on confounded data and that follow the cue; the error term is kept.

    With the depth ``circuit`` there are dictionaries wherever a sparse feature circuit has nodes, as published.

    What a latent does for the decision is found by integrated gradients, and what it is about by a rule in the place of
    a judge: whether the cue tells its activation. Of a trojan: whether the fault does.
    """
    from fairfight.tasks.repair.tools._shifting import shift as run

    return run(brief, depth=depth, units=units, told=told, width=width, sparse=sparse, steps=steps, retrain=False)


@tool(
    "repair",
    source="Marks et al. 2024 (SHIFT, retrained)",
    name="shift+retrain",
    reusable=True,
    suites=("quick", "standard", "large"),
)
def shift_retrain(
    brief: RepairBrief,
    *,
    depth: Annotated[str, Choice("middle", "late", "last", "all", "circuit")] = "middle",
    units: Annotated[int, Log(4, 128)] = 32,
    told: Annotated[float, Uniform(0.1, 0.9)] = 0.2,
    width: Annotated[int, Log(32, 256)] = 128,
    sparse: Annotated[int, Log(2, 16)] = 8,
    steps: Annotated[int, Log(100, 1000)] = 150,
) -> Subject:
    """As ``shift``, and the last layer learns the clean examples again from what is left."""
    from fairfight.tasks.repair.tools._shifting import shift as run

    return run(brief, depth=depth, units=units, told=told, width=width, sparse=sparse, steps=steps, retrain=True)
