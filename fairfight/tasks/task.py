"""What a task is: an engineering job as a family of cases and a way to grade what is handed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from fairfight.content import content_id

if TYPE_CHECKING:
    from fairfight.subject.earlier import Chore
    from fairfight.subject.inputs import Inputs

Split = Literal["scored", "dev"]
SUITES: tuple[str, ...] = ("tour", "quick", "standard", "large")


@dataclass(frozen=True)
class CaseSpec:
    """A case before it is built: cheap, plain data, made from a suite and a secret."""

    task: str
    suite: str
    name: str
    """Readable and unique within the suite ("scenes-patch-scratch-1")."""
    split: Split
    """``dev`` cases are for tuning and are never scored."""
    recipe: dict[str, Any]
    """All that building needs, as plain JSON values."""
    modality: Literal["vision", "language", "sequences", "transformers"]

    @property
    def id(self) -> str:
        """Content identity: equal recipes are the same case in every suite."""
        return content_id(self.task, self.recipe)


@dataclass(frozen=True)
class Case:
    """A built case for one match seed: an organism and its clean twin. A contender is not told which is which."""

    briefs: tuple[Any, ...]
    """What a contender may see, one brief a sitting."""
    exams: tuple[Any, ...]
    """What each sitting's submission is tried on, given only after the submission is made."""
    answer: Any
    """Sealed, one part a sitting: only grading reads it (and the oracle)."""
    void: str | None = None
    """Why the case must not be scored, if it must not."""
    exhibit: Exhibit | None = None
    """The fault as a person would see it, for the report."""


@dataclass(frozen=True)
class Exhibit:
    """The fault of a case as a person would look at it."""

    title: str
    text: str = ""
    pictures: tuple[tuple[str, str], ...] = ()
    """Pairs of caption and ``data:image/png;base64,…``."""
    facts: dict[str, float] = field(default_factory=dict)
    """Measured figures: attack success, clean accuracy, the twin's accuracy."""
    code: str = ""
    """What would be right, where that is a program."""
    graph: dict[str, Any] | None = None
    """The circuit that computes it, as :meth:`fairfight.parts.programs.graph.Graph.plain` gives it, if it is known."""


@dataclass(frozen=True)
class Metric:
    """A figure that grading gives."""

    name: str
    label: str
    better: Literal["higher", "lower"] = "higher"
    low: float = 0.0
    high: float = 1.0


@runtime_checkable
class Task(Protocol):
    """An engineering job. Adding one is one class with these members, registered with ``register_task``."""

    name: str
    category: Literal["predict", "control", "replace"]
    job: str
    """The job in one line, beginning with a verb."""
    metrics: tuple[Metric, ...]
    """The first is the primary one, whose value is the match's score (higher is better)."""
    trusted_labels: int
    """How many labels a brief gives away."""
    terms: Mapping[str, tuple[int, int, bool]]
    """Match seeds, tuning trials, and whether reusable work is also charged at a tenth, by suite, where they are not
    everybody's: a match that takes seconds affords fewer."""
    exam_is_work: bool
    """Whether sitting the exam is the contender's work, and on its bill (a detector's scores); else it is the
    referee's, and merely limited to a budget of its own (what becomes of an edited subject)."""

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        """The suite's cases, scored and development, as the secret draws them (cheap, without torch)."""
        ...

    def missing(self, spec: CaseSpec) -> str | None:
        """What a case lacks on this machine and what would bring it, in one sentence; None for one that can be built.

        Cheap, without torch.
        """
        ...

    def made_of(self) -> tuple[str, ...]:
        """Modules of this package that cases are made of and no import tells, since they are found by name.

        Cheap, without torch.
        """
        ...

    def build(self, spec: CaseSpec, seed: int) -> Case:
        """The case for one match seed; trains or loads the organism (cached by content)."""
        ...

    def budget(self, brief: Any) -> int:
        """The default budget of one sitting, in floating-point operations."""
        ...

    def sit(self, submission: Any, exam: Any) -> Any:
        """Try a submission on its exam, in the contender's process and on its budget; gives plain arrays ("paper")."""
        ...

    def done_by_all(self, thing: Any) -> Sequence[Inputs | Chore]:
        """What most contenders do with a brief or an exam, done once for all: inputs to be read, as harvesting does it,
        and chores.
        """
        ...

    def show(self, answer: Any, papers: list[Any]) -> dict[str, Any] | None:
        """What a person should see of a submission, for the report: ``pictures`` (captions with PNG data URLs) and
        ``lines`` of text, each a list, ``code``, a ``graph`` and a ``curve`` (see :mod:`fairfight.report.drawing`);
        None where figures say it all.
        """
        ...

    def warm(self, modalities: Sequence[str]) -> None:
        """Import what contenders will need, once, in the process that all others are forked from."""
        ...

    def easy(self, modality: str) -> CaseSpec:
        """A case of a modality on which every sound contender does well: the common suite tries contenders on it."""
        ...

    def smallest(self, brief: Any) -> Any:
        """The brief cut down to the least that a contender must cope with."""
        ...

    def expect(self, metrics: dict[str, float]) -> list[str]:
        """What a contender failed to do on the easy case, a sentence each; empty for a sound one."""
        ...

    def grade(self, answer: Any, papers: list[Any]) -> dict[str, float]:
        """Metrics from the papers of all sittings.

        Raises:
            ValueError: A paper is not what the task asks for (wrong length, NaN); the match counts as failed.
        """
        ...
