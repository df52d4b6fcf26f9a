"""What a person should see of a submission: the program, the rule, and where the two part."""

from __future__ import annotations

from typing import Any

import numpy as np

from fairfight.tasks.decompile.brief import DecompileAnswer


def show(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, Any]:
    """The program, and where it differs, for the report."""
    text = str(paper["text"])
    lines = [_parted(answer, paper)] if text else ["nothing that can be read", _parted(answer, paper)]
    return {"pictures": [], "lines": lines, "code": text}


def _parted(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> str:
    """The first position of a long sequence at which it differs from the network."""
    wrong = np.asarray(paper["longer"]) != answer.answers["longer"]
    if not wrong.any():
        return "nowhere differs from the network, at four times the length"
    row, place = np.argwhere(wrong)[0].tolist()
    said, wanted = int(paper["longer"][row, place]), int(answer.answers["longer"][row, place])
    meant = int(answer.right["longer"][row, place])
    return f"differs first at position {place + 1}: says {said}, the network {wanted}, the rule {meant}"
