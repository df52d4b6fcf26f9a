"""Metrics of ``decompile`` from what a submission answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fairfight.tasks.decompile.brief import DecompileAnswer

LARGEST = 100_000
"""What a larger size counts as."""


def marks(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, float]:
    """How far a submission is the network, and the rule.

    ``faithful`` is the agreement with the network, position by position, a mean of fresh inputs of the trained length
    and of four times that, on a scale where always giving the most usual answer is 0.

    Raises:
        ValueError: An answer is missing or has another shape.
    """
    given = {part: _whole(paper, part, wanted.shape) for part, wanted in answer.answers.items()}
    held, longer = (_scaled(given[part], answer.answers[part]) for part in ("held", "longer"))
    mask = np.arange(given["every"].shape[1]) < answer.lengths[:, None]
    apart = answer.answers["longer"] != answer.right["longer"]
    exact = bool((given["every"] == answer.right["every"])[mask].all()) and all(
        bool((given[part] == answer.right[part]).all()) for part in ("held", "longer")
    )
    follows = float((given["longer"] == answer.answers["longer"])[apart].mean()) if apart.any() else 0.0
    return {
        "faithful": (held + longer) / 2,
        "exact": float(exact),
        "held": held,
        "longer": longer,
        "rule": float((given["longer"] == answer.right["longer"]).mean()),
        "errors": follows,
        "exhaustive": float(answer.exhaustive),
        "program": float(paper["program"]),
        "lines": float(paper["lines"]),
        "size": float(min(LARGEST, int(paper["size"]))),
    }


def _whole(paper: dict[str, np.ndarray], part: str, shape: tuple[int, ...]) -> np.ndarray:
    found: Any = paper.get(part) if isinstance(paper, dict) else None
    if found is None or np.asarray(found).shape != shape or np.asarray(found).dtype.kind not in "iub":
        raise ValueError(f"The answers to {part!r} must be whole numbers of shape {list(shape)}.")
    return np.asarray(found)


def _scaled(given: np.ndarray, wanted: np.ndarray) -> float:
    _, counts = np.unique(wanted, return_counts=True)
    usual = counts.max() / wanted.size
    share = float((given == wanted).mean())
    return max(0.0, (share - usual) / (1 - usual)) if usual < 1 else float(share == 1.0)
