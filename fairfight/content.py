"""Content: the identity of a thing from what it is, and a cache of folders under that identity."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fairfight.errors import UserError


def canonical(value: Any) -> str:
    """One JSON text for equal values: sorted keys, no spaces, dataclasses as objects, NaN refused."""

    def plain(x: Any) -> Any:
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            return dataclasses.asdict(x)
        if isinstance(x, (set, frozenset)):
            return sorted(x)
        raise TypeError(f"{type(x).__name__} has no canonical form")

    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=plain, allow_nan=False, ensure_ascii=False)


def content_id(*values: Any, length: int = 16) -> str:
    """The first ``length`` hex digits of the SHA-256 of the values' canonical text."""
    return hashlib.sha256(canonical(values).encode()).hexdigest()[:length]


def cache_root() -> Path:
    """Where rebuilt things lie: ``FAIRFIGHT_CACHE``, else ``fairfight`` in the user's cache folder (XDG)."""
    if chosen := os.environ.get("FAIRFIGHT_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fairfight"


def data_root() -> Path:
    """Where results lie by default: ``fairfight`` in the user's data folder (XDG)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "fairfight"


def cached_folder(kind: str, identity: str, make: Callable[[Path], None]) -> Path:
    """The folder ``<cache>/<kind>/<identity>``, made at most once and never seen half-written.

    Args:
        kind: What is cached ("organism"); a folder name.
        identity: Content identity of the recipe, from :func:`content_id`.
        make: Fills an empty folder. It runs in a temporary folder beside the final one, which is renamed when done.

    Raises:
        UserError: The cache cannot be written (full disk, no permission).
    """
    final = cache_root() / kind / identity
    if final.is_dir():
        return final
    work: Path | None = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{identity}-", dir=final.parent))
        make(work)
        try:
            os.rename(work, final)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            # Another process finished the same folder first; contents are equal by construction.
    except OSError as error:
        raise UserError(
            f"The cache at {cache_root()} cannot be written ({error.strerror or error}): "
            "free some space there or set FAIRFIGHT_CACHE to another folder."
        ) from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return final
