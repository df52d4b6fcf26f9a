"""Linear system identification."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Ljung 1999 (ARX)", modalities=("sequences",))
def linear_recurrence(brief: DecompileBrief, *, longest: Annotated[int, Log(2, 16)] = 8) -> Program:
    """Fit the answer to earlier answers and inputs by least squares, with whole coefficients."""
    from fairfight.parts.identification.linear import linear_recurrence as fit

    return fit(brief.space, brief.values, brief.answers, longest=longest)[0]
