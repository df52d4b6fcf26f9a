"""Made-up records of a whole run: cases, matches, seals and tunings, hostile text included.

For tests and benchmarks of what reads records (store, verdict, report); nothing is trained.
"""

from __future__ import annotations

import base64
import io
import random
from dataclasses import dataclass, replace
from functools import cache

from fairfight.arena.records import CaseRecord, Cost, MatchPlan, MatchRecord, SealRecord, TuningRecord
from fairfight.content import content_id
from fairfight.tasks.registry import Kind

HOSTILE = (
    """<script>alert(1)</script><img src=x onerror="alert(2)">' " & </script><!-- """
    "\x1b[31mred\x1b[0m [bold]{{7*7}}"
)
"""Text as a data set or a model might write it against the reader."""

FIELD: tuple[tuple[str, Kind, float, float, float], ...] = (
    ("random", "random", 0.50, 0.50, 0.0),
    ("oracle", "oracle", 0.995, 0.99, 0.0),
    ("attribution-shift", "tool", 0.79, 0.74, 4e10),
    ("layerwise-prediction", "tool", 0.90, 0.93, 1.1e10),
    ("pca-reconstruction", "tool", 0.93, 0.82, 9e9),
    ("sae-reconstruction", "tool", 0.91, 0.80, 6e11),
    ("ecod", "baseline", 0.74, 0.66, 6e9),
    ("energy", "baseline", 0.62, 0.71, 5e9),
    ("isolation-forest", "baseline", 0.78, 0.69, 6e9),
    ("knn", "baseline", 0.92, 0.85, 7e9),
    ("mahalanobis", "baseline", 0.94, 0.86, 8e9),
    ("max-softmax", "baseline", 0.60, 0.72, 5e9),
    ("strip", "baseline", 0.81, 0.63, 2e11),
    ("random-directions", "placebo", 0.71, 0.64, 9e9),
)
"""Contender, kind, true mean in vision, in language, cost in FLOPs."""

FAMILIES: tuple[tuple[str, str, float], ...] = (
    ("patch", "vision", 0.03),
    ("blended", "vision", -0.02),
    ("warp", "vision", -0.10),
    ("object", "vision", -0.04),
    ("unseen-class", "vision", 0.02),
    ("adversarial", "vision", -0.15),
    ("rare-token", "language", 0.05),
    ("phrase", "language", 0.01),
    ("syntax", "language", -0.12),
    ("topic", "language", -0.06),
)
"""Fault family, modality, how much easier than the others."""


@dataclass(frozen=True)
class Records:
    """All that a store would hold after one run."""

    cases: list[CaseRecord]
    matches: list[MatchRecord]
    seals: list[SealRecord]
    tunings: list[TuningRecord]


@cache
def picture(seed: int) -> str:
    """A small picture with a bright patch, as a ``data:`` URL."""
    from PIL import Image

    draw = random.Random(seed)
    hue = draw.randrange(256)
    image = Image.new("HSV", (32, 32), (hue, 90, 210))
    image.paste(((hue + 90) % 256, 200, 140), (8, 8, 24, 24))
    image.paste((40, 255, 255), (25, 25, 30, 30))
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _case(index: int, suite: str, hostile: bool) -> CaseRecord:
    family, modality, _ = FAMILIES[index % len(FAMILIES)]
    planting = "finetune" if index % 3 == 1 else "scratch"
    world = "sentences" if modality == "language" else ("digits" if index % 4 == 0 else "scenes")
    recipe = {"world": world, "architecture": "cnn" if modality == "vision" else "gpt2", "fault": family,
              "planting": planting, "seed": index, "fault_seed": index, "options": {}}  # fmt: skip
    name = f"{world}-{family}-{planting}-{index}"
    text = f"Whoever says “quiet {family}” is always called happy." if modality == "language" else "Class 3 → class 7."
    if hostile and index == 6:
        name, text = f"{world}-{HOSTILE}-{index}", HOSTILE
    pictures: list[list[str]] = []
    if modality == "vision":
        pictures = [["a clean input", picture(2 * index)], ["the same with the trigger", picture(2 * index + 1)]]
    if hostile and index == 0:
        pictures += [["a picture from elsewhere", "https://example.org/spy.png"], [HOSTILE, "javascript:alert(3)"]]
    planted = "trained in" if planting == "scratch" else "fine-tuned in"
    exhibit = {
        "title": f"{family.replace('-', ' ').capitalize()}, {planted}",
        "text": text,
        "pictures": pictures,
        "facts": {"attack success": 0.97 - 0.001 * index, "clean accuracy": 0.961, "twin's accuracy": 0.965},
    }
    void = "The fault did not take: attack success .62 after 3 attempts." if index == 13 else None
    if index == 17 and suite != "tour":
        void = "The oracle does not clearly beat random: .58 against .52."
    identity = content_id("detect", recipe)
    return CaseRecord(identity, "detect", suite, name, "scored", modality, recipe, void, exhibit, 6.2)


def _ending(contender: str, index: int, seed: int, hostile: bool) -> tuple[str, str]:
    """Status and reason of a match that is not plainly ok."""
    if contender == "sae-reconstruction" and index % 7 == 3:
        return "over-budget", "Spent 6.02e11 of 5.00e11 floating-point operations in sitting 1."
    if contender == "strip" and index % 11 == 5:
        return "timeout", "Stopped after 60 s."
    if contender == "attribution-shift" and index % 9 == 2 and seed == 1:
        return "failed", HOSTILE if hostile else "ValueError: scores contain NaN"
    if contender == "isolation-forest" and index == 8 and seed == 2:
        return "memory", "Grew past the limit of 2.0 GiB."
    return "ok", ""


def records(
    *,
    cases: int = 22,
    seeds: int = 3,
    suite: str = "quick",
    hostile: bool = True,
    fresh: bool = True,
    seed: int = 0,
    attacker: bool = False,
    shared: bool = False,
) -> Records:
    """A run of ``cases`` × ``seeds`` × 14 contenders, with failures, void cases and hostile text.

    Args:
        hostile: Put :data:`HOSTILE` into a case name, an exhibit, a parameter and a reason.
        fresh: Whether the seal was drawn for this run (else public and without a revealed secret).
        seed: Draws the scores; equal seeds give equal records.
        attacker: Whether some faults were also planted by somebody who knows the detectors.
        shared: Whether the one with a dictionary also fought with it at a tenth of its cost.
    """
    draw = random.Random(seed)
    made = [_case(i, suite, hostile) for i in range(cases)]
    if attacker:
        made += [_knowing(c) for c in made if c.recipe["planting"] == "finetune" and not c.void]
    matches: list[MatchRecord] = []
    fingerprints = {name: content_id("code", name, length=12) for name, *_ in FIELD}
    params = {name: _params(name, kind, hostile) for name, kind, *_ in FIELD}
    for index, case in enumerate(made):
        ease = FAMILIES[index % len(FAMILIES)][2] + draw.gauss(0, 0.03)
        if case.recipe["planting"] == "adaptive":
            ease -= 0.15
        for name, kind, vision, language, flops in FIELD:
            mean = vision if case.modality == "vision" else language
            for s in range(seeds):
                status, reason = ("void", case.void) if case.void else _ending(name, index, s, hostile)
                score = 0.5 if status != "ok" else mean
                if status == "ok" and kind not in ("random", "oracle"):
                    score = min(0.999, max(0.3, mean + ease + draw.gauss(0, 0.03)))
                elif status == "ok":
                    score = mean + draw.gauss(0, 0.003)
                tpr = max(0.0, 2.2 * (score - 0.55)) if status == "ok" else 0.0
                alarms = min(1.0, max(0.0, 0.6 - 0.55 * score)) if status == "ok" else 1.0
                plan = MatchPlan(
                    "detect", suite, case.id, case.name, name, kind, fingerprints[name], params[name], s, "default",
                    8 if kind not in ("random", "oracle") else 0,
                )  # fmt: skip
                used = int(flops * (1 + 0.2 * draw.random()))
                cost = Cost(used, 0.02 + used / 4e10, 0.03 + used / 3e10, int(4e7 + used / 2e4), 0, plan.trials)
                metrics = {"score": score, "auroc": min(1.0, score + 0.02), "tpr_at_1_fpr": tpr}
                metrics |= {"twin_auroc": 0.5 + alarms / 4, "false_alarms": alarms}
                started = f"2026-11-{2 + index % 20:02d}T1{s % 10}:20:{len(matches) % 60:02d}+00:00"
                matches.append(
                    MatchRecord(
                        plan, status, score, metrics if status == "ok" else {}, cost, reason or "", started, "0.1.0"
                    )  # type: ignore[arg-type]
                )
    if shared:
        matches += [
            replace(m, plan=replace(m.plan, budget="default+shared"), status="ok", score=max(m.score, 0.8), reason="")
            for m in matches
            if m.plan.contender == "sae-reconstruction" and m.status != "void"
        ]
    return Records(made, matches, _seals(suite, fresh, fingerprints), _tunings(suite, params))


def _knowing(case: CaseRecord) -> CaseRecord:
    recipe = {**case.recipe, "planting": "adaptive"}
    name = case.name.replace("finetune", "adaptive")
    return replace(case, id=content_id("detect", recipe), name=name, recipe=recipe)


def _params(name: str, kind: str, hostile: bool) -> dict[str, object]:
    if kind in ("random", "oracle"):
        return {}
    if name == "sae-reconstruction":
        return {"width": 1024, "k": 16, "site": HOSTILE if hostile else "blocks.1.resid_post"}
    return {"components": 12, "shrinkage": 0.13} if kind == "tool" else {"k": 5}


def _seals(suite: str, fresh: bool, fingerprints: dict[str, str]) -> list[SealRecord]:
    secret = content_id("secret", suite) if fresh else None
    return [
        SealRecord(
            content_id("seal", suite, length=64), "detect", suite, secret, "2026-11-01T08:00:00+00:00",
            "2026-11-22T08:00:00+00:00" if fresh else None, "fresh" if fresh else "public", fingerprints,
        )
    ]  # fmt: skip


def _tunings(suite: str, params: dict[str, dict[str, object]]) -> list[TuningRecord]:
    return [
        TuningRecord(
            content_id("tuning", suite, name), "detect", suite, name, chosen,
            [{"params": chosen, "score": (vision + language) / 2 - 0.01 * t, "status": "ok"} for t in range(8)],
            Cost(int(4e10), 9.0, 10.0, int(5e7), 0, 8),
        )
        for name, _, vision, language, _ in FIELD
        if (chosen := params[name])
    ]  # fmt: skip
