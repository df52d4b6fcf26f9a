"""Take the words away that tell the cue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


@baseline(
    "repair",
    source="deleting gender words as a rival of SHIFT, Hua 2025",
    modalities=("language",),
    suites=("standard", "large"),
)
def token_deletion(
    brief: RepairBrief,
    *,
    words: Annotated[int, Log(4, 64)] = 16,
    steps: Annotated[int, Log(20, 200)] = 40,
    rate: Annotated[float, Log(3e-4, 1e-2)] = 3e-3,
) -> Subject:
    """Embed the tokens that tell the cue best as the mean token, then fine-tune all else on clean examples.

    Without cues the subject stays as it is.
    """
    from fairfight.parts.training.batches import BATCH, mixed
    from fairfight.parts.training.blindness import deafened, told_by
    from fairfight.parts.training.finetune import Course, train
    from fairfight.tasks.repair.baselines.material import paced

    if not len(brief.cues):
        return brief.subject.copy()
    embedding = brief.subject.module.get_submodule(brief.subject.site("embed").module)
    copy = deafened(brief.subject, told_by(brief.cues, len(embedding.weight))[:words])  # type: ignore[arg-type]
    own = copy.module.get_submodule(copy.site("embed").module).weight
    rest = [p for p in copy.module.parameters() if p is not own]
    train(
        copy,
        rest,
        mixed(brief.clean, brief.faulty, size=BATCH, share=0.25, seed=brief.seed),
        Course(steps, paced(brief.subject, rate), 1e-2),
    )
    return copy
