"""What an edit is made from: the units that were selected, and what is known of how they behave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.bases.positions import Rows, rows
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.units import Basis, Edit
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject


@torch.no_grad()
def rows_at(subject: Subject, inputs: Inputs, site: str) -> Rows:
    """The activations at a site that a decision can depend on.

    Every place or real token; where a transformer's last stream is read, only the position that decides.
    """
    decisive = subject.anatomy.decision != "space" and site in (subject.trunk[-1], "final")
    return rows(subject, inputs, site, "input" if decisive else "position")


@dataclass(frozen=True)
class Selection:
    """Units of a basis at a site that are to be edited."""

    subject: Subject
    """Stays as it is."""
    site: str
    basis: Basis
    units: tuple[int, ...]
    """Their indices, at least one."""
    faulty: Labelled
    """Inputs on which the fault shows, with what should be decided; at least one."""
    clean: Labelled
    """Ordinary inputs with what should be decided; at least one."""
    usual: Float[Tensor, "m d"]
    """Activations at the site on ordinary inputs, a row a place or token."""
    seed: int
    strength: float = 1.0
    """How strongly to edit; one is what the edit's paper does."""
    cues: bool = False
    """Whether ``faulty`` holds inputs that show a cue and nothing else: labels then say which cue."""

    @cached_property
    def unusual(self) -> Rows:
        """Activations at the site on the faulty inputs, a row a place or token."""
        return rows_at(self.subject, self.faulty.inputs, self.site)

    @property
    def chosen(self) -> list[int]:
        """The units as an index."""
        return list(self.units)

    @property
    def directions(self) -> Float[Tensor, "units d"]:
        """What one more of each unit adds to an activation."""
        nothing = torch.zeros_like(self.basis.encode(self.usual[:1]))
        one_each = nothing.repeat(len(self.units), 1)
        one_each[torch.arange(len(self.units)), self.chosen] = 1
        return self.basis.decode(one_each) - self.basis.decode(nothing)

    def installed(self, edit: Edit) -> Subject:
        """A copy of the subject with an edit at the site."""
        return with_edits(self.subject, {self.site: edit}, example=self.clean.inputs[:2])
