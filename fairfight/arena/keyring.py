"""Keys of what listed functions are called with: all of it that decides what they cost."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from fairfight.arena.keys import Uncertain, has_hooks, key_of_value
from fairfight.arena.surveys import Surveyor
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject


class Keyring:
    """Makes keys; called with the counting mode off."""

    def __init__(self, surveyor: Surveyor, kept: dict[int, object]) -> None:
        self._surveyor = surveyor
        self._kept = kept

    def value(self, value: Any) -> Hashable:
        """A tensor, a plain value, a generator of random numbers, or a list, tuple or dict of tensors and plain values.

        Raises:
            Uncertain: It is something else.
        """
        if type(value) is torch.Generator:
            return torch.Generator
        return key_of_value(value, torch.is_grad_enabled())

    def values(self, *values: Any) -> Hashable:
        """Several at once."""
        grad = torch.is_grad_enabled()
        return tuple([key_of_value(value, grad) for value in values])

    def named(self, tensors: Mapping[str, Tensor]) -> Hashable:
        """Tensors by name, in their order."""
        return tuple([(name, self.value(x)) for name, x in tensors.items()])

    def names(self, names: Iterable[str]) -> Hashable:
        """Names of sites.

        Raises:
            Uncertain: They can be gone through only once.
        """
        if not isinstance(names, (tuple, list)):
            raise Uncertain
        return tuple(names)

    def subject(self, subject: Subject) -> Hashable:
        """A subject whose module's work depends on shapes alone.

        Raises:
            Uncertain: There are hooks on it, or parts that nobody vouches for.
        """
        module = subject.module
        if type(subject) is not Subject or has_hooks(module.__dict__) or not self._surveyor.is_known(module):
            raise Uncertain
        shape, free = self._surveyor.survey(module, {})
        if not free:
            raise Uncertain
        for thing in (module, subject.anatomy):
            self._kept[id(thing)] = thing  # so that its id stays its own
        return id(module), id(subject.anatomy), subject.pixel_scale is None, shape

    def inputs(self, subject: Subject, inputs: Images | Texts, size: int) -> Hashable:
        """Inputs that a subject is given in batches of ``size``.

        Raises:
            Uncertain: They are neither images nor texts.
        """
        if type(inputs) is Images:
            return self.value(inputs.pixels)
        if type(inputs) is not Texts:
            raise Uncertain
        full: Hashable = None
        if not subject.anatomy.unmasked:
            # Attention leaves out a mask that masks nothing.
            rows = inputs.mask.all(dim=1).tolist()
            full = tuple([all(rows[i : i + size]) for i in range(0, len(rows), size)])
        return self.value(inputs.ids), self.value(inputs.mask), full
