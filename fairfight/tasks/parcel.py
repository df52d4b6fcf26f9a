"""What may leave the referee: copies that share no memory with what they were cut from, and name no origin."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from fairfight.subject.inputs import Images, Texts
    from fairfight.subject.subject import Subject

    Some = TypeVar("Some", bound=Images | Texts)


def anonymous(subject: Subject) -> Subject:
    """A deep copy of a subject that does not say where it comes from."""
    copy = subject.copy()
    copy.name, copy.notes = "subject", {}
    config = getattr(copy.module, "config", None)
    for thing in (config, copy.tokenizer):
        for attribute in ("_name_or_path", "name_or_path"):
            if getattr(thing, attribute, None):
                setattr(thing, attribute, "")
    return copy


def own(inputs: Some) -> Some:
    """A copy whose tensors hold nothing but themselves: a view would carry what it was cut from."""
    fields: dict[str, Any] = {f.name: getattr(inputs, f.name).clone() for f in dataclasses.fields(inputs)}
    return type(inputs)(**fields)
