"""From a module to a subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.subject.checking import check as check_subject
from fairfight.subject.checking import example_inputs, image_shape
from fairfight.subject.families import FAMILIES, transformer_anatomy
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.layers import layers_anatomy
from fairfight.subject.subject import Kind, Subject

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

RESNETS = ("resnet", "regnet")


def wrap(
    module: nn.Module,
    kind: Kind,
    *,
    name: str = "",
    tokenizer: PreTrainedTokenizerFast | None = None,
    classes: Sequence[str] = (),
    example: Inputs | None = None,
    trunk: Sequence[str] | None = None,
    pixel_scale: tuple[tuple[float, ...], tuple[float, ...]] | None = None,
    check: bool = True,
) -> Subject:
    """A subject around ``module``, which is put in eval mode and otherwise left as it is.

    Args:
        module: A transformers model of a known family with an output head, or any image classifier.
        kind: What it does.
        name: For messages; by default the class's name.
        tokenizer: A text model's.
        classes: The classes' names in the order of the logits.
        example: A few inputs to look at the module with; needed for a module whose input shape cannot be known.
        trunk: Paths of the stages of a module that is no transformer; by default its ``stages``, or a guess.
        pixel_scale: Mean and standard deviation a channel, where the module wants normalised pixels.
        check: Make sure that it answers the same hooked or plain, alone or in a padded batch.

    Raises:
        UserError: The module cannot be looked into, needs an example, or fails the check.
    """
    module.eval()
    label = name or type(module).__name__
    config = getattr(module, "config", None)
    model_type = getattr(config, "model_type", None)
    if model_type in FAMILIES:
        anatomy = transformer_anatomy(module, config)
    elif kind == "image-classifier":
        if example is None:
            shape = image_shape(module)
            if shape is None:
                raise UserError(f"The input shape of {label} cannot be known: give wrap a few inputs as its example.")
            example = Images(torch.full((2, *shape), 0.5))
        if not isinstance(example, Images):
            raise UserError(f"{label} is an image classifier: its example must be Images.")
        if trunk is None and model_type in RESNETS:
            stages = module.get_submodule(f"{model_type}.encoder.stages")
            trunk = [f"{model_type}.encoder.stages.{i}" for i, _ in enumerate(stages.children())]
        anatomy = layers_anatomy(module, example.pixels, None if trunk is None else tuple(trunk))
    else:
        raise UserError(
            f"{label} is a text model of no known family ({model_type or type(module).__name__}): "
            f"known are {', '.join(FAMILIES)}."
        )
    subject = Subject(module, kind, label, anatomy, tokenizer, tuple(classes), pixel_scale)
    if check:
        check_subject(subject, example if example is not None else example_inputs(subject))
    return subject
