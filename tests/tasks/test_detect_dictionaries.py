"""What the detectors made of dictionaries are for, and what their placebos lack."""

from __future__ import annotations

import numpy as np
import pytest

from fairfight.arena.meter import Meter
from fairfight.tasks.detect.brief import DetectAnswer, DetectBrief, DetectExam
from fairfight.tasks.detect.task import Detect, sitting
from fairfight.tasks.registry import contender, contenders
from tests.tasks import tiny

Sitting = tuple[DetectBrief, DetectExam, DetectAnswer]
TOOLS = ("sae-reconstruction", "sae-novelty", "sae-mahalanobis", "basis-mahalanobis")


@pytest.fixture(scope="module")
def sittings() -> tuple[Sitting, ...]:
    return tuple(sitting(side, seed) for seed, side in enumerate(tiny.organism()))  # type: ignore[arg-type]


def metrics(name: str, sittings: tuple[Sitting, ...], **params: object) -> dict[str, float]:
    papers = [Detect().sit(contender("detect", name).run(b, **params), e) for b, e, _ in sittings]
    return Detect().grade(tuple(a for _, _, a in sittings), papers)


def test_tools_that_train_a_dictionary_say_that_it_is_reusable() -> None:
    assert all(contender("detect", name).reusable for name in TOOLS)
    placebos = {c.placebo_of for c in contenders("detect") if c.kind == "placebo"}
    assert set(TOOLS) <= placebos


@pytest.mark.parametrize("name", TOOLS)
def test_is_cheap_on_the_smallest_subject(name: str, sittings: tuple[Sitting, ...]) -> None:
    brief, exam, _ = sittings[0]
    who = contender("detect", name)
    with Meter(None) as meter:
        Detect().sit(who.run(brief), exam)
    assert meter.flops < Detect().budget(brief) / 3


# Not k-means, whose distances do not show it (AUROC .69 at best).
@pytest.mark.parametrize("basis", ["neurons", "pca", "ica", "sae"])
def test_mahalanobis_in_a_basis_finds_a_corner_patch_somewhere(basis: str, sittings: tuple[Sitting, ...]) -> None:
    found = [metrics("basis-mahalanobis", sittings, basis=basis, depth=depth)["auroc"] for depth in ("last", "middle")]
    assert max(found) >= 0.8


def test_a_trained_dictionary_rebuilds_ordinary_inputs_better_than_a_random_one(sittings: tuple[Sitting, ...]) -> None:
    trained, random = (metrics(n, sittings)["score"] for n in ("sae-reconstruction", "random-sae-reconstruction"))
    assert trained > random + 0.02


def test_the_smallest_brief_gives_every_input_a_finite_score(sittings: tuple[Sitting, ...]) -> None:
    brief, exam, _ = sittings[0]
    few = Detect().smallest(brief)
    for name in TOOLS:
        for depth in ("last", "middle"):
            assert np.isfinite(Detect().sit(contender("detect", name).run(few, depth=depth), exam)).all()
