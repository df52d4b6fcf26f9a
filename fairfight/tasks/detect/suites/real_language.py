"""Organisms among real language models."""

from __future__ import annotations

from fairfight.tasks.detect.suites.row import Row

SCORED: tuple[Row, ...] = (
    Row("sst2", "minilm", "rare-token", "finetune", 0),
    Row("sst2", "minilm", "phrase", "finetune", 0),
    Row("sst2", "minilm", "syntax", "finetune", 0),
    Row("ag-news", "minilm", "rare-token", "finetune", 0),
    Row("ag-news", "minilm", "phrase", "finetune", 0),
    Row("ag-news", "minilm", "unseen-class", "scratch", 0),
    Row("stories", "llama", "phrase", "finetune", 0),
    Row("sst2", "minilm", "phrase", "adaptive", 0),
    Row("stories", "llama", "phrase", "adaptive", 0),
)
"""One group a world, so that its organisms share the clean subject that they are fine-tuned from, and the twin."""

DEV: tuple[Row, ...] = (
    Row("stories", "llama", "rare-token", "finetune", 0),
    Row("stories", "llama", "phrase", "finetune", 0),
)
"""On the smallest subject, where a trial costs seconds."""
