"""What of a module, and of what it is called with, decides the cost of a call."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any

import torch
from torch import Tensor, nn
from torch._C import _DisableTorchDispatch

from fairfight.arena.bills import Key, Survey
from fairfight.arena.keys import Uncertain, has_hooks, is_from_library, key_of_value


class Surveyor:
    """Knows which types of modules can be billed."""

    def __init__(self) -> None:
        self._trusted: dict[type, bool] = {}
        self._seen = threading.local()

    def trust(self, module: nn.Module) -> None:
        """Take part in the types of this module and its parts."""
        self._trusted.update({type(part): True for part in module.modules()})

    def is_known(self, module: nn.Module) -> bool:
        """Whether the module does the same for inputs of the same shapes."""
        own = module.__dict__
        if "forward" in own or own.get("_compiled_call_impl") is not None:
            return False
        kind = type(module)
        trusted = self._trusted.get(kind)
        if trusted is None:
            trusted = self._trusted[kind] = is_from_library(kind)
        return trusted

    def survey(self, module: nn.Module, into: dict[int, Survey]) -> Survey:
        """Look at a module and its parts, and note what was found for each of them in ``into`` by id.

        Raises:
            Uncertain: A part is compiled: its calls do not come by.
        """
        own = module.__dict__
        if own.get("_compiled_call_impl") is not None:
            raise Uncertain
        # The sign tells trained weights from frozen ones: some operators choose another way for them.
        shape: list[Hashable] = [own["training"]]
        for p in own["_parameters"].values():
            shape.append(None if p is None else -p.numel() if p.requires_grad else p.numel())
        free = True
        for part in own["_modules"].values():
            if part is None:
                continue
            shape.append(id(part))
            if not self.is_known(part):
                if any(p.__dict__.get("_compiled_call_impl") is not None for p in part.modules()):
                    raise Uncertain
                free = False
                continue
            inner, inner_free = self.survey(part, into)
            shape += inner
            if not inner_free or has_hooks(part.__dict__):
                free = False
        survey = into[id(module)] = (tuple(shape), free)
        return survey

    def key_of(self, args: Any, kwargs: Any) -> Key:
        """What of a call's inputs decides its cost."""
        grad = torch.is_grad_enabled()
        try:
            key: list[Hashable] = [grad, torch.is_inference_mode_enabled(), torch._C._is_any_autocast_enabled()]
            for value in args:
                key.append(key_of_value(value, grad))
            for name, value in kwargs.items():
                key.append(name)
                key.append(key_of_value(value, grad))
                if isinstance(value, Tensor) and "mask" in name and not value.is_floating_point():
                    key.append(self.is_full(value))
        except (Uncertain, RuntimeError):
            return None
        return tuple(key)

    def is_full(self, mask: Tensor) -> bool:
        """Whether a mask masks nothing."""
        # Attention leaves out a mask that masks nothing.
        known, version, full = getattr(self._seen, "mask", (None, 0, False))
        if known is not mask or version != mask._version:
            with _DisableTorchDispatch():
                full = bool(mask.all())
            self._seen.mask = (mask, mask._version, full)
        return bool(full)
