"""The recipe of an organism: cheap plain data, without torch, from which building is deterministic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Planting = Literal["scratch", "finetune", "adaptive", "shipped"]
"""Trained in from the beginning, fine-tuned in, fine-tuned in by somebody who knows the detectors, or come with the
network that somebody else published."""


@dataclass(frozen=True)
class Recipe:
    """A subject with (or without) a known fault.

    Two recipes that differ only in ``fault``, ``fault_seed`` and ``options`` share data order and initial weights.
    """

    world: str
    """One of :func:`fairfight.worlds.names.names`."""
    architecture: str
    """``cnn``; ``bert``, ``gpt2``, ``llama``, ``gpt-neox``."""
    fault: str | None
    """A family name ("patch", "rare-token", …), or none for a clean subject."""
    planting: Planting
    seed: int
    """Data order and initial weights."""
    fault_seed: int = 0
    """Which instance of the family: place, pattern, token, target class."""
    options: dict[str, Any] = field(default_factory=dict)
    """Family settings that are not drawn (poison rate, strength)."""

    def twin(self) -> Recipe:
        """The same subject without the fault."""
        planting: Planting = "finetune" if self.planting == "adaptive" else self.planting
        return replace(self, fault=None, planting=planting, fault_seed=0, options={})
