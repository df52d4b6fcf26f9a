"""detect: say which inputs set the fault off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.detect.brief import DetectBrief

if TYPE_CHECKING:
    from fairfight.tasks.detect.brief import Detector

__all__ = ["DetectBrief", "Detector"]
