"""Prune channels by which small changes of the weights do most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Wu & Wang 2021", modalities=("vision",), suites=("standard", "large"))
def anp(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(50, 500)] = 200,
    rate: Annotated[float, Log(0.02, 0.5)] = 0.2,
    size: Annotated[float, Uniform(0.1, 0.6)] = 0.4,
    trade: Annotated[float, Uniform(0.05, 0.8)] = 0.2,
    tolerance: Annotated[float, Uniform(0.0, 0.1)] = 0.04,
) -> Subject:
    """Adversarial neuron pruning: train a mask a channel under the worst change of the weights, prune the lowest.

    Faulty examples count among the clean ones, with their right labels. A network without batch normalisation stays
    as it is.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    from fairfight.parts.training.labelled import Labelled
    from fairfight.parts.training.pruning import prune_sensitive

    if not any(isinstance(m, _BatchNorm) and m.affine for m in brief.subject.module.modules()):
        return brief.subject.copy()
    every = Labelled.concat([brief.clean, brief.faulty]) if len(brief.faulty) else brief.clean
    return prune_sensitive(
        brief.subject, every, steps=steps, rate=rate, size=size, trade=trade, tolerance=tolerance, seed=brief.seed
    )
