"""Candidates put into the exam's inputs, as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fairfight.subject.inputs import Images, Texts
from fairfight.tasks.discover.brief import MOST, ROWS, Candidate, DiscoverExam


def shown(submission: Any, exam: DiscoverExam) -> dict[str, Any]:
    """What the judges look at: every candidate in every input, or its own examples.

    Raises:
        ValueError: The submission is no list of candidates, or a candidate cannot be shown.
    """
    if not isinstance(submission, list | tuple) or not all(isinstance(c, Candidate) for c in submission):
        raise ValueError("A discovery is a list of Candidate, the likeliest first; it may be empty.")
    some = list(submission)[:MOST]
    for i, c in enumerate(some, start=1):
        if not isinstance(c.target, int | np.integer) or not isinstance(c.confidence, int | float | np.number):
            raise ValueError(f"Candidate {i} needs a whole number for its target and a number for its confidence.")
    paper: dict[str, Any] = {
        "targets": np.array([c.target for c in some], dtype=np.int64),
        "confidences": np.array([c.confidence for c in some], dtype=np.float64),
        "changes": np.array([c.change is not None for c in some], dtype=bool),
    }
    for i, candidate in enumerate(some):
        if (candidate.change is None) == (candidate.examples is None):
            raise ValueError(f"Candidate {i + 1} must have either a change of inputs or examples.")
        if candidate.change is not None:
            inputs = candidate.change(exam.bases)
        else:
            assert candidate.examples is not None
            inputs = candidate.examples[:ROWS]
        if isinstance(inputs, Images):
            paper[f"pixels{i}"] = inputs.pixels.detach().clamp(0, 1).float().cpu().numpy()
        elif isinstance(inputs, Texts):
            paper[f"ids{i}"], paper[f"mask{i}"] = inputs.ids.cpu().numpy(), inputs.mask.cpu().numpy()
        else:
            raise ValueError(f"Candidate {i + 1} gives {type(inputs).__name__}, not inputs of the subject.")
    return paper
