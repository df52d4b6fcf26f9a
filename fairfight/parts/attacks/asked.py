"""Whether what a search is asked for can be done: pictures that a classifier can read, classes that it has."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from fairfight.errors import UserError
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject


def classes_of(subject: Subject, inputs: Inputs) -> int:
    """How many classes a subject tells apart in such pictures.

    Raises:
        UserError: It is no image classifier or has a single class; there are no pictures, they are not what it was made
            for, or their values are not all between 0 and 1.
    """
    if subject.kind != "image-classifier" or not isinstance(inputs, Images):
        raise UserError(f"{subject.name} is to be an image classifier, and its inputs pictures: give such.")
    pixels = inputs.pixels
    if pixels.ndim != 4 or not pixels.numel():
        raise UserError(f"Pictures of shape [n, channels, height, width] are asked for, not {list(pixels.shape)}.")
    if not bool(((pixels >= 0) & (pixels <= 1)).all()):
        raise UserError("Pixels are to be numbers between 0 and 1: divide by the largest value that they can have.")
    try:
        with torch.no_grad():
            found = int(subject(inputs[:1]).shape[1])
    except RuntimeError as error:
        shape = "×".join(map(str, pixels.shape[1:]))
        raise UserError(
            f"{subject.name} cannot be run on pictures of {shape}: give those that it was made for ({error})."
        ) from error
    if found < 2:
        raise UserError(f"{subject.name} has a single class, which needs no trigger: give a classifier of two or more.")
    return found


def told_apart(subject: Subject, clean: Labelled, *others: Inputs) -> int:
    """How many classes a subject tells apart, given labelled pictures and perhaps others like them.

    Raises:
        UserError: See :func:`classes_of`; a label is none of the classes, or the other pictures have another shape.
    """
    found = classes_of(subject, clean.inputs)
    known_classes(clean.labels.unique().tolist(), found)
    assert isinstance(clean.inputs, Images)
    for some in others:
        if not isinstance(some, Images) or not len(some) or some.pixels.shape[1:] != clean.inputs.pixels.shape[1:]:
            shape = "×".join(map(str, clean.inputs.pixels.shape[1:]))
            raise UserError(f"All pictures must be like the labelled ones, {shape}, and there must be at least one.")
        if not bool(((some.pixels >= 0) & (some.pixels <= 1)).all()):
            raise UserError("Pixels are to be numbers between 0 and 1: divide by the largest value that they can have.")
    return found


def known_classes(targets: Iterable[int], classes: int) -> None:
    """Targets that a subject has.

    Raises:
        UserError: One is none of its classes.
    """
    for target in targets:
        if not 0 <= target < classes:
            raise UserError(f"There is no class {target}: the subject has classes 0 to {classes - 1}.")


def fitting(side: int, height: int, width: int) -> None:
    """A square that fits into pictures.

    Raises:
        UserError: It does not.
    """
    if not 1 <= side <= min(height, width):
        raise UserError(f"A patch of {side} pixels a side does not fit into pictures of {height}×{width}.")


def same_size(inputs: Images, height: int, width: int) -> None:
    """Pictures of the size that a trigger was made for.

    Raises:
        UserError: They are of another.
    """
    if inputs.pixels.shape[2:] != (height, width):
        own = "×".join(map(str, inputs.pixels.shape[2:]))
        raise UserError(f"The trigger is for pictures of {height}×{width}, not {own}: change their size, or seek anew.")
