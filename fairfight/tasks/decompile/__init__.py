"""decompile: replace the network by a program that anyone can read and run."""

from __future__ import annotations

from fairfight.tasks.decompile.brief import DecompileBrief

__all__ = ["DecompileBrief"]
