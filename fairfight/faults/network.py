"""The trained network of a recipe, cached by content: organisms, their twins and the bases they start from."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from fairfight.content import cached_folder, code_id, content_id
from fairfight.errors import UserError
from fairfight.faults import homes
from fairfight.faults.adaptive import plant_hidden
from fairfight.faults.family import draw
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import fit
from fairfight.faults.trojan import Trojan
from fairfight.subject.subject import Subject
from fairfight.worlds.names import home_of
from fairfight.worlds.world import Part, World, world

WEIGHTS = "weights.safetensors"


ROOMS = ("subject", "worlds", "faults", "seeds")
"""Code that decides what a network becomes."""


def fingerprint(recipe: Recipe) -> str:
    """Identity of the code that an organism is made of, so that the cache never serves an older build."""
    return _fingerprint(recipe.world, recipe.fault)


@cache
def _fingerprint(world: str, fault: str | None) -> str:
    family = () if fault is None else (homes.home_of(fault),)
    return content_id(code_id("fairfight.faults.organism", home_of(world), *family, rooms=ROOMS), torch.__version__)


def network(recipe: Recipe, boost: float = 1.0) -> Subject:
    """The subject that a recipe trains; equal recipes give equal weights, and each is trained once for a cache.

    A fine-tuned network starts from the pretrained one that the world has, or from the clean one of the same seed that
    was trained from scratch. A shipped one is taken as it was published; where no clean one was, that one is trained
    from scratch.

    Args:
        recipe: What to train; without a fault it is a clean subject, which all organisms of its seed share as a twin.
        boost: Multiplies the share of poisoned examples.
    """
    from safetensors.torch import load_model, save_model

    def train(folder: Path) -> None:
        save_model(_trained(recipe, boost).module, str(folder / WEIGHTS))

    identity = content_id("network", recipe, boost, fingerprint(recipe))
    folder = cached_folder("organism", identity, train)
    subject = world(recipe.world).subject(recipe.architecture, recipe.seed)
    load_model(subject.module, str(folder / WEIGHTS))
    subject.module.eval()
    return subject


def _trained(recipe: Recipe, boost: float) -> Subject:
    ground = world(recipe.world)
    if recipe.planting == "shipped" and (recipe.fault is not None or ground.pretrained):
        return _shipped(recipe, ground)
    how: Literal["scratch", "finetune"] = "scratch" if recipe.planting in ("scratch", "shipped") else "finetune"
    part: Part = "tune" if how == "finetune" and getattr(ground, "two_phases", False) else "train"
    clean = examples = ground.examples(part, recipe.seed, recipe.architecture)
    if recipe.fault is not None:
        examples = draw(recipe, ground).poison(clean, recipe.seed, boost)
    if how == "scratch" or ground.pretrained:
        subject = ground.subject(recipe.architecture, recipe.seed)
    else:
        subject = network(replace(recipe.twin(), planting="scratch"))
    schedule = ground.schedule(recipe.architecture, how)
    if recipe.planting == "adaptive" and recipe.fault is not None:
        plant_hidden(subject, ground, draw(recipe, ground), clean, examples, schedule, recipe.seed)
    else:
        fit(subject, ground, examples, schedule, recipe.seed)
    return subject


def _shipped(recipe: Recipe, ground: World) -> Subject:
    """A network as it was published: the one that came with the fault, or the world's own clean one."""
    if recipe.fault is None:
        return ground.subject(recipe.architecture, recipe.seed)
    fault = draw(recipe, ground)
    if not isinstance(fault, Trojan) or fault.carrier is None:
        raise UserError(f"No network was published with the fault {recipe.fault!r}: plant it by 'finetune'.")
    return fault.carrier()
