"""Whether a circuit does what the subject does (Wang et al. 2023; for features: Marks et al. 2024)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from fairfight.parts.circuits.circuit import Circuit
from fairfight.parts.edits.installed import through
from fairfight.parts.edits.units import Basis, Edit, rewrite
from fairfight.parts.scores.codes import packed, usual_codes
from fairfight.parts.scores.contrast import Contrast, Fault, margin
from fairfight.parts.scores.gradients import BATCH
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject


@torch.no_grad()
def faithfulness(
    circuit: Circuit,
    subject: Subject,
    bases: Mapping[str, Basis],
    faulty: Labelled,
    clean: Labelled,
    *,
    fault: Fault = margin,
) -> float:
    """How much of the fault is left when every unit outside of a circuit does what it usually does.

    1 where the circuit does all that the subject does, 0 where it does no more than no units at all; what dictionaries
    cannot rebuild stays as it is in all three.

    Raises:
        UserError: A site does not exist.
    """

    def shown(units: Mapping[str, list[int]] | None) -> float:
        total = 0.0
        for batch in faulty.batches(BATCH):
            inputs = packed(batch.inputs)
            writes = {
                s: through(subject, s, _others_usual(bases[s], usual[s], own)) for s, own in (units or {}).items()
            }
            with subject.hooks(writes=writes):
                total += float(fault(subject(inputs), batch.labels).sum())
        return total / len(faulty)

    usual = {s: usual_codes(Contrast(subject, s, b, faulty, clean, 0, fault)) for s, b in bases.items()}
    whole, none = shown(None), shown({s: [] for s in bases})
    return (shown({s: circuit.at(s) for s in bases}) - none) / (whole - none) if whole != none else 0.0


def _others_usual(basis: Basis, usual: Tensor, units: list[int]) -> Edit:
    """Writes what all but some units usually do."""

    def change(codes: Tensor) -> Tensor:
        wanted = usual.repeat(len(codes), 1)
        wanted[:, units] = codes[:, units]
        return wanted

    return rewrite(basis, change)
