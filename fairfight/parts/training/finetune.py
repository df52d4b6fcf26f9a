"""Fine-tuning: train on, on few examples, all layers or the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from torch import nn

from fairfight.errors import UserError
from fairfight.parts.training.batches import BATCH, mixed, only, statistics
from fairfight.parts.training.descent import STILL, decision_loss, descend
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

Layers = Literal["all", "last"]


class Course(NamedTuple):
    """How long and how fast it is trained."""

    steps: int
    """Of :data:`~fairfight.parts.training.batches.BATCH` examples."""
    rate: float
    """The highest learning rate."""
    decay: float = 0.0
    """Weight decay."""
    share: float = 0.25
    """How much of a batch is faulty examples, if there are any."""
    renewed: bool = False
    """Whether batch normalisation goes by the batches, as in training, and remembers them."""


def fine_tune(
    subject: Subject, clean: Labelled, faulty: Labelled, course: Course, *, seed: int, layers: Layers = "all"
) -> Subject:
    """A copy of a subject, trained on to decide examples as they are labelled.

    Breadth first: a step sees a mixed batch, and all examples are seen once before any is seen again. Fine-tuning on
    one example until it is learned and then on the next, with which editing was long compared, is far weaker.

    Args:
        subject: Stays as it is.
        clean: Ordinary examples.
        faulty: Examples that are decided wrongly, with what should be decided; there may be none.
        course: How long and how fast.
        seed: Draws the order.
        layers: Every parameter, or those of the last layer.
    """
    copy = subject.copy()
    trained = copy.module if layers == "all" else last_layer(copy)
    train(copy, trained.parameters(), mixed(clean, faulty, size=BATCH, share=course.share, seed=seed), course)
    return copy


def train(subject: Subject, parameters: Iterable[nn.Parameter], draw: Callable[[], Labelled], course: Course) -> None:
    """Train some parameters of a subject in place, on a batch a step."""
    with statistics(subject.module, renewed=course.renewed), only(subject.module, parameters) as chosen:
        steps, rate, decay = course.steps, course.rate, course.decay
        descend(lambda _: decision_loss(subject, draw()), chosen, steps=steps, rate=rate, decay=decay, still=STILL)


def last_layer(subject: Subject) -> nn.Module:
    """What makes the logits: the last module that has weights of its own.

    A language model's output head shares its weights with the token embeddings in some families; they change together.

    Raises:
        UserError: The subject has no weights.
    """
    heads = [path for path in subject.anatomy.head if path != "relu"]
    if heads:
        return subject.module.get_submodule(heads[-1])
    owners = [m for m in subject.module.modules() if m._parameters]
    if not owners:
        raise UserError(f"{subject.name} has no weights to train.")
    return owners[-1]
