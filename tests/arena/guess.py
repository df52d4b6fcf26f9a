"""A toy task, cheap enough to try the arena on: say which numbers a secret threshold marks."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from fairfight.seeds import derive, numpy_rng
from fairfight.tasks.registry import Uniform, baseline, control, register_task, tool
from fairfight.tasks.task import Case, CaseSpec, Exhibit, Metric


@dataclass
class GuessBrief:
    numbers: np.ndarray
    seed: int


@dataclass(frozen=True)
class SecretAnswer:
    marked: np.ndarray
    password: str = "the-answer-is-here"


class Guess:
    """Two sittings a case; the score is the share of numbers told apart."""

    name = "guess"
    category = "predict"
    job = "guess which numbers are marked"
    metrics = (Metric("accuracy", "accuracy"), Metric("worst", "worse sitting"))
    trusted_labels = 0
    terms: Mapping[str, tuple[int, int, bool]] = {}
    exam_is_work = True
    lacks: str | None = None
    """What a further case lacks; without it there is no such case."""

    def specs(self, suite: str, secret: str) -> list[CaseSpec]:
        if suite not in ("tour", "quick"):
            return []
        rows = [("scored", i) for i in range(3)] + ([("dev", 0), ("dev", 1)] if suite == "quick" else [])
        drawn = [(f"{s}-{i}", s, {"seed": derive(secret, s, i)}) for s, i in rows]
        if self.lacks is not None:
            drawn.append(("elsewhere", "scored", {"seed": 0, "missing": self.lacks}))
        return [CaseSpec("guess", suite, name, split, recipe, "vision") for name, split, recipe in drawn]

    def missing(self, spec: CaseSpec) -> str | None:
        return spec.recipe.get("missing")

    def build(self, spec: CaseSpec, seed: int) -> Case:
        rng = numpy_rng(spec.recipe["seed"], seed)
        sittings = [rng.uniform(size=40) for _ in range(2)]
        cuts = [0.5, 0.5]
        return Case(
            briefs=tuple(GuessBrief(rng.uniform(size=20), seed) for _ in sittings),
            exams=tuple(sittings),
            answer=tuple(SecretAnswer(x > c) for x, c in zip(sittings, cuts, strict=True)),
            exhibit=Exhibit("threshold", text="<script>alert(1)</script> above a half"),
        )

    def budget(self, brief: Any) -> int:
        return 1_000_000

    def made_of(self) -> tuple[str, ...]:
        return ()

    def done_by_all(self, thing: Any) -> tuple[()]:
        return ()

    def warm(self, modalities: list[str]) -> None:
        pass

    def sit(self, submission: Any, exam: Any) -> Any:
        return submission(exam)

    def grade(self, answer: Any, papers: list[Any]) -> dict[str, float]:
        shares = []
        for a, p in zip(answer, papers, strict=True):
            if np.shape(p) != a.marked.shape:
                raise ValueError(f"Expected {len(a.marked)} guesses, got shape {np.shape(p)}.")
            if not np.isfinite(np.asarray(p, dtype=float)).all():
                raise ValueError("A guess is not a number.")
            shares.append(float(((np.asarray(p) > 0.5) == a.marked).mean()))
        return {"accuracy": float(np.mean(shares)), "worst": min(shares)}

    def show(self, answer: Any, papers: list[Any]) -> dict[str, Any]:
        return {"lines": [f"guessed {len(papers[0])} times"]}


register_task(Guess())


@control("guess", "random")
def coin(brief: GuessBrief) -> Any:
    """Toss a coin."""
    return lambda x: numpy_rng(brief.seed, "coin").uniform(size=len(x))


@control("guess", "oracle")
def oracle(brief: GuessBrief, answer: SecretAnswer) -> Any:
    """Know the answer."""
    return lambda x: answer.marked.astype(float)


@tool("guess", source="nobody 2026")
def threshold(brief: GuessBrief, *, cut: Annotated[float, Uniform(0.0, 1.0)] = 0.9) -> Any:
    """Compare with a cut that tuning should move to a half."""
    return lambda x: (x > cut).astype(float)


@baseline("guess", source="nobody 2026")
def multiply(brief: GuessBrief, *, size: int = 20) -> Any:
    """Do 2 * size**3 operations, then guess well."""
    import torch

    a = torch.ones(size, size)
    a @ a
    return lambda x: (x > 0.52).astype(float)


@tool("guess", source="nobody 2026", reusable=True)
def prepares(brief: GuessBrief) -> Any:
    """Spend more than the budget, nearly all of it on what serves other jobs too."""
    import torch

    from fairfight.parts.reuse import reusable

    with reusable():
        torch.ones(100, 100) @ torch.ones(100, 100)
    return lambda x: (x > 0.5).astype(float)


@baseline("guess", source="rogue")
def raises(brief: GuessBrief) -> Any:
    """Raise."""
    raise RuntimeError("no luck <b>today</b>")


@baseline("guess", source="rogue")
def returns_nan(brief: GuessBrief) -> Any:
    """Guess NaN."""
    return lambda x: np.full(len(x), np.nan)


@baseline("guess", source="rogue")
def wrong_length(brief: GuessBrief) -> Any:
    """Guess too few."""
    return lambda x: x[:-1]


@baseline("guess", source="rogue")
def returns_nothing(brief: GuessBrief) -> Any:
    """Hand in nothing."""


@baseline("guess", source="rogue")
def returns_object(brief: GuessBrief) -> Any:
    """Hand in something that only a pickle could carry."""
    return lambda x: np.array([{"a": 1}] * len(x), dtype=object)


@baseline("guess", source="rogue")
def sleeps(brief: GuessBrief) -> Any:
    """Sleep for ever."""
    time.sleep(10_000)


@baseline("guess", source="rogue")
def spins(brief: GuessBrief) -> Any:
    """Compute for ever outside torch."""
    while True:
        pass


@baseline("guess", source="rogue")
def eats_memory(brief: GuessBrief) -> Any:
    """Allocate for ever."""
    heap = []
    while True:
        heap.append(np.ones(10_000_000))


@baseline("guess", source="rogue")
def exits(brief: GuessBrief) -> Any:
    """End the process at once."""
    os._exit(0)


@baseline("guess", source="rogue")
def crashes(brief: GuessBrief) -> Any:
    """Read from nowhere."""
    ctypes.string_at(0)


@baseline("guess", source="rogue")
def overspends(brief: GuessBrief) -> Any:
    """Multiply large matrices, and go on when told to stop."""
    import torch

    for _ in range(3):
        try:
            torch.ones(500, 500) @ torch.ones(500, 500)
        except BaseException:
            continue
    return lambda x: (x > 0.5).astype(float)


@baseline("guess", source="rogue")
def edits_the_brief(brief: GuessBrief) -> Any:
    """Spoil the brief for whoever comes next."""
    brief.numbers[:] = 0.0
    brief.seed = -1
    return lambda x: (x > 0.5).astype(float)


@baseline("guess", source="rogue")
def reads_the_brief(brief: GuessBrief) -> Any:
    """Guess well as long as the brief is unspoilt."""
    good = brief.seed >= 0 and brief.numbers.any()
    return lambda x: (x > 0.5).astype(float) if good else np.zeros(len(x))


@baseline("guess", source="rogue")
def snoops(brief: GuessBrief) -> Any:
    """Go through every object of the process and use any answer found."""
    found = [o for o in gc.get_objects() if isinstance(o, SecretAnswer) or type(o).__name__ == "SecretAnswer"]
    gc.freeze()
    gc.unfreeze()
    found += [o for o in gc.get_objects() if type(o).__name__ in ("SecretAnswer", "Case")]
    if found:
        raise RuntimeError(f"found {len(found)} answers")
    return lambda x: np.zeros(len(x))
