"""repair: remove a fault, keep everything else, and have it stay removed."""

from __future__ import annotations

from fairfight.tasks.repair.brief import RepairBrief

__all__ = ["RepairBrief"]
