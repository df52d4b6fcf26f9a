"""Where a subject has many trojans, the brief names the target; judges look at large pictures in a small size."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.scans.shown import Shown
from fairfight.subject.inputs import Images
from fairfight.tasks import registry
from fairfight.tasks.discover._claims import claimed
from fairfight.tasks.discover._examples import exhibited
from fairfight.tasks.discover.brief import Candidate
from fairfight.tasks.discover.cases import organism_of, specs
from fairfight.tasks.discover.judges import train
from tests.tasks.test_discover_scans import brief

pytestmark = pytest.mark.usefixtures("one_thread")


def same(inputs: Images) -> Images:
    return inputs


def test_of_triggers_and_pictures_those_of_the_asked_class_are_handed_in() -> None:
    triggers = [Trigger(same, k, 1.0, 1.0, float(k)) for k in range(8)]  # type: ignore[arg-type]
    assert [c.target for c in claimed(triggers)] == [7, 6, 5, 4, 3]
    assert [c.target for c in claimed(triggers, target=0)] == [0]
    pictures = Images(torch.zeros(1, 3, 4, 4))
    assert [c.target for c in exhibited([Shown(k, pictures, float(k)) for k in range(8)], target=0)] == [0]


@pytest.mark.parametrize(
    "name",
    ["difference-direction", "natural-patches", "exemplars", pytest.param("neural-cleanse", marks=pytest.mark.slow)],
)
def test_who_is_asked_about_a_class_speaks_of_no_other(name: str) -> None:
    other = replace(brief("style", twin=True), target=6)
    who = registry.contender("discover", name)
    found: list[Candidate] = who.run(other, **who.defaults)
    assert found
    assert {c.target for c in found} == {6}


def test_twelve_cases_are_one_network_and_each_has_its_own_trojan() -> None:
    twelve = [organism_of(s.recipe) for s in specs("standard", "a secret") if s.recipe["fault"] == "dozen"]
    assert len({(r.seed, r.fault_seed) for r in twelve}) == 1
    assert [r.options["which"] for r in twelve] == list(range(12))
    assert twelve[0].seed == twelve[0].fault_seed


@pytest.mark.slow
def test_judges_know_a_patch_of_large_cells_in_large_pictures() -> None:
    rng = torch.Generator().manual_seed(0)
    plain = torch.rand((24, 3, 160, 160), generator=rng) * 0.2 + 0.4
    cells = torch.rand((8, 3, 4, 4), generator=rng).round().repeat_interleave(5, 2).repeat_interleave(5, 3)

    def stamped(pixels: torch.Tensor, k: int) -> Images:
        out = pixels.clone()
        out[:, :, 10:30, 10 * k : 10 * k + 20] = cells[k]
        return Images(out)

    judges = train([stamped(plain[:16], k) for k in range(8)], Images(plain[:16]), 0)
    for judge in judges:
        for k in (1, 6):
            assert int(judge.likelihoods(stamped(plain[16:], k), Images(plain[16:])).argmax()) == k
