"""How an edited subject is tried: what it decides, before and after somebody teaches it the fault again."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.faults.training import one_thread, trimmed
from fairfight.parts.training.descent import decision_loss, descend
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.brief import Pace, RepairExam

BATCH = 256
RELEARNED = ("attack_relearned", "clean_relearned")


def tried(submission: Any, exam: RepairExam) -> dict[str, np.ndarray]:
    """Decisions on each set of the exam, on the fault's sets again after relearning, and how large the edit is.

    Raises:
        ValueError: The submission is no subject, or does not decide.
    """
    if not isinstance(submission, Subject):
        raise ValueError(f"An edited subject must be handed in, not {type(submission).__name__}.")
    submission.module.eval()
    with one_thread():
        paper = {name: _decisions(submission, inputs) for name, inputs in exam.asked.items()}
        changed, hooks = _extent(submission, exam.start)
        paper |= {"changed": np.asarray(changed), "hooks": np.asarray(hooks)}
        if exam.lesson is not None:
            stages = relearned(submission.copy(), exam.lesson, exam.pace, (exam.asked["attack"], exam.asked["clean"]))
            paper |= {name: np.stack(some) for name, some in zip(RELEARNED, zip(*stages, strict=True), strict=True)}
    return paper


def relearned(
    subject: Subject, lesson: Labelled, pace: Pace, asked: tuple[Inputs, ...]
) -> list[tuple[np.ndarray, ...]]:
    """Teach the subject a lesson, in place, and see at several stages what it decides on each of the inputs asked.

    Every parameter learns, from the whole lesson at once in every step.
    """
    subject.module.eval()
    found = []

    def look(step: int) -> None:
        if step + 1 in pace.looks:
            found.append(tuple(_decisions(subject, inputs) for inputs in asked))

    parameters = subject.module.parameters()
    descend(lambda _: decision_loss(subject, lesson), parameters, steps=pace.looks[-1], rate=pace.rate, after=look)
    return found


@torch.no_grad()
def _decisions(subject: Subject, inputs: Inputs) -> np.ndarray:
    logits = torch.cat([subject(trimmed(batch)) for batch in inputs.batches(BATCH)])
    if logits.ndim != 2 or len(logits) != len(inputs):
        raise ValueError(f"The edited subject gives shape {tuple(logits.shape)} for {len(inputs)} inputs.")
    if not bool(logits.isfinite().all()):
        raise ValueError("The edited subject answers with NaN or infinity: edit less.")
    return logits.argmax(dim=-1).numpy()


def _extent(subject: Subject, start: dict[str, Tensor]) -> tuple[float, int]:
    """By how much the weights moved, as a share of their length, and how many hooks stay in the subject."""
    now = dict(subject.module.named_parameters())
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in subject.module.modules())
    if now.keys() != start.keys() or any(now[k].shape != x.shape for k, x in start.items()):
        return 1.0, hooks
    moved = _length([now[k].detach() - x for k, x in start.items()])
    return float(moved / _length(list(start.values()))), hooks


def _length(tensors: list[Tensor]) -> Float[Tensor, ""]:
    return torch.stack([x.double().square().sum() for x in tensors]).sum().sqrt()
