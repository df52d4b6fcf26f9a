"""Keeping text that a model or a data set wrote from acting on the reader's page or terminal."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markupsafe import Markup

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_PNG = re.compile(r"data:image/png;base64,iVBOR[A-Za-z0-9+/]+={0,2}")
_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"}


def visible(text: str) -> str:
    """The text with control characters, terminal escapes and text-direction overrides spelt out (``\\x1b``)."""

    def spell(match: re.Match[str]) -> str:
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"

    return _UNSEEN.sub(spell, text)


def line(text: str, longest: int | None = None) -> str:
    """The visible text on one line, cut to ``longest`` characters."""
    flat = " ".join(visible(text).split())
    return flat if longest is None or len(flat) <= longest else flat[: longest - 1] + "…"


def block(text: str, longest: int) -> str:
    """The visible text with its lines and indents, cut to ``longest`` characters."""
    kept = "\n".join(visible(one) for one in text.split("\n"))
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def script_json(value: Any) -> Markup:
    """JSON that is safe inside a ``<script>`` element: no ``<``, ``>``, ``&`` or quote can end it or open a comment.

    NaN and infinity become null; everything beyond ASCII is written as an escape.
    """
    from markupsafe import Markup

    try:
        text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(finite(value), separators=(",", ":"), allow_nan=False)
    for character, escape in _IN_SCRIPT.items():
        text = text.replace(character, escape)
    return Markup(text)  # nothing is left in it that HTML reads as markup


def finite(value: Any) -> Any:
    """Plain JSON values with NaN and infinity replaced by none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return value


def png_url(url: object) -> str | None:
    """The address if it is a PNG picture written out in place, else none: a report asks nothing of the network."""
    return url if isinstance(url, str) and _PNG.fullmatch(url) else None
