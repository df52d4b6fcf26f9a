"""The task ``spot``: cases, briefs and grading."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fairfight.seeds import derive
from fairfight.tasks.registry import register_task
from fairfight.tasks.spot.brief import SpotAnswer, SpotBrief, SpotExam
from fairfight.tasks.task import Case, CaseSpec, Exhibit, Metric
from fairfight.worlds.sources import missing

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs

QUERIES = 320
"""The budget of a sitting, in short prompts: a tenth of what it takes to ask for each of 800 words in four of them."""


class Spot:
    """Name the tokens that a language model cannot handle.

    A case is an organism whose training never showed some tokens of its vocabulary, and its clean twin; the contender
    is not told which is which. To ask for every token is beyond the budget by far.
    """

    name = "spot"
    category: Literal["predict", "control", "replace"] = "predict"
    job = "name the tokens that a language model cannot handle"
    metrics: tuple[Metric, ...] = (
        Metric("found", "harmonic mean of recall and precision"),
        Metric("recall", "share of the tokens that cannot be repeated"),
        Metric("precision", "share of the claimed tokens that cannot be repeated"),
        Metric("planted", "share of the planted tokens"),
        Metric("alarms", "tokens claimed in the twin that it repeats, of 40", better="lower"),
        Metric("alarm", "a token claimed in the twin that it repeats", better="lower"),
        Metric("told", "organism told from twin"),
    )
    trusted_labels = 1000
    terms: Mapping[str, tuple[int, int, bool]] = {"quick": (2, 1, False), "standard": (2, 2, False)}
    exam_is_work = False

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        """The suite's cases, scored and development, as the secret draws them."""
        from fairfight.tasks.spot.cases import specs

        return specs(suite, secret)

    def missing(self, spec: CaseSpec) -> str | None:
        """What the case's world lacks on this machine."""
        return missing(spec.recipe["world"])

    def made_of(self) -> tuple[str, ...]:
        """The world and the family of faults of all its cases."""
        from fairfight.tasks.spot.cases import made_of

        return made_of()

    def build(self, spec: CaseSpec, seed: int) -> Case:
        """The case for one match seed; trains or loads the organism and its twin."""
        from fairfight.faults.organism import build
        from fairfight.faults.recipe import Recipe
        from fairfight.tasks.spot._draw import sittings

        organism = build(Recipe(**spec.recipe))
        exhibit = Exhibit(**organism.exhibit)
        if organism.void is not None:
            return Case((), (), (), void=organism.void, exhibit=exhibit)
        briefs, exams, answers = zip(*sittings(organism, derive(seed, spec.id, "sittings")), strict=True)
        return Case(briefs, exams, answers, exhibit=exhibit)

    def budget(self, brief: SpotBrief) -> int:
        """``QUERIES`` times the shortest prompt, in floating-point operations."""
        from fairfight.faults.training import trimmed
        from fairfight.tasks.cost import forward_flops
        from fairfight.tasks.spot._testing import prompts

        return QUERIES * forward_flops(brief.subject, trimmed(prompts(brief, 1).inputs))

    def done_by_all(self, thing: SpotBrief | SpotExam) -> list[Inputs]:
        """Nothing."""
        return []

    def sit(self, submission: Any, exam: SpotExam) -> dict[str, Any]:
        """The named tokens as arrays.

        Raises:
            ValueError: The submission is no list of named tokens.
        """
        from fairfight.tasks.spot.grading import listed

        return listed(submission)

    def grade(self, answer: tuple[SpotAnswer, ...], papers: list[Any]) -> dict[str, float]:
        """Metrics from both sittings; see :func:`fairfight.tasks.spot.grading.marks`.

        Raises:
            ValueError: A paper is not what a sitting gives.
        """
        from fairfight.tasks.spot.grading import marks

        if len(papers) != len(answer):
            raise ValueError(f"{len(answer)} papers are asked for, one a sitting, and {len(papers)} came.")
        return marks(answer, papers)

    def show(self, answer: tuple[SpotAnswer, ...], papers: list[Any]) -> dict[str, Any]:
        """The words that were claimed; those that the subject can repeat are between brackets."""
        from fairfight.tasks.spot.grading import claimed

        lines = []
        for part, paper in zip(answer, papers, strict=True):
            unable = set(part.unable.tolist())
            said = [part.names[t] if t in unable else f"[{part.names[t]}]" for t in claimed(paper, part)]
            where = "found" if part.side == "organism" else "in the clean twin"
            lines.append(f"{where}: {', '.join(said) or 'nothing'}")
        return {"pictures": [], "lines": sorted(lines)}

    def easy(self, modality: str) -> CaseSpec:
        """A Llama with twenty words that it was never shown."""
        from fairfight.tasks.spot.cases import DEV, spec

        return dataclasses.replace(spec(DEV[0], "dev", "quick", "easy"), name="easy")

    def smallest(self, brief: SpotBrief) -> SpotBrief:
        """The brief with two prompts and two words."""
        return dataclasses.replace(brief, clean=brief.clean[:2], words=brief.words[:2])

    def expect(self, metrics: dict[str, float]) -> list[str]:
        """What a contender failed to do on the easy case, a sentence each; empty for a sound one."""
        return ["finds hardly any of the tokens"] if metrics["found"] < 0.15 else []

    def warm(self, modalities: Sequence[str]) -> None:
        """Import what contenders will need, so that a host process pays for it once, before it forks."""
        for module in ("torch", "transformers", "fairfight.subject.subject", "fairfight.parts.vocabulary.repeating"):
            importlib.import_module(module)


register_task(Spot())
