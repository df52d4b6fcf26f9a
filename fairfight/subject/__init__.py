"""Models under test: load them, call them, name their sites, read and write their activations."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairfight.subject.checking import check as check
    from fairfight.subject.harvesting import Activations as Activations
    from fairfight.subject.harvesting import harvest as harvest
    from fairfight.subject.hooking import hooks as hooks
    from fairfight.subject.hooking import read as read
    from fairfight.subject.inputs import Images as Images
    from fairfight.subject.inputs import Inputs as Inputs
    from fairfight.subject.inputs import Texts as Texts
    from fairfight.subject.loading import load as load
    from fairfight.subject.networks import cnn as cnn
    from fairfight.subject.saving import save as save
    from fairfight.subject.sites import Site as Site
    from fairfight.subject.subject import Kind as Kind
    from fairfight.subject.subject import Subject as Subject
    from fairfight.subject.wrapping import wrap as wrap

_HOME = {
    "Activations": "harvesting",
    "Images": "inputs",
    "Inputs": "inputs",
    "Kind": "subject",
    "Site": "sites",
    "Subject": "subject",
    "Texts": "inputs",
    "check": "checking",
    "cnn": "networks",
    "harvest": "harvesting",
    "hooks": "hooking",
    "load": "loading",
    "read": "hooking",
    "save": "saving",
    "wrap": "wrapping",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
