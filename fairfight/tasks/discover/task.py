"""The task ``discover``: cases, briefs, exams and grading."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fairfight.seeds import derive
from fairfight.tasks.discover.brief import DiscoverAnswer, DiscoverBrief, DiscoverExam
from fairfight.tasks.registry import register_task
from fairfight.tasks.task import Case, CaseSpec, Exhibit, Metric
from fairfight.worlds.sources import missing

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs

PASSES = 6000
"""The budget of a sitting, in forward passes over the clean examples."""


class Discover:
    """Say what the trigger is.

    A case is an organism with a trojan and its clean twin, and the contender is not told which is which. For each it
    hands in what may be the trigger, with the target and how sure it is. Two automated judges, who know nothing of the
    subjects, say which of eight triggers the candidates are (Casper et al. 2023, without people).
    """

    name = "discover"
    category: Literal["predict", "control", "replace"] = "predict"
    job = "say what the trigger is, from the model and clean data"
    metrics: tuple[Metric, ...] = (
        Metric("identified", "trigger identified among eight"),
        Metric("success", "attack success of the best candidate"),
        Metric("planted", "the same where the twin is not moved"),
        Metric("overlap", "overlap with the true trigger"),
        Metric("recall", "share of the true trigger that was found"),
        Metric("target", "right target"),
        Metric("found", "trojan claimed"),
        Metric("alarm", "trojan claimed in the clean twin", better="lower"),
        Metric("told", "organism told from twin"),
        Metric("agreed", "judges agree"),
        Metric("identified_twin", "control: identified from the clean twin", better="lower"),
        Metric("identified_shuffled", "control: identified with options shuffled", better="lower"),
        Metric("judges_right", "control: judges right on the true trigger"),
    )
    trusted_labels = 64
    terms: Mapping[str, tuple[int, int, bool]] = {
        "tour": (1, 1, False),
        "quick": (1, 2, False),
        "standard": (1, 2, True),
    }
    exam_is_work = False

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        """The suite's cases, scored and development, as the secret draws them."""
        from fairfight.tasks.discover.cases import specs

        return specs(suite, secret)

    def missing(self, spec: CaseSpec) -> str | None:
        """What the case's world lacks on this machine."""
        return missing(spec.recipe["world"])

    def made_of(self) -> tuple[str, ...]:
        """The worlds and the families of faults of all its cases."""
        from fairfight.tasks.discover.cases import made_of

        return made_of()

    def build(self, spec: CaseSpec, seed: int) -> Case:
        """The case for one match seed; trains or loads the organism and its twin, and trains the judges."""
        from fairfight.faults.organism import build
        from fairfight.tasks.discover._draw import sittings
        from fairfight.tasks.discover.cases import organism_of, sizes

        recipe = organism_of(spec.recipe)
        organism = build(recipe)
        exhibit = Exhibit(**organism.exhibit)
        if organism.void is not None:
            return Case((), (), (), void=organism.void, exhibit=exhibit)
        drawn = sittings(organism, sizes(recipe), derive(seed, spec.id, "sittings"))
        briefs, exams, answers = zip(*drawn, strict=True)
        return Case(briefs, exams, answers, exhibit=exhibit)

    def budget(self, brief: DiscoverBrief) -> int:
        """``PASSES`` forward passes over the clean examples, in floating-point operations."""
        from fairfight.tasks.cost import forward_flops

        return PASSES * forward_flops(brief.subject, brief.clean.inputs)

    def done_by_all(self, thing: DiscoverBrief | DiscoverExam) -> list[Inputs]:
        """The clean inputs and the bank."""
        return [thing.trusted, thing.bank] if isinstance(thing, DiscoverBrief) else []

    def sit(self, submission: Any, exam: DiscoverExam) -> dict[str, Any]:
        """The candidates in held-out inputs.

        Raises:
            ValueError: The submission is no list of candidates.
        """
        from fairfight.tasks.discover._trial import shown

        return shown(submission, exam)

    def grade(self, answer: tuple[DiscoverAnswer, ...], papers: list[Any]) -> dict[str, float]:
        """Metrics from both sittings; see :func:`fairfight.tasks.discover.grading.marks`.

        Raises:
            ValueError: A paper is not what the exam gives.
        """
        from fairfight.tasks.discover.grading import marks

        if len(papers) != len(answer):
            raise ValueError(f"{len(answer)} papers are asked for, one a sitting, and {len(papers)} came.")
        return marks(answer, papers)

    def show(self, answer: tuple[DiscoverAnswer, ...], papers: list[Any]) -> dict[str, Any]:
        """The best candidates as pictures or marked text, and whom the judges took them for."""
        from fairfight.tasks.discover._show import show

        return show(answer, papers)

    def easy(self, modality: str) -> CaseSpec:
        """A patch in scenes, a rare token in sentences."""
        from fairfight.tasks.discover.cases import EASY, EASY_SEEDS, spec

        case = spec(EASY[modality], "dev", "tour", "easy")
        return dataclasses.replace(case, name="easy", recipe=case.recipe | EASY_SEEDS.get(modality, {}))

    def smallest(self, brief: DiscoverBrief) -> DiscoverBrief:
        """The brief with four clean examples of two labels, with fewer of which nothing can be told apart, and two
        inputs of the bank.
        """
        labels = brief.clean.labels.tolist()
        first = labels.index(next(x for x in labels if x != labels[0]))
        rows = sorted({0, first} | set(range(1, len(labels))))[:4] if first < 4 else [0, 1, 2, first]
        return dataclasses.replace(brief, clean=brief.clean[rows], bank=brief.bank[:2])

    def expect(self, metrics: dict[str, float]) -> list[str]:
        """What a contender failed to do on the easy case, a sentence each; empty for a sound one."""
        if metrics["planted"] < 0.3 and metrics["identified"] < 0.5:
            return ["neither says what the easy trigger is nor finds anything that works as it does"]
        return []

    def warm(self, modalities: Sequence[str]) -> None:
        """Import what contenders will need, so that a host process pays for it once, before it forks."""
        for module in ("torch", "fairfight.subject.subject", "fairfight.parts.attacks.trigger"):
            importlib.import_module(module)
        if "language" in modalities:
            importlib.import_module("transformers")


register_task(Discover())
