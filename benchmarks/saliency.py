"""A published result, measured anew: do attributions point at a trigger better than an edge detector does?

Run: ``python benchmarks/saliency.py [--networks N] [--pictures N] [--on scenes|cifar10|imagenet]``; needs the extra
``saliency``, and for the last two ``FAIRFIGHT_DATA``. Casper et al. 2023 showed triggered pictures to sixteen methods
and had most lose to edges. Here each network has a trigger of its own (patches, and in scenes as many objects), and
maps are of the target's logit on held-out pictures with the trigger in them. Given are correlation, overlap and
pointing game of map and trigger, the difference of the correlation from that of edges with its 95 % interval (networks
and pictures drawn anew), and the correlation in a copy of the network whose weights have changed places.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.trojan import Trojan
from fairfight.parts.saliency.agreement import MEASURES
from fairfight.parts.saliency.attributions import METHODS, attribution
from fairfight.parts.saliency.edges import edges
from fairfight.seeds import derive
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.tasks.discover._chance import scrambled
from fairfight.verdict.stats.bootstrap import hierarchical_interval
from fairfight.worlds import scenes
from fairfight.worlds.world import Examples

GROUNDS = {
    "scenes": ("cnn", "scratch", ("patch", "object")),
    "cifar10": ("resnet20", "finetune", ("patch",)),
    "imagenet": ("mobilenet-v2", "finetune", ("patch",)),
}
VISIBLE = 0.02


def organisms(world: str, count: int) -> list[Recipe]:
    """So many networks a family; none of them is a scored case."""
    architecture, planting, families = GROUNDS[world]
    return [
        Recipe(world, architecture, family, planting, derive("saliency", world, i), derive("saliency", family, i))  # type: ignore[arg-type]
        for family in families
        for i in range(count)
    ]


def places(family: str, some: Examples, shown: Images) -> Tensor:
    """Where the trigger is in each picture, ``[n, h, w]``."""
    assert isinstance(some.inputs, Images)
    if family == "object":
        factors = dict(some.factors)
        bare = scenes.render(factors | {"object": factors["object"] * 0}).pixels
        return (shown.pixels - bare).abs().amax(dim=1) > VISIBLE
    changed = ((shown.pixels - some.inputs.pixels).abs() > VISIBLE).any(dim=1).any(dim=0)
    return changed.expand(len(shown), -1, -1)


def maps(subject: Subject, shown: Images, target: int, method: str) -> Tensor:
    """Of one method, or edges."""
    return edges(shown) if method == "edges" else attribution(subject, shown, target, method=method)


def measure(recipe: Recipe, pictures: int) -> dict[str, dict[str, np.ndarray]] | None:
    """Each measure of each method a picture; ``untrained`` is the correlation in a network that knows nothing."""
    organism = build(recipe)
    if organism.void is not None:
        print(f"void: {organism.void}")
        return None
    fault, subject = organism.fault, organism.pair()[0]
    assert isinstance(fault, Trojan)
    rows = torch.nonzero(fault.sources(organism.pool, subject)).flatten()[:pictures]
    some = organism.pool[rows]
    shown = fault.apply(some)
    assert isinstance(shown, Images)
    where = places(str(recipe.fault), some, shown)
    blind = scrambled(subject, recipe.seed)
    found: dict[str, dict[str, np.ndarray]] = {}
    for method in ("edges", *METHODS):
        try:
            own = maps(subject, shown, fault.target, method)
            known = {name: m(own, where).numpy() for name, m in MEASURES.items()}
            other = maps(blind, shown, fault.target, method)
        except UserError as error:
            print(f"left out: {str(error)[:110]}")
            continue
        found[method] = known | {"untrained": MEASURES["correlation"](other, where).numpy()}
    print(organism.exhibit["title"], flush=True)
    return found


def main() -> None:
    """Print a line for each method."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=4)
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--on", choices=GROUNDS, default="scenes")
    given = parser.parse_args()
    torch.set_num_threads(1)
    recipes = organisms(given.on, given.networks)
    found = [(r.fault, m) for r in recipes if (m := measure(r, given.pictures)) is not None]
    for family in dict.fromkeys(f for f, _ in found):
        of = [m for f, m in found if f == family]
        names = [m for m in ("edges", *METHODS) if all(m in one for one in of)]
        table = np.stack([[one[m]["correlation"] - one["edges"]["correlation"] for one in of] for m in names])
        gap = hierarchical_interval(table)
        print(f"\n{family}, {len(of)} networks: correlation, overlap, pointing; correlation less edges'; untrained")
        for i, m in enumerate(names):
            means = " ".join(f"{np.mean([one[m][k] for one in of]):5.2f}" for k in MEASURES)
            apart = f"{gap.estimate[i]:+.2f} [{gap.low[i]:+.2f}, {gap.high[i]:+.2f}]"
            print(f"{m:22} {means}   {apart}   {np.mean([one[m]['untrained'] for one in of]):5.2f}")


if __name__ == "__main__":
    main()
