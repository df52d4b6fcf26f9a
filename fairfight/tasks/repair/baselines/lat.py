"""Decide rightly whatever is done to activations inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Casper et al. 2024 (latent adversarial training)", suites=("standard", "large"))
def lat(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(20, 100)] = 80,
    rate: Annotated[float, Log(3e-4, 3e-2)] = 5e-3,
    reach: Annotated[float, Log(0.03, 0.5)] = 0.1,
    climbs: Annotated[int, Log(1, 6)] = 4,
    depth: Annotated[str, Choice("first", "middle", "late", "last")] = "middle",
    corpus: Annotated[bool, Choice(True, False)] = True,
) -> Subject:
    """Train all layers on ordinary examples while one layer's activations are moved for the worst.

    It needs no input that sets the fault off; where some are shown, they are trained on with their right labels.
    ``corpus`` adds the unlabelled inputs, with what the subject decides on them now.
    """
    from fairfight.parts.densities.activations import at_depth
    from fairfight.parts.training.finetune import Course
    from fairfight.parts.training.latent import Opponent, resist
    from fairfight.tasks.repair.baselines.material import ordinary, paced

    (site,) = at_depth(brief.subject.trunk, depth)
    course = Course(steps, paced(brief.subject, rate), decay=1e-2, share=0.5)
    clean = ordinary(brief, corpus=corpus)
    return resist(brief.subject, clean, brief.faulty, Opponent(site, reach, climbs), course, seed=brief.seed)
