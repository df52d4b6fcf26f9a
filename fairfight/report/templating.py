"""What every page is made with: templates whose text is escaped, and a policy under which nothing foreign runs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fairfight.report import charts, drawing, escape, numbers
from fairfight.report.found import accused
from fairfight.report.kinds import look

if TYPE_CHECKING:
    from jinja2 import Environment


def part(name: str) -> str:
    """The text of a file among the templates."""
    return files("fairfight.report").joinpath("templates", name).read_text("utf-8")


def policy(scripts: Iterable[str]) -> str:
    """A content policy under which nothing is fetched and no script runs but ours, whatever slipped through."""
    hashes = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    allowed = " ".join(f"'sha256-{h}'" for h in hashes) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def environment() -> Environment:
    """Templates, filters and what they may call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def shown(value: Any) -> Any:
        return value if isinstance(value, Markup) or not isinstance(value, str) else escape.visible(value)

    environment = Environment(
        loader=PackageLoader("fairfight.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    formats: Mapping[str, Any] = {
        "score": numbers.score, "signed": numbers.signed, "p": numbers.p_value, "flops": numbers.flops,
        "seconds": numbers.seconds, "outcome": charts.outcome, "count": numbers.count, "line": escape.line,
        "block": escape.block, "accused": accused,
        "circuit": drawing.circuit, "curve": drawing.curve,
        "visible": escape.visible, "look": look, "png": escape.png_url, "script_json": escape.script_json,
        "ours": Markup,
    }  # fmt: skip
    environment.filters.update(formats)
    environment.globals.update(interval=numbers.interval, counted=numbers.counted, outcomes=charts.OUTCOMES)
    return environment
