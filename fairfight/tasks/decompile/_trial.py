"""A submission on its exam: what it answers, and how long it is to read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from fairfight.parts.programs import Batch, Program, Space, TooLarge
from fairfight.parts.programs.graph import graph
from fairfight.tasks.decompile.brief import DecompileExam, batch

PRINTED = 16
"""Inputs on which a printed program is run beside the one that is graded."""


def answered(submission: Any, exam: DecompileExam) -> dict[str, np.ndarray]:
    """Answers to all parts of the exam.

    Raises:
        ValueError: The submission is no program of these inputs and predicts nothing, or its printed form differs.
    """
    readable = isinstance(submission, Program)
    if not readable and not hasattr(submission, "predict"):
        raise ValueError("A submission is a Program, or something that predicts; see DecompileBrief.")
    paper: dict[str, np.ndarray] = {}
    for part, values in exam.asked.items():
        paper[part] = answered_by(submission, exam.space, values, exam.lengths.get(part), single=exam.single)
    text = submission.python() if readable else ""
    lengths = exam.lengths.get("held")
    shown = batch(exam.space, exam.asked["held"][:PRINTED], None if lengths is None else lengths[:PRINTED])
    if readable and not _printed_agrees(submission, shown):
        raise ValueError("The program as printed does not answer as the one that was handed in.")
    paper["program"] = np.asarray(readable)
    paper["size"] = np.asarray(int(submission.size))
    paper["lines"] = np.asarray(text.count("\n"))
    paper["text"] = np.asarray(text)
    paper["graph"] = np.asarray(json.dumps(graph(submission.body).plain()) if readable else "")
    return paper


def _printed_agrees(program: Program, given: Batch) -> bool:
    """Whether the text says what the tree does; numbers beyond all bounds are wrong in either."""
    try:
        return program.printed_agrees(given)
    except TooLarge:
        return True


def answered_by(
    submission: Any, space: Space, values: np.ndarray, lengths: np.ndarray | None = None, *, single: bool = False
) -> np.ndarray:
    """Whole numbers at every position [n, length]; one answer for a whole sequence stands at each of its positions.

    Args:
        submission: What is asked.
        space: Names the inputs.
        values: Inputs [n, length, channels].
        lengths: How long each is, where they differ.
        single: Whether one answer to each sequence is wanted, [n, 1].

    Raises:
        ValueError: Its answers are something else.
    """
    given, shape = batch(space, values, lengths), (len(values), 1 if single else values.shape[1])
    try:
        found = np.asarray(submission(given) if isinstance(submission, Program) else submission.predict(given))
    except TooLarge:
        return np.full(shape, np.iinfo(np.int64).min)
    if found.dtype.kind not in "iub" or found.shape not in (shape, shape[:1]):
        wanted = list(shape[:1] if single else shape)
        raise ValueError(f"Answers must be whole numbers of shape {wanted}, not {list(found.shape)}.")
    wide = found if found.ndim == 2 else np.repeat(found[:, None], shape[1], axis=1)
    return wide.astype(np.int64)
