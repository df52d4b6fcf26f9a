"""The recipe of an organism: cheap plain data, without torch, from which building is deterministic."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Planting = Literal["scratch", "finetune"]


@dataclass(frozen=True)
class Recipe:
    """A subject with (or without) a known fault.

    Two recipes that differ only in ``fault``, ``fault_seed`` and ``options`` share data order and initial weights.
    """

    world: Literal["digits", "scenes", "sentences"]
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
        return replace(self, fault=None, fault_seed=0, options={})
