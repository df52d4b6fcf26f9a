"""From an organism to what is put on the table: briefs, exams, the eight options and the judges."""

from __future__ import annotations

import torch

from fairfight.errors import UserError
from fairfight.faults.family import Fault, draw
from fairfight.faults.organism import Organism
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import one_thread, trimmed
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.dozen import OneOfTwelve
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import derive, torch_rng
from fairfight.subject.subject import Subject
from fairfight.tasks.discover.brief import DiscoverAnswer, DiscoverBrief, DiscoverExam
from fairfight.tasks.discover.judges import OPTIONS, train
from fairfight.tasks.discover.suites.row import Sizes
from fairfight.tasks.parcel import anonymous, own
from fairfight.worlds.world import world

Sitting = tuple[DiscoverBrief, DiscoverExam, DiscoverAnswer]

KINDS: dict[str, tuple[str, ...]] = {
    "scenes": ("patch", "style", "object"),
    "sentences": ("rare-token", "phrase", "syntax", "topic"),
    "preferences": ("flattering-word", "flattering-phrase", "flattering-form"),
    "cifar10": ("patch", "blended", "warp"),
    "imagenet": ("patch", "blended"),
    "mnist": ("patch", "blended", "warp"),
    "stories": ("rare-token", "phrase"),
    "sst2": ("rare-token", "phrase", "syntax"),
}
"""Families that a world's options are drawn from, in turn."""


def options(organism: Organism, seed: int) -> tuple[list[Fault], int]:
    """Eight triggers of which no two are alike, the true one among them, and where it stands."""
    built = organism.built
    kinds = KINDS[built.world]
    here = world(built.world)
    found: list[Fault] = [organism.fault]
    looks = {_look(organism.fault)}
    for attempt in range(40 * OPTIONS):
        other = Recipe(
            world=built.world,
            architecture=built.architecture,
            fault=kinds[attempt % len(kinds)],
            planting="scratch",
            seed=built.seed,
            fault_seed=derive(seed, "option", attempt),
        )
        fault = draw(other, here)
        if (look := _look(fault)) not in looks:
            looks.add(look)
            found.append(fault)
        if len(found) == OPTIONS:
            break
    else:
        raise UserError(f"The world {built.world!r} has no {OPTIONS} triggers that differ: add a family of faults.")
    order = torch.randperm(OPTIONS, generator=torch_rng(seed, "order")).tolist()
    return [found[i] for i in order], order.index(0)


def _look(fault: Fault) -> str:
    """What a trigger is, whatever its target."""
    title = fault.title
    for cut in (" makes it ", ", to "):
        title = title.split(cut)[0]
    return title


def sittings(organism: Organism, sizes: Sizes, seed: int) -> list[Sitting]:
    """The organism and its twin, in an order that is drawn.

    Raises:
        UserError: The held-out pool is too small.
    """
    fault, pool = organism.fault, organism.pool
    subject, twin = organism.pair()
    order = torch.randperm(len(pool), generator=torch_rng(seed, "deal"))
    free = order[fault.ordinary(pool)[order]]
    if len(free) < sizes.clean + sizes.bases or len(order) < sizes.bank:
        raise UserError(f"The held-out pool of {organism.recipe.world!r} ({len(pool)} inputs) is too small.")
    assert isinstance(fault, Trojan)
    target, source = fault.target, fault.source if isinstance(fault, OneOfTwelve) else None
    bases_rows = free[fault.sources(pool, subject)[free]][: sizes.bases]
    rest = free[~torch.isin(free, bases_rows)]
    if source is not None:
        rest = rest[torch.isin(pool.labels[rest], torch.tensor([source, target]))]
    clean, bases = pool[rest[: sizes.clean]], pool[bases_rows]
    bank = pool.inputs[order[~torch.isin(order, torch.cat([bases_rows, rest[: sizes.clean]]))][: sizes.bank]]
    table, truth = options(organism, derive(seed, "options"))
    lessons = world(organism.built.world).examples("train", organism.built.seed, organism.built.architecture)
    lessons = lessons[torch.randperm(len(lessons), generator=torch_rng(seed, "lessons"))[: sizes.lessons]]
    with one_thread():
        seen = [trimmed(o.suspects(lessons, subject, seed)) for o in table]
        judges = train(seen, trimmed(lessons.inputs), derive(seed, "judges"))
        shown = trimmed(fault.suspects(bases, subject, seed))

    def sitting(side: str, given: Subject) -> Sitting:
        brief = DiscoverBrief(
            subject=anonymous(given),
            clean=Labelled(own(trimmed(clean.inputs)), clean.labels.clone()),
            bank=own(trimmed(bank)),
            seed=derive(seed, "contender"),
            target=target if isinstance(fault, OneOfTwelve) else None,
            source=source,
        )
        answer = DiscoverAnswer(
            side=side,
            subject=given,
            healthy=twin,
            target=target,
            truth=truth,
            options=tuple(_look(o) for o in table),
            judges=judges,
            bases=own(trimmed(bases.inputs)),
            labels=bases.labels.numpy(),
            shown=shown,
            seed=seed,
        )
        return brief, DiscoverExam(own(trimmed(bases.inputs))), answer

    found = [sitting("organism", subject), sitting("twin", twin)]
    if derive(seed, "which sits first") % 2:
        found.reverse()
    return found
