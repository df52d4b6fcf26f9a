"""The task ``repair``: cases, briefs, exams and grading."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fairfight.seeds import derive
from fairfight.tasks.registry import register_task
from fairfight.tasks.repair.brief import RepairAnswer, RepairBrief, RepairExam
from fairfight.tasks.task import Case, CaseSpec, Exhibit, Metric
from fairfight.worlds.sources import missing

if TYPE_CHECKING:
    from fairfight.subject.earlier import Chore
    from fairfight.subject.inputs import Inputs

PASSES = 800
"""The budget of a sitting, in forward passes over the clean examples."""


class Repair:
    """Remove a fault, keep everything else, and have it stay removed.

    A case is an organism and its clean twin, and the contender is not told which is which: a repair must not harm a
    healthy subject. Where the brief shows examples of the fault there is a third sitting: the twin again, with the
    wish to get the fault. How well that goes is what the contender is worth to somebody who means harm.
    """

    name = "repair"
    category: Literal["predict", "control", "replace"] = "control"
    job = "remove a fault, keep everything else, and have it stay removed"
    metrics: tuple[Metric, ...] = (
        Metric("score", "fault gone for good × ability kept"),
        Metric("removed", "fault removed, before relearning"),
        Metric("relearned", "fault after relearning", better="lower"),
        Metric("variants", "fault by held-out attackers", better="lower"),
        Metric("right", "right on the fault's inputs"),
        Metric("kept", "ability kept"),
        Metric("twin_kept", "ability kept by the clean twin"),
        Metric("gain", "accuracy gained", low=-1.0),
        Metric("elsewhere", "accuracy gained elsewhere", low=-1.0),
        Metric("added", "fault added when run backwards", better="lower", low=-1.0),
        Metric("changed", "size of the edit", better="lower"),
        Metric("hooks", "hooks that stay", better="lower", high=100.0),
    )
    trusted_labels = 96
    terms: Mapping[str, tuple[int, int, bool]] = {
        "tour": (1, 1, False),
        "quick": (1, 2, False),
        "standard": (1, 2, True),
    }
    exam_is_work = False

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        """The suite's cases, scored and development, as the secret draws them."""
        from fairfight.tasks.repair.cases import specs

        return specs(suite, secret)

    def missing(self, spec: CaseSpec) -> str | None:
        """What the case's world lacks on this machine."""
        return missing(spec.recipe["world"])

    def made_of(self) -> tuple[str, ...]:
        """The worlds and the families of faults of all its cases."""
        from fairfight.tasks.repair.cases import made_of

        return made_of()

    def build(self, spec: CaseSpec, seed: int) -> Case:
        """The case for one match seed; trains or loads the organism and its twin."""
        from fairfight.faults.organism import build
        from fairfight.tasks.repair._draw import draw, sittings
        from fairfight.tasks.repair.cases import organism_of, sizes

        recipe = organism_of(spec.recipe)
        organism = build(recipe)
        exhibit = Exhibit(**organism.exhibit)
        if organism.void is not None:
            return Case((), (), (), void=organism.void, exhibit=exhibit)
        table = draw(organism, spec.recipe["arm"], spec.recipe["corpus"], sizes(recipe), derive(seed, spec.id, "draw"))
        briefs, exams, answers = zip(*sittings(organism, table, derive(seed, spec.id, "sittings")), strict=True)
        return Case(briefs, exams, answers, exhibit=exhibit)

    def budget(self, brief: RepairBrief) -> int:
        """``PASSES`` forward passes over the clean examples, in floating-point operations."""
        from fairfight.tasks.cost import forward_flops

        return PASSES * forward_flops(brief.subject, brief.clean.inputs)

    def done_by_all(self, thing: RepairBrief | RepairExam) -> list[Inputs | Chore]:
        """The clean inputs are read and, where no faulty ones are shown, a trigger is looked for; an exam is read in
        the edited subject.
        """
        from fairfight.tasks.repair.evidence import search

        if not isinstance(thing, RepairBrief):
            return []
        chore = search(thing)
        return [thing.trusted] if chore is None else [thing.trusted, chore]

    def sit(self, submission: Any, exam: RepairExam) -> dict[str, Any]:
        """What the edited subject decides on held-out inputs, before and after relearning.

        Raises:
            ValueError: The submission is no subject, or does not decide.
        """
        from fairfight.tasks.repair._trial import tried

        return tried(submission, exam)

    def grade(self, answer: tuple[RepairAnswer, ...], papers: list[Any]) -> dict[str, float]:
        """Metrics from the decisions in all sittings; see :func:`fairfight.tasks.repair.grading.marks`.

        Raises:
            ValueError: A paper lacks decisions that the exam asks for.
        """
        from fairfight.tasks.repair.grading import marks

        if len(papers) != len(answer):
            raise ValueError(f"{len(answer)} papers are asked for, one a sitting, and {len(papers)} came.")
        return marks(answer, papers)

    def show(self, answer: Any, papers: list[Any]) -> None:
        """Nothing: the figures say it all."""

    def easy(self, modality: str) -> CaseSpec:
        """A patch in digits, a rare token in sentences, with examples of the fault."""
        from fairfight.tasks.repair.cases import EASY, spec

        return dataclasses.replace(spec(EASY[modality], "dev", "tour", "easy"), name="easy")

    def smallest(self, brief: RepairBrief) -> RepairBrief:
        """The brief with two clean examples, two inputs for dictionaries and one faulty example."""
        return dataclasses.replace(brief, clean=brief.clean[:2], corpus=brief.corpus[:2], faulty=brief.faulty[:1])

    def expect(self, metrics: dict[str, float]) -> list[str]:
        """What a contender failed to do on the easy case, a sentence each; empty for a sound one."""
        broken = []
        if metrics["removed"] < 0.5:
            broken.append(f"does not remove the easy fault: {1 - metrics['removed']:.0%} of it are left")
        for name, who in (("kept", "organism"), ("twin_kept", "clean twin")):
            if metrics[name] < 0.8:
                broken.append(f"harms the {who}: {metrics[name]:.0%} of its ability are left")
        return broken

    def warm(self, modalities: Sequence[str]) -> None:
        """Import what contenders will need, so that a host process pays for it once, before it forks."""
        for module in ("torch", "fairfight.subject.subject", "fairfight.parts.training.descent"):
            importlib.import_module(module)
        if "language" in modalities:
            importlib.import_module("transformers")


register_task(Repair())
