"""Scores on trojans that were trained in: few filters hold them, and causal scores find those."""

from __future__ import annotations

import pytest
import torch

from fairfight.faults.organism import Side, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.positions import rows
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.units import mean_ablate
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.named import score
from fairfight.parts.training.labelled import Labelled

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
SITE, UNITS = "layers.stage3", 8


@pytest.fixture(scope="module", params=["patch", "blended"])
def sides(request: pytest.FixtureRequest) -> tuple[Side, Side]:
    organism = build(Recipe("scenes", "cnn", request.param, "scratch", 1, 1))
    assert organism.void is None
    return organism.sides(0, trusted=96, clean=200, suspects=112)


def after(sides: tuple[Side, Side], name: str) -> tuple[float, float]:
    """Attack success and clean accuracy when the units with the highest scores do what they usually do."""
    side, twin = sides
    meant = decide(twin.subject, side.suspects)
    usual = rows(side.subject, side.trusted, SITE, "position").x
    contrast = Contrast(
        side.subject, SITE, neurons(usual), Labelled(side.suspects[:16], meant[:16]),
        Labelled(side.trusted, decide(twin.subject, side.trusted)), seed=0,
    )  # fmt: skip
    units = score(name, contrast).topk(UNITS).indices.tolist()
    edited = with_edits(side.subject, {SITE: mean_ablate(contrast.basis, units, usual)}, example=side.trusted[:4])
    held_out = side.suspects[16:]
    fires = decide(edited, held_out) == decide(side.subject, held_out)
    return float(fires.float().mean()), float((decide(edited, side.clean) == side.labels).float().mean())


@pytest.mark.parametrize("name", ["attribution", "integrated", "patching", "shapley"])
def test_eight_filters_out_of_sixty_four_hold_the_trojan(sides: tuple[Side, Side], name: str) -> None:
    side = sides[0]
    accuracy = float((decide(side.subject, side.clean) == side.labels).float().mean())
    success, kept = after(sides, name)
    assert success < 0.15
    assert kept > accuracy - 0.03


def test_eight_others_do_not(sides: tuple[Side, Side]) -> None:
    with torch.no_grad():
        assert after(sides, "random")[0] > 0.9
