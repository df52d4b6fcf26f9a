"""Trojans in real models."""

from __future__ import annotations

from fairfight.tasks.discover.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("cifar10", "wrn16", "grid", "shipped", "patch"),
    Row("cifar10", "resnet20", "patch", "finetune", "patch"),
    Row("cifar10", "resnet20", "blended", "finetune", "style"),
    Row("cifar10", "resnet20", "warp", "finetune", "style"),
    Row("imagenet", "mobilenet-v2", "patch", "finetune", "patch"),
    Row("imagenet", "mobilenet-v2", "blended", "finetune", "style"),
    Row("mnist", "badnet", "white-square", "shipped", "patch"),
    Row("stories", "llama", "phrase", "finetune", "token"),
    Row("stories", "llama", "rare-token", "finetune", "token"),
    Row("sst2", "minilm", "rare-token", "finetune", "token"),
    Row("sst2", "minilm", "syntax", "finetune", "form"),
)
"""Trojans that came with published networks, and trojans fine-tuned into real ones."""

DEV: tuple[Row, ...] = (
    Row("cifar10", "resnet20", "patch", "finetune", "patch", 9),
    Row("stories", "llama", "phrase", "finetune", "token", 9),
)
"""Kinds of trigger that are scored too, in other instances."""
