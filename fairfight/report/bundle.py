"""The charts' JavaScript, put together once and kept in the cache."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fairfight.content import cached_folder, content_id
from fairfight.errors import UserError


def bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that needs nothing else, of the version that Altair writes for."""

    def make(folder: Path) -> None:
        (folder / "vega.js").write_text(_made(), "utf-8")

    try:
        identity = content_id(version("altair"), version("vl-convert-python"))
        return (cached_folder("charts", identity, make) / "vega.js").read_text("utf-8")
    except (UserError, OSError):
        return _made()  # no cache, no matter: it only costs a second


def _made() -> str:
    vl_convert: Any = import_module("vl_convert")  # its stub asks for an argument that is optional
    from altair import SCHEMA_VERSION

    return str(vl_convert.javascript_bundle(vl_version=".".join(SCHEMA_VERSION.lstrip("v").split(".")[:2])))
