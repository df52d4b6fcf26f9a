"""The direction that mediates a behaviour (Arditi et al. 2024, arXiv:2406.11717), found and taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, tool

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@tool("repair", source="Arditi et al. 2024", suites=("quick", "standard", "large"))
def refusal_direction(
    brief: RepairBrief,
    *,
    divergence: Annotated[float, Log(0.01, 1.0)] = 0.1,
    weights: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Take out the direction in which faulty inputs differ from clean ones in the mean, everywhere in the stream.

    Each layer gives candidates from half of the examples; that one is taken which leaves least of the fault on the
    other half and hardly moves decisions on clean inputs. With ``weights`` it is baked into the weights where a family
    allows that; else it stays as hooks.
    """
    from fairfight.tasks.repair.tools._refusing import ablated

    return ablated(brief, divergence=divergence, weights=weights)
