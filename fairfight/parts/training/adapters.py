"""Low-rank adapters (LoRA, Hu et al. 2022), trained through the package ``peft`` and merged into the weights."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.parts.training.batches import BATCH, mixed
from fairfight.parts.training.finetune import Course, train
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import derive
from fairfight.subject.subject import Subject

ADAPTED = ("Linear", "Conv2d", "Conv1D")
"""Types of layers that get an adapter; ``Conv1D`` is GPT-2's name for a linear layer."""


def lora(subject: Subject, clean: Labelled, faulty: Labelled, course: Course, *, rank: int, seed: int) -> Subject:
    """A copy of a subject, trained to decide examples as labelled in ``rank`` directions a layer.

    Every linear and convolutional layer but the output head gets an adapter of scale 2 (``alpha = 2 · rank``).

    Args:
        subject: Stays as it is.
        clean: Ordinary examples.
        faulty: Examples that are decided wrongly, with what should be decided; there may be none.
        course: How long and how fast.
        rank: Of every adapter; less in a layer that is narrower.
        seed: Draws the order and the adapters' first weights.

    Raises:
        UserError: The subject has no layer that can have an adapter.
    """
    from peft import LoraConfig, get_peft_model

    copy = subject.copy()
    names = _layers(copy)
    if not names:
        raise UserError(f"{subject.name} has no linear or convolutional layers: fine-tune all of it.")
    transposed = any(type(copy.module.get_submodule(n)).__name__ == "Conv1D" for n in names)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=names, lora_dropout=0.0, fan_in_fan_out=transposed)
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about layers tied to the embeddings, which are left out
        torch.manual_seed(derive(seed, "lora"))
        wrapped = get_peft_model(copy.module, config)  # type: ignore[arg-type]
    adapters = [p for name, p in wrapped.named_parameters() if "lora_" in name]
    # Adapters sit inside the copy's own module, so that the subject is called as ever.
    train(copy, adapters, mixed(clean, faulty, size=BATCH, share=course.share, seed=seed), course)
    copy.module = wrapped.merge_and_unload()
    copy.module.requires_grad_(True)
    copy.module.eval()
    return copy


def _layers(subject: Subject) -> list[str]:
    """Names of the layers that get an adapter."""
    heads = {path for path in subject.anatomy.head if path != "relu"}
    found = [n for n, m in subject.module.named_modules() if type(m).__name__ in ADAPTED and n not in heads]
    grouped = {n for n in found if isinstance(m := subject.module.get_submodule(n), nn.Conv2d) and m.groups > 1}
    return [n for n in found if n not in grouped]
