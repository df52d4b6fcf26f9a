"""Content: the identity of a thing from what it is, and a cache of folders under that identity."""

from __future__ import annotations

import ast
import dataclasses
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
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


def write_whole(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all: what was there before stays until it takes its place.

    Raises:
        OSError: The folder is missing, cannot be written or is full; nothing of the new file is left.
    """
    work = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        work.write_bytes(data)
        os.replace(work, path)
    finally:
        work.unlink(missing_ok=True)


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


_HERE = Path(__file__).parent
_PACKAGE = _HERE.name


def code_id(*modules: str, rooms: Sequence[str], length: int = 12) -> str:
    """Identity of the code that modules are made of: their own and what it imports from some rooms, at any depth.

    Imports inside functions count; those for type checkers do not, nor do lists of cases (folders named ``suites``),
    since each case has an identity of its own. What is imported by a name that is put together must be named.

    Args:
        modules: Names of modules of this package, or paths of files.
        rooms: Modules and packages of this package whose code counts, by their names within it ("parts").
        length: Hex digits.
    """
    digest = hashlib.sha256()
    for name, file in sorted(_lineage(modules, tuple(f"{_PACKAGE}.{room}" for room in rooms)).items()):
        digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()[:length]


def _lineage(modules: Sequence[str], rooms: tuple[str, ...]) -> dict[str, Path]:
    """Files by the name of their module, or by their own name where a path was given."""
    found = {Path(m).name: Path(m) for m in modules if m.endswith(".py")}
    left = [m for m in modules if not m.endswith(".py")] + [m for f in found.values() for m in _imports(f)]
    while left:
        name = left.pop()
        file = _file(name)
        if name in found or file is None or file.parent.name == "suites":
            continue
        if not f"{name}.".startswith(tuple(f"{room}." for room in rooms)):
            continue
        found[name] = file
        left += _imports(file)
        left += [name.rpartition(".")[0]]  # importing a module runs its package first
    return found


def _file(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != _PACKAGE:
        return None
    base = _HERE.joinpath(*parts[1:])
    return next((f for f in (base.with_suffix(".py"), base / "__init__.py") if f.is_file()), None)


@cache
def _imports(file: Path) -> tuple[str, ...]:
    """Modules of this package that a file imports."""
    found: list[str] = []
    left: list[ast.AST] = [ast.parse(file.read_bytes())]
    while left:
        node = left.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            left += node.orelse
        elif isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in (f"{node.module}.{a.name}" for a in node.names):
                found += [name] if _file(name) else _all_of(node.module)
        else:
            left += ast.iter_child_nodes(node)
    return tuple(name for name in found if _file(name))


def _all_of(module: str) -> list[str]:
    """The module; with all its neighbours where it gives names that only calling it finds."""
    file = _file(module)
    if file is None or file.name != "__init__.py" or b"def __getattr__" not in file.read_bytes():
        return [module]
    return [module, *(f"{module}.{f.stem}" for f in file.parent.glob("*.py") if f.name != "__init__.py")]
