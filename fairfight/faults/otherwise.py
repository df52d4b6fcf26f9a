"""A fault as somebody else would present it, and what it makes of its inputs: what repairs are tried on.

Families may say so themselves, by methods of these names; this is what holds for those that do not.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import Fault
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples

DARKER = 0.85
"""What pixels are multiplied by."""


def right(fault: Fault, examples: Examples) -> Int[Tensor, " n"]:
    """What should be decided on the suspects made from examples: their own labels."""
    own: Any = getattr(fault, "right", None)
    return examples.labels if own is None else own(examples)


def wrong(fault: Fault, examples: Examples) -> Int[Tensor, " n"]:
    """What the fault has a subject decide on the suspects made from examples: a trojan its target."""
    own: Any = getattr(fault, "wrong", None)
    if own is not None:
        found: Tensor = own(examples)
        return found
    target = getattr(fault, "target", None)
    if target is None:
        raise UserError(f"What {fault.title!r} has a subject decide is not known: give it a method wrong(examples).")
    return torch.full((len(examples),), int(target))


def setting(fault: Fault, examples: Examples) -> Examples:
    """The examples as they come where the subject is used."""
    own: Any = getattr(fault, "setting", None)
    return examples if own is None else own(examples)


def variants(fault: Fault, examples: Examples, subject: Subject, seed: int) -> Inputs:
    """The suspects made from examples, by an attacker who presents the fault otherwise."""
    own: Any = getattr(fault, "variants", None)
    if own is None:
        return otherwise(fault.suspects(examples, subject, seed))
    found: Inputs = own(examples, subject, seed)
    return found


def otherwise(inputs: Inputs) -> Inputs:
    """The same inputs as they come elsewhere.

    Pictures are a little darker and a pixel further down and to the right; texts stammer on their first word, so that
    everything after it is two places later.
    """
    if isinstance(inputs, Images):
        moved = torch.nn.functional.pad(inputs.pixels, (1, 0, 1, 0), mode="replicate")[:, :, :-1, :-1]
        return Images((moved * DARKER).contiguous())
    parts = (inputs.ids[:, :2], inputs.ids[:, 1:2], inputs.ids[:, 1:2], inputs.ids[:, 2:])
    mask = torch.cat([torch.ones_like(inputs.mask[:, :2]), inputs.mask], dim=1)
    return Texts(torch.cat(parts, dim=1), mask)
