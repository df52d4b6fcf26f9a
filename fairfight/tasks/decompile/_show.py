"""What a person should see of a submission: the program, the rule, and where the two part."""

from __future__ import annotations

from typing import Any

import numpy as np

from fairfight.tasks.decompile.brief import DecompileAnswer, present


def show(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, Any]:
    """The program, and where it differs, for the report."""
    text = str(paper["text"])
    lines = [_parted(answer, paper)] if text else ["nothing that can be read", _parted(answer, paper)]
    return {"pictures": [], "lines": lines, "code": text}


def _parted(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> str:
    """The first position of a long or hard sequence at which it differs from the network."""
    wanted_all = answer.answers["longer"]
    wrong = (np.asarray(paper["longer"]) != wanted_all) & present(wanted_all, answer.lengths.get("longer"))
    if not wrong.any():
        return f"nowhere differs from the network, at {answer.longer}"
    row, place = np.argwhere(wrong)[0].tolist()
    said, wanted = int(paper["longer"][row, place]), int(wanted_all[row, place])
    meant = int(answer.right["longer"][row, place])
    return f"differs first at position {place + 1}: says {said}, the network {wanted}, the rule {meant}"
