"""Placebos of ``repair``: tools whose insight has been taken out, and all else left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, control
from fairfight.tasks.repair.tools.composed import LARGE, LONG, SHORT, compose

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


def _placebo(name: str, of: str, parts: str, summary: str, suites: tuple[str, ...], *, reusable: bool = False) -> None:
    """Register a composed tool as the placebo of another."""
    run = compose(*parts.split("+"))
    run.__name__, run.__doc__, run.__module__ = name, summary, __name__
    control("repair", role="placebo", of=of, suites=suites, reusable=reusable)(run)


_placebo(
    "random_neurons",
    "neurons+attribution+mean-ablate",
    "neurons+random+mean-ablate",
    "Ablate as ``neurons+attribution+mean-ablate`` does, with the neurons' guilt dealt out at random.",
    SHORT,
)
_placebo(
    "untrained_dictionary",
    "sae+difference+clamp",
    "random-sae+difference+clamp",
    "Clamp as ``sae+difference+clamp`` does, in a dictionary that nobody trained.",
    SHORT,
)
_placebo(
    "random_latents",
    "sae+attribution+clamp",
    "sae+random+clamp",
    "Clamp as ``sae+attribution+clamp`` does, with the latents' guilt dealt out at random.",
    LARGE,
    reusable=True,
)
_placebo(
    "random_tuned_neurons",
    "neurons+patching+tune",
    "neurons+random+tune",
    "Tune as ``neurons+patching+tune`` does, with the neurons' guilt dealt out at random.",
    LONG,
)
_placebo(
    "random_axes",
    "pca+attribution+project-out",
    "random-directions+attribution+project-out",
    "Project out as ``pca+attribution+project-out`` does, with random directions for principal components.",
    LARGE,
)


@control("repair", role="placebo", of="refusal-direction", suites=LONG)
def random_direction(
    brief: RepairBrief,
    *,
    divergence: Annotated[float, Log(0.01, 1.0)] = 0.1,
    weights: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Take out a direction as ``refusal-direction`` does, chosen among as many random ones."""
    from fairfight.tasks.repair.tools._refusing import ablated

    return ablated(brief, divergence=divergence, weights=weights, drawn=True)


@control("repair", role="placebo", of="shift+retrain", suites=LONG, reusable=True)
def random_shift(
    brief: RepairBrief,
    *,
    depth: Annotated[str, Choice("middle", "late", "last", "all")] = "middle",
    units: Annotated[int, Log(4, 128)] = 32,
    told: Annotated[float, Uniform(0.1, 0.9)] = 0.2,
    width: Annotated[int, Log(32, 256)] = 128,
    sparse: Annotated[int, Log(2, 16)] = 8,
    steps: Annotated[int, Log(100, 1000)] = 150,
) -> Subject:
    """Ablate as many random latents as ``shift+retrain`` does, and train the last layer again."""
    from fairfight.tasks.repair.tools._shifting import shift

    return shift(
        brief,
        depth=depth,
        units=units,
        told=told,
        width=width,
        sparse=sparse,
        steps=steps,
        retrain=True,
        placebo=True,
    )
