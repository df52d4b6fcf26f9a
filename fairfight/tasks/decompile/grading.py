"""Metrics of ``decompile`` from what a submission answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fairfight.tasks.decompile.brief import DecompileAnswer, present

LARGEST = 100_000
"""What a larger size counts as."""


def marks(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, float]:
    """How far a submission is the network, and the rule.

    ``faithful`` is the agreement with the network, position by position, a mean of fresh inputs as those of the brief
    and of longer or harder ones, on a scale where always giving the most usual answer is 0.

    Raises:
        ValueError: An answer is missing or has another shape.
    """
    there = {part: present(wanted, answer.lengths.get(part)) for part, wanted in answer.answers.items()}
    given = {part: _whole(paper, part, wanted.shape)[there[part]] for part, wanted in answer.answers.items()}
    network = {part: found[there[part]] for part, found in answer.answers.items()}
    right = {part: found[there[part]] for part, found in answer.right.items()}
    held, longer = (_scaled(given[part], network[part]) for part in ("held", "longer"))
    apart = network["longer"] != right["longer"]
    exact = all(bool((given[part] == right[part]).all()) for part in ("every", "held", "longer"))
    follows = float((given["longer"] == network["longer"])[apart].mean()) if apart.any() else 0.0
    return {
        "faithful": (held + longer) / 2,
        "exact": float(exact),
        "held": held,
        "longer": longer,
        "rule": float((given["longer"] == right["longer"]).mean()),
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
    return max(0.0, float(share - usual) / float(1 - usual)) if usual < 1 else float(share == 1.0)
