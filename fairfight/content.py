"""Content: the identity of a thing from what it is, and a cache of folders under that identity."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a file lock: two processes that need the same thing make it once."""
    with open(lock, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def cached_folder(kind: str, identity: str, make: Callable[[Path], None]) -> Path:
    """The folder ``<cache>/<kind>/<identity>``, made once and never seen half-written.

    Args:
        kind: What is cached ("organism"); a folder name.
        identity: Content identity of the recipe, from :func:`content_id`.
        make: Fills an empty folder. It runs in a temporary folder beside the final one, which is renamed when done;
            another process that wants the same folder waits for it.

    Raises:
        UserError: The cache cannot be written (full disk, no permission).
    """
    final = cache_root() / kind / identity
    if final.is_dir():
        return final
    work: Path | None = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _alone(final.parent / f".{identity}.lock"):
            if not final.is_dir():
                work = Path(tempfile.mkdtemp(prefix=f".{identity}-", dir=final.parent))
                make(work)
                os.rename(work, final)
    except Exception as error:
        code = _error_number(error)
        if code not in _CANNOT_WRITE:
            raise
        raise UserError(
            f"The cache at {cache_root()} cannot be written ({os.strerror(code)}): "
            "free some space there or set FAIRFIGHT_CACHE to another folder."
        ) from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)
    return final


def _error_number(error: Exception) -> int:
    """The system's number of an error; safetensors says it in words only."""
    if isinstance(error, OSError):
        return error.errno or 0
    said = re.search(r"\(os error (\d+)\)", str(error))
    return int(said[1]) if said else 0


_CANNOT_WRITE = (
    errno.EFBIG,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
)
