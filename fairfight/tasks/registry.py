"""The registry: contenders and tasks, found in this package's folders and through entry points.

A contender is a function; the decorator's arguments say what it is, and its keyword-only arguments
with ranges are its search space. This module does not import torch, and contender modules import
it inside their functions, so that listing the field is cheap.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, Unpack, get_args, get_origin

from fairfight.content import code_id
from fairfight.errors import UserError, unknown
from fairfight.tasks.task import SUITES

if TYPE_CHECKING:
    from fairfight.tasks.task import Task

Kind = Literal["tool", "baseline", "combination", "random", "oracle", "placebo"]

CONTROLS: tuple[Kind, ...] = ("random", "oracle", "placebo")
MODALITIES: tuple[str, ...] = ("vision", "language")
"""What a contender is defined on if it does not say."""
KINDS_OF_INPUT: tuple[str, ...] = (*MODALITIES, "sequences", "transformers")
"""What it may say: ``sequences`` are of whole numbers, read one by one; ``transformers`` see them at once."""
ENTRY_POINT_CONTENDERS = "fairfight.contenders"
ENTRY_POINT_TASKS = "fairfight.tasks"


@dataclass(frozen=True)
class Log:
    """A range searched on a logarithmic scale; whole numbers when both ends are whole."""

    low: float
    high: float


@dataclass(frozen=True)
class Uniform:
    """A range searched evenly; whole numbers when both ends are whole."""

    low: float
    high: float


@dataclass(frozen=True, init=False)
class Choice:
    """One of a few options."""

    options: tuple[Any, ...]

    def __init__(self, *options: Any) -> None:
        object.__setattr__(self, "options", options)


Range = Log | Uniform | Choice


@dataclass(frozen=True)
class Contender:
    """A registered contender: what it is and how it is run."""

    name: str
    """Unique within its task; lower case with hyphens."""
    task: str
    kind: Kind
    source: str
    """Paper and year, or where the idea comes from."""
    run: Callable[..., Any]
    """``run(brief, **params) -> submission``; an oracle is called ``run(brief, answer)``."""
    space: dict[str, Range] = field(default_factory=dict)
    """Hyperparameters that tuning may set, with their ranges."""
    defaults: dict[str, Any] = field(default_factory=dict)
    placebo_of: str | None = None
    """For a placebo: the tool whose insight was taken out."""
    reusable: bool = False
    """Whether a part of its work serves other jobs too (see :mod:`fairfight.parts.reuse`)."""
    modalities: tuple[str, ...] = MODALITIES
    """What it is defined on; on other cases it does not compete."""
    suites: tuple[str, ...] = SUITES
    """Where it fights unasked; short suites have a first field only."""

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.run) or "").split("\n", 1)[0]

    @property
    def fingerprint(self) -> str:
        """Identity of the code that decides its matches: its own, its task's, and what of this package these import.

        A change there makes it another contender to the store, whose earlier matches no verdict rests on.
        """
        owner = _tasks.get(self.task)
        made_of = () if owner is None else (_source(type(owner)), *owner.made_of())
        return _fingerprint(_source(self.run), self.task, made_of)


_ROOMS = ("seeds", "subject", "worlds", "faults", "parts")


@cache
def _fingerprint(contender: str, task: str, made_of: tuple[str, ...]) -> str:
    return code_id(contender, *made_of, rooms=(*_ROOMS, f"tasks.{task.replace('-', '_')}"))


def _source(thing: Callable[..., Any]) -> str:
    """A module of this package, or the path of another file."""
    if thing.__module__.startswith("fairfight."):
        return thing.__module__
    file = inspect.getsourcefile(thing)
    if file is None or not Path(file).is_file():
        raise UserError(f"{thing.__name__} has no source file: put it in a module, so that its code can be told apart.")
    return file


_contenders: dict[tuple[str, str], Contender] = {}
_makers: dict[str, list[Make]] = {}
_tasks: dict[str, Task] = {}


class Traits(TypedDict, total=False):
    """What may be said of any contender when it is registered."""

    reusable: bool
    """It marks a part of its work as serving other jobs too (:mod:`fairfight.parts.reuse`), and is also fought with
    that part at a tenth of its cost."""
    modalities: tuple[str, ...]
    """What it is defined on."""
    suites: tuple[str, ...]
    """Where it fights unasked."""


def _register(
    task: str, kind: Kind, source: str, name: str | None = None, placebo_of: str | None = None, **traits: Unpack[Traits]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(run: Callable[..., Any]) -> Callable[..., Any]:
        made = describe(run, task, kind, source, name or run.__name__.replace("_", "-"), placebo_of, **traits)
        key = (task, made.name)
        before = _contenders.get(key)
        if before is not None and inspect.getsourcefile(before.run) != inspect.getsourcefile(run):
            raise UserError(f"Two contenders of task {task!r} are called {made.name!r}: rename one of them.")
        _contenders[key] = made
        return run

    return decorate


def describe(
    run: Callable[..., Any],
    task: str,
    kind: Kind,
    source: str,
    name: str,
    placebo_of: str | None = None,
    **traits: Unpack[Traits],
) -> Contender:
    """The contender that a function is, without registering it.

    Raises:
        UserError: A trait is not known, or the function lacks a docstring or a default.
    """
    for trait, known in (("modalities", KINDS_OF_INPUT), ("suites", SUITES)):
        given: Any = traits.get(trait, known)
        if not given or not set(given) <= set(known):
            raise UserError(f"Contender {name!r}: {trait} are one or more of {', '.join(known)}.")
    if not inspect.getdoc(run):
        raise UserError(f"Contender {name!r} needs a docstring: its first line is what a reader is shown.")
    space, defaults = _search_space(run, name)
    return Contender(name, task, kind, source, run, space, defaults, placebo_of, **traits)


Make = Callable[[str], Contender | None]
"""Takes a name and gives the contender of that name, or None where the name is none of its kind."""


def register_maker(task: str, make: Make) -> Make:
    """Have contenders of a task made when somebody asks for them by name: a grid of parts that nobody lists."""
    _makers.setdefault(task, []).append(make)
    return make


def tool(task: str, *, source: str, name: str | None = None, **traits: Unpack[Traits]) -> Callable[..., Any]:
    """Register an interpretability tool: it reads what is inside the subject."""
    return _register(task, "tool", source, name, **traits)


def baseline(task: str, *, source: str, name: str | None = None, **traits: Unpack[Traits]) -> Callable[..., Any]:
    """Register a baseline: it does the job without interpreting the subject."""
    return _register(task, "baseline", source, name, **traits)


def combination(task: str, *, source: str, name: str | None = None, **traits: Unpack[Traits]) -> Callable[..., Any]:
    """Register a combination of several contenders."""
    return _register(task, "combination", source, name, **traits)


def control(
    task: str,
    role: Literal["random", "oracle", "placebo"],
    *,
    source: str = "control",
    of: str | None = None,
    **traits: Unpack[Traits],
) -> Callable[..., Any]:
    """Register a control: the floor (``random``), the ceiling (``oracle``) or a ``placebo`` of the tool ``of``."""
    return _register(task, role, source, placebo_of=of, **traits)


def _search_space(run: Callable[..., Any], label: str) -> tuple[dict[str, Range], dict[str, Any]]:
    """Ranges and defaults of the keyword-only arguments."""
    space: dict[str, Range] = {}
    defaults: dict[str, Any] = {}
    for p in inspect.signature(run).parameters.values():
        if p.kind is not p.KEYWORD_ONLY:
            continue
        if p.default is p.empty:
            raise UserError(f"Contender {label!r}: keyword argument {p.name!r} needs a default.")
        defaults[p.name] = p.default
        annotation = p.annotation
        if isinstance(annotation, str):
            annotation = eval(annotation, {**vars(typing), **run.__globals__})  # our own source, not data
        if get_origin(annotation) is Annotated:
            ranges = [a for a in get_args(annotation)[1:] if isinstance(a, (Log, Uniform, Choice))]
            if ranges:
                space[p.name] = ranges[0]
    return space, defaults


def register_task(task: Task) -> Task:
    """Make a task known by its name."""
    _tasks[task.name] = task
    return task


def _walk(package: str) -> Iterator[str]:
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        if not info.name.rpartition(".")[2].startswith("_"):  # those may import torch, and register nothing
            yield info.name


@cache
def _load_all() -> None:
    for name in _walk("fairfight.tasks"):
        importlib.import_module(name)
    for group in (ENTRY_POINT_TASKS, ENTRY_POINT_CONTENDERS):
        for point in entry_points(group=group):
            try:
                point.load()
            except UserError:
                raise
            except Exception as error:
                raise UserError(
                    f"The plug-in {point.name!r} ({point.value}) fails to import ({type(error).__name__}: {error}): "
                    "mend or uninstall it."
                ) from error


def tasks() -> dict[str, Task]:
    """All tasks by name."""
    _load_all()
    return dict(sorted(_tasks.items()))


def task(name: str) -> Task:
    """The task of that name.

    Raises:
        UserError: No task has that name.
    """
    known = tasks()
    if name not in known:
        raise unknown("task", name, known)
    return known[name]


_ORDER = {k: i for i, k in enumerate(("random", "oracle", "tool", "combination", "baseline", "placebo"))}


def contenders(task: str | None = None) -> list[Contender]:
    """All contenders (of one task), controls first, then by kind and name."""
    _load_all()
    found = [c for c in _contenders.values() if task is None or c.task == task]
    return sorted(found, key=lambda c: (c.task, _ORDER[c.kind], c.name))


def fingerprints(task: str, also: Iterable[str] = ()) -> dict[str, str]:
    """Identity of every contender's code by its name; also of those among some names that are made when asked for."""
    found = {c.name: c.fingerprint for c in contenders(task)}
    for name in set(also) - found.keys():
        with suppress(UserError):  # made of parts that are no more
            made = _made(task, name)
            if made is not None:
                found[name] = made.fingerprint
    return found


def contender(task: str, name: str) -> Contender:
    """The contender of that name, registered or made.

    Raises:
        UserError: The task has no contender of that name.
    """
    known = {c.name: c for c in contenders(task)}
    found = known.get(name) or _made(task, name)
    if found is None:
        raise unknown(f"contender of task {task!r}", name, known)
    return found


def _made(task: str, name: str) -> Contender | None:
    return next((made for make in _makers.get(task, ()) if (made := make(name)) is not None), None)
