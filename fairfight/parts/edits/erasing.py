"""LEACE (Belrose et al. 2023, arXiv:2306.03819): after the least change, no linear reader tells two concepts apart."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.edits.directions import span
from fairfight.parts.edits.selection import Selection
from fairfight.parts.edits.units import Edit
from fairfight.subject.subject import Subject


def leace(s: Selection) -> Subject:
    """Erase from the span of the units which activations are faulty ones; of cues, which cue they show."""
    if s.cues:
        x, concept = s.unusual.x, s.faulty.labels[s.unusual.owner]
    else:
        x = torch.cat([s.unusual.x, s.usual])
        concept = (torch.arange(len(x)) < len(s.unusual.x)).long()
    return s.installed(eraser(x, concept, s.directions))


def eraser(x: Float[Tensor, "n d"], concept: Int[Tensor, " n"], directions: Float[Tensor, "k d"]) -> Edit:
    """An edit after which no linear reader of the span of some directions predicts a concept from activations.

    Args:
        x: Activations, two at least.
        concept: A class of each.
        directions: What may be changed: all of an activation, if they reach everywhere.
    """
    from concept_erasure import LeaceFitter

    axes = span(directions).double()
    shown = torch.nn.functional.one_hot(concept.unique(return_inverse=True)[1]).double()
    found = LeaceFitter.fit(x.double() @ axes.T, shown).eraser
    reader = (found.proj_right @ axes).to(x)
    writer = (found.proj_left.T @ axes).to(x)
    offset = (found.proj_right @ found.bias).to(x)

    def edit(y: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        kept: Tensor = y - (y @ reader.to(y).T - offset.to(y)) @ writer.to(y)
        return kept

    return edit
