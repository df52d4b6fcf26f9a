"""The documentation: it builds offline, says what the code does, uses each term in one way, and its examples run."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {p.relative_to(DOCS).as_posix(): p.read_text("utf-8") for p in sorted(DOCS.rglob("*.md"))}
TERMS = "terms.md"

pytestmark = pytest.mark.xdist_group("docs")


@dataclass(frozen=True)
class Block:
    """A fenced piece of code on a page."""

    page: str
    mark: str
    """``run``, ``run: slow``, ``file: NAME`` or nothing: the comment on the line before."""
    language: str
    code: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.page}:{self.line}"


def _blocks() -> Iterator[Block]:
    fence = re.compile(
        r"(?:^<!-- (?P<mark>run|run: slow|file: \S+) -->\n)?^```(?P<lang>\w+)\n(?P<code>.*?)^```$", re.M | re.S
    )
    for page, text in PAGES.items():
        for found in fence.finditer(text):
            line = text.count("\n", 0, found.start("code")) + 1
            yield Block(page, found["mark"] or "", found["lang"], found["code"], line)


BLOCKS = list(_blocks())
PROSE = {page: re.sub(r"```.*?^```$|`[^`\n]*`", "", text, flags=re.M | re.S) for page, text in PAGES.items()}


# The site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("mkdocs") is None or find_spec("mkdocstrings") is None:
        pytest.skip("the group `docs` is not installed")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(target)]
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def test_site_builds_strictly_with_every_page(site: Path) -> None:
    for page in PAGES:
        where = site / ("index.html" if page == "index.md" else page.removesuffix(".md") + "/index.html")
        assert where.is_file(), page


def test_site_asks_nothing_of_the_network(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?(?:https?:)?//|<link[^>]*\shref=["']?(?:https?:)?//"""
    )
    for file in site.rglob("*.html"):
        assert not fetched.search(file.read_text("utf-8")), file
    for file in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", file.read_text("utf-8")), file


def test_site_holds_no_marks_of_the_tools(site: Path) -> None:
    """Tables are filled in, Sphinx's roles are gone, the hooks are not published."""
    for file in site.rglob("*.html"):
        text = file.read_text("utf-8")
        assert not re.search(r"<!-- (commands|suites|contenders) -->|:(func|class|meth):<code>", text), file
    assert not (site / "hooks.py").exists()


# What the pages say of the code


def test_every_python_block_parses_and_calls_what_there_is() -> None:
    import fairfight as ff

    for block in BLOCKS:
        if block.language != "python":
            continue
        for node in ast.walk(ast.parse(block.code, block.name)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ff":
                assert hasattr(ff, node.attr), f"{block.name}: ff.{node.attr}"
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fairfight"):
                module = __import__(str(node.module), fromlist=["x"])
                hidden = {"DetectBrief", "Detector"}  # Detector exists for type checkers only
                for name in (a.name for a in node.names if a.name not in hidden):
                    assert hasattr(module, name) or find_spec(f"{node.module}.{name}"), f"{block.name}: {name}"


def _commands() -> dict[str, Any]:
    import typer

    from fairfight.cli import app

    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def test_every_command_line_has_only_options_there_are() -> None:
    known = _commands()
    lines = [line for b in BLOCKS if b.language == "bash" for line in b.code.splitlines()]
    lines += [code for text in PAGES.values() for code in re.findall(r"`(fairfight [^`…]+)`", text)]
    checked = 0
    for line in lines:
        words = shlex.split(line.split(" && ")[-1].removeprefix("uv run "))
        if not words or words[0] != "fairfight":
            continue
        assert words[1] in known, line
        options = {o for p in known[words[1]].params for o in p.opts}
        assert {w for w in words[2:] if w.startswith("-")} <= options, line
        checked += 1
    assert checked > 8


def test_every_option_in_the_tour_is_one_of_run() -> None:
    options = {o for p in _commands()["run"].params for o in p.opts}
    table = PAGES["tour.md"].split("Useful options")[1].split("## ")[0]
    named = {o.split()[0] for o in re.findall(r"`(--[^`]+)`", table)}
    assert len(named) > 6
    assert named <= options


def _rows(page: str, header: str) -> list[list[str]]:
    """The cells of the table that begins so, row by row, where the first is code."""
    table = PAGES[page].split(header)[1].split("\n\n")[0]
    return [[c.strip() for c in row.split("|")[1:-1]] for row in table.splitlines() if row.startswith("| `")]


def _first_column(page: str, header: str) -> set[str]:
    return {name for row in _rows(page, header) for name in re.findall(r"`([^`]+)`", row[0])}


def test_tables_of_worlds_faults_statuses_and_models_are_complete() -> None:
    from fairfight.arena.records import Status
    from fairfight.faults.family import families
    from fairfight.subject.families import FAMILIES
    from fairfight.worlds.names import names
    from fairfight.worlds.world import world

    said = {row[0].strip("`"): set(re.findall(r"`([^`]+)`", row[3])) for row in _rows("worlds.md", "| world | inputs")}
    assert said == {name: set(world(name).architectures) for name in names()}
    rows = {row[0].strip("`"): set(row[1].split(", ")) for row in _rows("worlds.md", "| family | worlds")}
    shipped = {n: f for n, f in families().items() if f.draw.__module__.startswith("fairfight.")}
    assert rows == {name: set(f.worlds) for name, f in shipped.items()}
    assert _first_column("contenders.md", "| status | what happened") == set(get_args(Status))
    assert set(FAMILIES) <= _first_column("subjects.md", "| family (`model_type`)")


def test_limits_named_in_the_rules_are_those_of_the_code() -> None:
    from fairfight.arena.sitting import Limits
    from fairfight.tasks.detect.brief import CHUNK
    from fairfight.verdict.records import MIN_CASES
    from fairfight.verdict.voids import MIN_GAP

    usual = Limits()
    assert f"| wall-clock seconds | {usual.wall_seconds:g} |" in PAGES["rules.md"]
    assert f"| CPU seconds | {usual.cpu_seconds:g} |" in PAGES["rules.md"]
    assert f"| growth of memory | {usual.memory_bytes >> 30} GiB |" in PAGES["rules.md"]
    assert f"at most {CHUNK} inputs" in PAGES["contenders.md"]
    assert (MIN_CASES, MIN_GAP) == (10, 0.1), "the pages on verdicts say ten cases, and .10"


# The words


@dataclass(frozen=True)
class Term:
    name: str
    meaning: str
    instead_of: tuple[str, ...]


def _glossary() -> list[Term]:
    found = []
    for name, body in re.findall(r"^([^\n:].*)\n:   ((?:.+\n?)+)", PAGES[TERMS], re.M):
        other = re.search(r"\*Not: ([^*]+)\.\*", body)
        found.append(Term(name, body, tuple(other[1].split(", ")) if other else ()))
    return found


GLOSSARY = _glossary()


def _says(text: str, word: str) -> bool:
    """Whether the word is there, in the singular or the plural."""
    plural = (
        rf"(?:{re.escape(word)}(?:s|es)?|{re.escape(word[:-1])}ies)"
        if word.endswith("y")
        else rf"{re.escape(word)}(?:s|es)?"
    )
    return re.search(rf"(?<![\w-]){plural}(?![\w])", " ".join(text.split()), re.I) is not None


def test_glossary_is_sorted_and_names_nothing_twice() -> None:
    names = [t.name.lower() for t in GLOSSARY]
    assert len(names) > 60
    assert names == sorted(set(names))


@pytest.mark.parametrize("term", GLOSSARY, ids=lambda t: t.name)
def test_term_is_used_and_is_called_nothing_else(term: Term) -> None:
    others = {page: text for page, text in PAGES.items() if page != TERMS}
    assert any(_says(text, term.name) for text in others.values()), "no other page uses it"
    for wrong in term.instead_of:
        for page in others:
            assert not _says(PROSE[page], wrong), f"{page} says {wrong!r} for {term.name!r}"
        meanings = (re.sub(r"\*Not: [^*]+\*", "", t.meaning) for t in GLOSSARY)
        assert not any(_says(m, wrong) for m in meanings), wrong


def test_words_of_the_code_are_in_the_glossary() -> None:
    from fairfight.arena.records import Status
    from fairfight.report.words import GLOSSARY as IN_REPORT
    from fairfight.report.words import TIERS
    from fairfight.tasks.registry import Kind
    from fairfight.tasks.task import SUITES

    text = "\n".join(f"{t.name}: {t.meaning}" for t in GLOSSARY)
    for word in (*get_args(Kind), *get_args(Status), *SUITES, *(name for name, _ in TIERS.values())):
        assert _says(text, word), word
    names = {t.name.lower() for t in GLOSSARY}
    own = {
        "controls": "control",
        "p, p corrected": "contrast",
        "false alarms": "false alarm",
        "random 0, oracle 1": "scale from random to oracle",
    }
    for term, _ in IN_REPORT:
        assert own.get(term.lower(), term.lower()) in names, f"the report explains {term!r}"


# The examples

RUNNER = """
import json, os, sys, time, traceback
os.environ["FAIRFIGHT_CACHE"], os.environ["XDG_DATA_HOME"] = os.path.abspath("cache"), os.path.abspath("data")
import torch
torch.set_num_threads(1)
home, out = os.getcwd(), {}
for page, blocks in json.load(open("blocks.json")).items():
    os.makedirs(os.path.join(home, "pages", page)); os.chdir(os.path.join(home, "pages", page))
    sys.path.insert(0, os.getcwd())
    names = {"__name__": "page"}
    for name, file, code in blocks:
        begun = time.perf_counter()
        try:
            if file:
                open(file, "w").write(code)
            else:
                exec(compile(code, name, "exec"), names)
            out[name] = ""
        except BaseException:
            out[name] = traceback.format_exc()
        sys.stderr.write(f"{time.perf_counter() - begun:6.2f} s  {name}\\n")
    sys.path.pop(0)
os.chdir(home)
json.dump(out, open("out.json", "w"))
"""


def _run(folder: Path, marks: tuple[str, ...]) -> dict[str, str]:
    """Run the marked blocks, page by page in one process; the error of each, or nothing."""
    pages: dict[str, list[tuple[str, str, str]]] = {}
    for b in BLOCKS:
        kind, _, file = b.mark.partition(": ")
        if kind == "file" or b.mark in marks:
            pages.setdefault(b.page.replace("/", "-"), []).append((b.name, file if kind == "file" else "", b.code))
    (folder / "blocks.json").write_text(json.dumps(pages))
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, str] = json.loads((folder / "out.json").read_text())
    return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return _run(tmp_path_factory.mktemp("docs"), ("run",))


RUNNABLE = [b for b in BLOCKS if b.mark == "run" or b.mark.startswith("file: ")]


def test_each_how_to_has_examples_that_run() -> None:
    assert {"tour.md", "contenders.md", "tasks.md", "subjects.md", "worlds.md", "verdicts.md"} <= {
        b.page for b in RUNNABLE
    }


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda b: b.name)
def test_example_runs(block: Block, ran: dict[str, str]) -> None:
    assert ran[block.name] == "", ran[block.name]


@pytest.mark.slow
def test_slow_examples_run(tmp_path: Path) -> None:
    """They train organisms; those before them on a page run too, since they build on them."""
    errors = {name: error for name, error in _run(tmp_path, ("run", "run: slow")).items() if error}
    assert not errors, "\n".join(errors.values())
