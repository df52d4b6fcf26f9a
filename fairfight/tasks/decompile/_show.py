"""What a person should see of a submission: the program, where it parts from the network, and agreement by length."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import numpy as np

from fairfight.tasks.decompile.brief import DecompileAnswer, present
from fairfight.tasks.decompile.grading import marks

SHOWN = 24
"""Positions of an input that are written out at most."""


def show(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, Any]:
    """The program and its circuit, where it differs, and how well it agrees at each length, for the report."""
    text = str(paper["text"])
    lines = [_parted(answer, paper)] if text else ["nothing that can be read", _parted(answer, paper)]
    if marks(answer, paper)["exact"]:
        lines.insert(0, f"the rule itself, on {_tried(answer)}")
    graph = json.loads(str(paper["graph"])) if str(paper.get("graph", "")) else None
    return {"pictures": [], "lines": lines, "code": text, "graph": graph, "curve": by_length(answer, paper)}


def _tried(answer: DecompileAnswer) -> str:
    count = len(answer.right["every"])
    return f"all {count:,} inputs that there are" if answer.exhaustive else f"{count:,} inputs that were tried"


def _parted(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> str:
    """The first position of the shortest long or hard sequence at which it differs from the network."""
    wanted_all, lengths = answer.answers["longer"], answer.lengths.get("longer")
    wrong = (np.asarray(paper["longer"]) != wanted_all) & present(wanted_all, lengths)
    if not wrong.any():
        return f"nowhere differs from the network, at {answer.longer}"
    rows = np.flatnonzero(wrong.any(1))
    row = int(rows[0] if lengths is None else rows[lengths[rows].argmin()])
    place = int(np.flatnonzero(wrong[row])[0])
    said, wanted = int(paper["longer"][row, place]), int(wanted_all[row, place])
    meant = int(answer.right["longer"][row, place])
    single = wanted_all.shape[1] == 1
    where = "on" if single else f"at position {place + 1} of"
    whole = None if lengths is None else int(lengths[row])
    stepwise = lengths is None and not single and wanted_all.shape[1] > answer.answers["held"].shape[1]
    given = _written(answer.hard, row, place + 1 if stepwise else whole)
    return f"differs first {where} {given}: says {said}, the network {wanted}, the rule {meant}"


def _written(values: np.ndarray | None, row: int, length: int | None) -> str:
    """An input, or its end where it is long."""
    if values is None:
        return "an input"
    found = values[row, :length]
    plain = found[:, 0].tolist() if found.shape[1] == 1 else [tuple(v) for v in found.tolist()]
    return str(plain) if len(plain) <= SHOWN else "[… " + str(plain[-SHOWN:])[1:]


def by_length(answer: DecompileAnswer, paper: dict[str, np.ndarray]) -> dict[str, Any] | None:
    """Agreement with the network, and of the network with its rule, by length; None where there is one length only.

    Of what goes from position to position the length is that of the sequence so far.
    """
    held, longer = answer.answers["held"], answer.answers["longer"]
    counts: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    if "longer" in answer.lengths:
        for part, lengths in answer.lengths.items():
            there = present(answer.answers[part], lengths)
            same = [(np.asarray(a) == answer.answers[part]) & there for a in (paper[part], answer.right[part])]
            for length in np.unique(lengths):
                rows = lengths == length
                for k, found in enumerate((there, *same)):
                    counts[int(length)][k] += float(found[rows].sum())
        known = int(answer.lengths["held"].max())
    elif longer.shape[1] > held.shape[1] > 1:
        for place in range(longer.shape[1]):
            wanted = longer[:, place]
            same = [np.asarray(a)[:, place] == wanted for a in (paper["longer"], answer.right["longer"])]
            counts[place + 1] = [float(len(wanted)), *(float(found.sum()) for found in same)]
        known = held.shape[1]
    else:
        return None
    order = sorted(counts)
    network, rule = ([round(counts[n][k] / counts[n][0], 4) for n in order] for k in (1, 2))
    return {"lengths": order, "network": network, "rule": rule, "known": known}
