"""What the pages say of the code, taken from the code: commands, suites, contenders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr):(?=<code>)")
_MARK = re.compile(r"^<!-- (commands|suites|contenders) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put a table where a page asks for one."""
    return _MARK.sub(lambda mark: "\n".join(TABLES[mark[1]]()), markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Docstrings name other objects by Sphinx's roles; the name alone is what a reader needs."""
    return _ROLE.sub("", html)


def commands() -> Iterator[str]:
    """Every command with its arguments and options."""
    import typer

    from fairfight.cli import app

    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        arguments = "".join(f" {p.name.upper()}" for p in command.params if not p.opts[0].startswith("-"))
        yield f"## fairfight {name}\n\n`fairfight {name}{arguments} [options]`\n\n{command.help}\n"
        yield "| option | default | meaning |\n|---|---|---|"
        for p in command.params:
            if p.name == "help":
                continue
            flags = ", ".join(f"`{o}`" for o in p.opts) if p.opts[0].startswith("-") else f"`{p.name.upper()}`"
            default = "" if p.default is None or p.default is False else f"`{p.default}`"
            yield f"| {flags} | {default} | {p.help or ''} |"
        yield ""


def suites() -> Iterator[str]:
    """Cases by task and suite, with the suite's usual seeds and trials."""
    from fairfight import api
    from fairfight.arena.grid import terms

    yield "| task | suite | scored cases | development cases | match seeds | tuning trials |\n|---|---|---|---|---|---|"
    for task in api.catalogue()["tasks"]:
        for suite, cases in task["cases"].items():
            scored = sum(c["split"] == "scored" for c in cases)
            if scored:
                usual = terms(suite)
                tuned = usual.trials if usual.trials > 1 else "none: defaults"
                yield f"| `{task['name']}` | `{suite}` | {scored} | {len(cases) - scored} | {usual.seeds} | {tuned} |"


def contenders() -> Iterator[str]:
    """The field of each task."""
    from fairfight import api

    yield "| task | contender | kind | what it does | source |\n|---|---|---|---|---|"
    for task in api.catalogue()["tasks"]:
        for c in task["contenders"]:
            yield f"| `{task['name']}` | `{c['name']}` | {c['kind']} | {c['summary']} | {c['source']} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {"commands": commands, "suites": suites, "contenders": contenders}
