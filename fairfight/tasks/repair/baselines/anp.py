"""Prune channels by which small changes of the weights do most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline("repair", source="Wu & Wang 2021", modalities=("vision",), suites=("standard", "large"))
def anp(
    brief: RepairBrief,
    *,
    steps: Annotated[int, Log(50, 500)] = 200,
    rate: Annotated[float, Log(0.02, 0.5)] = 0.2,
    size: Annotated[float, Uniform(0.1, 0.6)] = 0.2,
    trade: Annotated[float, Uniform(0.05, 0.8)] = 0.2,
    tolerance: Annotated[float, Uniform(0.0, 0.1)] = 0.04,
    bounded: Annotated[bool, Choice(True, False)] = True,
    corpus: Annotated[bool, Choice(False, True)] = False,
) -> Subject:
    """Adversarial neuron pruning: train a mask a channel under the worst change of the weights, prune the lowest.

    ``bounded`` cuts changes back to their size; the authors' code lets them reach twice that.

    Faulty examples count among the clean ones, with their right labels. ``corpus`` trains masks on the unlabelled
    inputs too, with what the subject decides on them now: on 96 examples they fall where there is no trojan. How far
    pruning goes is for the labelled ones to say. A network without batch normalisation stays as it is.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    from fairfight.parts.training.labelled import Labelled
    from fairfight.parts.training.pruning import prune_sensitive
    from fairfight.tasks.repair.baselines.material import ordinary

    if not any(isinstance(m, _BatchNorm) and m.affine for m in brief.subject.module.modules()):
        return brief.subject.copy()
    known, more = [brief.clean], [ordinary(brief, corpus=corpus)]
    if len(brief.faulty):
        known, more = [*known, brief.faulty], [*more, brief.faulty]
    return prune_sensitive(
        brief.subject,
        Labelled.concat(more),
        Labelled.concat(known),
        steps=steps,
        rate=rate,
        size=size,
        bounded=bounded,
        trade=trade,
        tolerance=tolerance,
        seed=brief.seed,
    )
