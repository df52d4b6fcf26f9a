"""A small net that is taught what the network answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.parts.programs.fits.nets import Net
    from fairfight.tasks.decompile.brief import DecompileBrief


@baseline("decompile", source="Hinton et al. 2015", modalities=("sequences", "transformers", "vision"))
def distilled_net(
    brief: DecompileBrief, *, units: Annotated[int, Log(8, 128)] = 32, rate: Annotated[float, Log(1e-3, 3e-2)] = 1e-2
) -> Net:
    """Teach a layer of ReLUs what is answered at positions, or to inputs, from what describes them: no program."""
    from fairfight.tasks.decompile._portfolio import distilled

    return distilled(brief, units, rate)
