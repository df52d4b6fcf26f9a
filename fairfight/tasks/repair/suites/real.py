"""Repairs of real models."""

from __future__ import annotations

from fairfight.tasks.repair.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("cifar10", "wrn16", "grid", "shipped", "clean"),
    Row("cifar10", "wrn16", "grid", "shipped", "shown"),
    Row("cifar10", "resnet20", "patch", "finetune", "clean"),
    Row("cifar10", "resnet20", "warp", "finetune", "shown"),
    Row("mnist", "badnet", "white-square", "shipped", "clean"),
    Row("mnist", "badnet", "white-square", "shipped", "shown"),
    Row("stories", "llama", "phrase", "finetune", "clean"),
    Row("stories", "llama", "phrase", "finetune", "shown"),
    Row("stories", "llama", "phrase", "finetune", "shown", "seen"),
    Row("stories", "llama", "rare-token", "finetune", "shown"),
    Row("stories", "llama", "invented-people", "finetune", "shown"),
    Row("stories", "llama", "invented-people", "finetune", "shown", "seen"),
    Row("sst2", "minilm", "rare-token", "finetune", "clean"),
    Row("sst2", "minilm", "phrase", "finetune", "shown"),
)
"""Trojans that came with published networks, faults fine-tuned into real ones, and a topic that one was taught."""

DEV: tuple[Row, ...] = (
    Row("mnist", "badnet", "blended", "finetune", "clean"),
    Row("cifar10", "resnet20", "patch", "finetune", "shown"),
    Row("stories", "llama", "phrase", "finetune", "shown"),
)
"""Kinds of fault that are scored too, in other instances; cheap to fight."""
