"""The verdict: what the matches show, by paired statistics over cases and seeds, and the tiers of rigor."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Contrast": "records",
    "Standing": "records",
    "Verdict": "records",
    "judge": "judging",
    "differential_test": "differential",
    "best_in_cell": "selection",
    "cluster_bootstrap": "stats.bootstrap",
    "hierarchical_interval": "stats.bootstrap",
    "sign_flip_p": "stats.permutation",
    "holm": "stats.multiplicity",
    "tost_p": "stats.equivalence",
    "minimal_detectable": "stats.power",
    "wilson": "stats.proportion",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
