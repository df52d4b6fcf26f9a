"""What a layer makes of faulty inputs is led astray."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Li et al. 2024 (WMDP)", modalities=("language",), suites=("standard", "large"))
def rmu(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 200)] = 60,
    rate: Annotated[float, Log(3e-4, 1e-2)] = 3e-3,
    strength: Annotated[float, Log(1.0, 20.0)] = 5.0,
    weight: Annotated[float, Log(1.0, 1000.0)] = 30.0,
    depth: Annotated[str, Choice("first", "middle", "late", "last")] = "middle",
    tolerance: Annotated[float, Log(0.03, 0.5)] = 0.1,
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Unlearn what is decided on faulty inputs by turning one layer's activations on them into a random vector.

    Ordinary inputs keep theirs. Without faulty inputs in the brief, those with a trigger that was recovered; with
    neither the subject stays as it is. ``strength`` is in multiples of an ordinary activation's length.
    """
    from fairfight.parts.densities.activations import at_depth
    from fairfight.parts.training.rmu import misdirect
    from fairfight.parts.training.unlearning import Retaining
    from fairfight.tasks.repair.baselines.material import ordinary, paced, unwanted

    (site,) = at_depth(brief.subject.trunk, depth)
    how = Retaining(ordinary(brief, corpus=corpus), brief.clean, weight, tolerance)
    return misdirect(
        brief.subject,
        unwanted(brief).inputs,
        how,
        site=site,
        strength=strength,
        steps=steps,
        rate=paced(brief.subject, rate),
        seed=brief.seed,
    )
