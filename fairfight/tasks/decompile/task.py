"""The task ``decompile``: cases, briefs, exams and grading."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from fairfight.seeds import derive
from fairfight.tasks.decompile.brief import DecompileAnswer, DecompileBrief, DecompileExam
from fairfight.tasks.registry import register_task
from fairfight.tasks.task import Case, CaseSpec, Metric

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs

PASSES = 4000
"""The budget of a sitting, in forward passes over the known inputs."""


class Decompile:
    """Replace the network by a program.

    A case is a network that was trained on a secret rule or compiled from one. The contender hands in a program, which
    is run on fresh inputs, on longer or harder ones, and on every short one, beside the network and the rule.
    """

    name = "decompile"
    category: Literal["predict", "control", "replace"] = "replace"
    job = "replace the network by a program"
    metrics: tuple[Metric, ...] = (
        Metric("faithful", "agreement with the network over chance"),
        Metric("exact", "rule recovered exactly"),
        Metric("held", "agreement on inputs like the known ones"),
        Metric("longer", "agreement on longer or harder inputs"),
        Metric("rule", "right by the rule on longer or harder inputs"),
        Metric("errors", "network's errors shared on longer or harder inputs"),
        Metric("exhaustive", "exactness decided by trying everything"),
        Metric("program", "a program was handed in"),
        Metric("lines", "lines of Python", better="lower", high=1000.0),
        Metric("size", "nodes, or numbers that it is made of", better="lower", high=100_000.0),
    )
    trusted_labels = 0
    terms: Mapping[str, tuple[int, int, bool]] = {
        "tour": (1, 1, False),
        "quick": (1, 2, False),
        "standard": (1, 2, False),
    }
    exam_is_work = False

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        """The suite's cases, scored and development, as the secret draws them."""
        from fairfight.tasks.decompile.cases import specs

        return specs(suite, secret)

    def missing(self, spec: CaseSpec) -> str | None:
        """What a published network lacks; all others are made here."""
        from fairfight.tasks.decompile.cases import missing

        return missing(spec.recipe)

    def made_of(self) -> tuple[str, ...]:
        """Networks and rules."""
        return (
            "fairfight.faults.program.recurrent",
            "fairfight.faults.program.published",
            "fairfight.faults.program.secret",
            "fairfight.faults.compiled.superposed",
            "fairfight.worlds.sequences.table",
        )

    def build(self, spec: CaseSpec, seed: int) -> Case:
        """The case for one match seed; trains or loads the network."""
        from fairfight.tasks.decompile._building import built

        return built(spec.recipe, derive(seed, spec.id, "sitting"))

    def budget(self, brief: DecompileBrief) -> int:
        """``PASSES`` forward passes over the known inputs, in floating-point operations."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        few = torch.from_numpy(brief.values[:8])
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            brief.subject(few)
        return int(PASSES * counter.get_total_flops() * len(brief.values) / len(few))

    def done_by_all(self, thing: DecompileBrief | DecompileExam) -> list[Inputs]:
        """Nothing."""
        return []

    def sit(self, submission: Any, exam: DecompileExam) -> dict[str, Any]:
        """Run the program.

        Raises:
            ValueError: The submission is none.
        """
        from fairfight.tasks.decompile._trial import answered

        return answered(submission, exam)

    def grade(self, answer: tuple[DecompileAnswer, ...], papers: list[Any]) -> dict[str, float]:
        """Metrics of the sitting; see :func:`fairfight.tasks.decompile.grading.marks`.

        Raises:
            ValueError: A paper is not what the exam gives.
        """
        from fairfight.tasks.decompile.grading import marks

        if len(papers) != len(answer):
            raise ValueError(f"{len(answer)} papers are asked for, one a sitting, and {len(papers)} came.")
        return marks(answer[0], papers[0])

    def show(self, answer: tuple[DecompileAnswer, ...], papers: list[Any]) -> dict[str, Any]:
        """The program as Python, and where it first differs from the rule."""
        from fairfight.tasks.decompile._show import show

        return show(answer[0], papers[0])

    def easy(self, modality: str) -> CaseSpec:
        """The sum of all inputs, or the token before."""
        from fairfight.tasks.decompile.cases import EASY, spec

        return dataclasses.replace(spec(EASY[modality], "dev", "tour", "easy"), name="easy")

    def smallest(self, brief: DecompileBrief) -> DecompileBrief:
        """The brief with two known inputs."""
        return dataclasses.replace(
            brief,
            values=brief.values[:2],
            answers=brief.answers[:2],
            lengths=None if brief.lengths is None else brief.lengths[:2],
        )

    def expect(self, metrics: dict[str, float]) -> list[str]:
        """What a contender failed to do on the easy case, a sentence each; empty for a sound one."""
        if metrics["held"] < 0.05:
            return ["answers no better than by always giving the most usual answer"]
        return []

    def warm(self, modalities: Sequence[str]) -> None:
        """Import what contenders will need, so that a host process pays for it once, before it forks."""
        fits = ("sklearn.linear_model", "sklearn.neural_network", "sklearn.tree", "aalpy")
        for module in ("torch", "fairfight.parts.programs", "fairfight.parts.states.reading", *fits):
            importlib.import_module(module)


register_task(Decompile())
