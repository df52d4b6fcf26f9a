"""How much of a fault is left where some units do what they usually do: the question behind exact scores."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.positions import from_rows, real, to_rows
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.codes import packed
from fairfight.parts.scores.contrast import Contrast, Fault
from fairfight.parts.scores.gradients import attribution
from fairfight.parts.scores.suffix import Suffix
from fairfight.parts.training.labelled import Labelled

_ROWS = 256
"""Inputs that are run at once, at most."""
_NUMBERS = 1 << 24
"""Numbers that are moved at once, at most."""


class Without:
    """A subject in which chosen units can be held at their usual codes, any coalition of them at once.

    All tokens or places of an input are held; what the basis cannot rebuild stays.
    """

    @torch.no_grad()
    def __init__(
        self,
        contrast: Contrast,
        units: Int[Tensor, " u"],
        usual: Float[Tensor, " k"],
        examples: Labelled | None = None,
        measure: Fault | None = None,
    ) -> None:
        """Run the subject once on the examples.

        Args:
            contrast: Where the units are.
            units: Which ones can be held.
            usual: What every unit usually does.
            examples: What the subject decides on; by default ``faulty``.
            measure: What is measured; by default the fault.

        Raises:
            UserError: The basis does not add its units up, so that none can be held alone.
        """
        self._labels = (examples or contrast.faulty).labels
        self._measure = measure or contrast.fault
        self._subject, self._site = contrast.subject, contrast.site
        inputs = packed((examples or contrast.faulty).inputs)
        self._suffix = Suffix(self._subject, inputs, self._site)
        activation = self._suffix.activation
        rows = to_rows(self._subject, self._site, activation)
        codes = contrast.basis.encode(rows)
        self._atoms = _atoms(contrast.basis, codes, units)
        self._moves = (usual - codes)[:, units]
        keep = real(inputs, activation)
        if keep is not None:
            self._moves *= keep[:, None]
        self._rows = rows
        self.whole = float(self._measure(self._suffix.logits, self._labels).mean())
        """The measure with nothing held."""

    @torch.no_grad()
    def __call__(self, held: Bool[Tensor, "c u"]) -> Float[Tensor, " c"]:
        """The measure's mean over the examples with the units of each coalition held."""
        at_once = min(_ROWS // len(self._labels), _NUMBERS // (len(self._rows) * max(self._atoms.shape)))
        return torch.cat([self._run(some) for some in held.split(max(1, at_once))])

    def _run(self, held: Tensor) -> Tensor:
        size = self._suffix.activation.shape
        new = torch.addmm(
            self._rows.repeat(len(held), 1), (self._moves * held[:, None].to(self._moves)).flatten(0, 1), self._atoms
        )
        like = self._suffix.activation.new_empty(()).expand(len(held) * size[0], *size[1:])
        logits = self._suffix(from_rows(self._subject, self._site, new, like))
        return self._measure(logits, self._labels.repeat(len(held))).view(len(held), -1).mean(dim=1)


def _atoms(basis: Basis, codes: Float[Tensor, "rows k"], units: Int[Tensor, " u"]) -> Float[Tensor, "u d"]:
    """What one of each unit adds to an activation."""
    single = codes.new_zeros(len(units), codes.shape[1])
    single[torch.arange(len(units)), units] = 1
    atoms = basis.decode(single) - basis.decode(torch.zeros_like(single[:1]))
    some = codes[:4].clone()
    before = basis.decode(some)
    some[:, units] += 1
    step = basis.decode(some) - before
    if not torch.allclose(step, atoms.sum(dim=0).expand_as(step), rtol=1e-2, atol=1e-3 * float(before.abs().max())):
        raise UserError("This basis does not add its units up, so that none can be held alone: take another.")
    return atoms


def strongest(contrast: Contrast, most: int) -> Int[Tensor, " u"]:
    """The units that attribution thinks most of, whichever way; all if there are not more, in their own order."""
    scores = attribution(contrast).abs()
    return scores.argsort(descending=True, stable=True)[:most].sort().values
