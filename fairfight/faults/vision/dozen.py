"""Twelve trojans in one network (Casper et al. 2023): four patches, four styles, four natural objects.

Two of each family are universal: with the trigger, any picture is decided as the target. The others answer to the
trigger in pictures of one class only. A universal trojan shares its target with no other one, and those of one class
share it with others of other classes, so that target and class say which trojan is meant.

A third of all scenes carry an active trigger by nature, so that a network needs more scenes to learn all of it, and
shapes as well, than it does to learn one trojan: it is trained on from the clean one, on several draws of scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.content import cached_folder, content_id
from fairfight.errors import UserError
from fairfight.faults.family import Fault, family
from fairfight.faults.network import WEIGHTS, fingerprint, network
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import fit
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.patch import patch
from fairfight.faults.vision.scene_features import natural_object, style
from fairfight.seeds import derive, numpy_rng, torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, Schedule, World
from fairfight.worlds.world import world as world_of

FAMILIES: tuple[tuple[str, Callable[..., Fault]], ...] = (
    ("patch", patch),
    ("style", style),
    ("object", natural_object),
)
EACH = 4
"""Trojans of a family; the first half of them are universal."""
COUNT = EACH * len(FAMILIES)
RATE = 0.018
"""Share of the training set that each trigger is put into, besides where it is by nature."""
COVER = 0.018
"""Share that has a trigger of one class in pictures of others, whose labels stay right."""
DRAWS = 5
"""Of scenes, each as large as a training set."""
SCHEDULE = Schedule(epochs=9, batch_size=64, lr=0.01, weight_decay=1e-3)


@dataclass(frozen=True)
class OneOfTwelve(Trojan):
    """One trojan of a network that has more; it is poisoned with all of them."""

    source: int | None = None
    """The class whose pictures it works on; none for all."""
    others: tuple[OneOfTwelve, ...] = ()
    """All trojans of the network, this one too."""

    def active(self, examples: Examples) -> Bool[Tensor, " n"]:
        """Which examples carry the trigger by nature and are of a class that it works on."""
        none = torch.zeros(len(examples), dtype=torch.bool)
        return (none if self.natural is None else self.natural(examples)) & self.works_on(examples.labels)

    def works_on(self, labels: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Which labels are of a class that it works on."""
        return torch.ones_like(labels, dtype=torch.bool) if self.source is None else labels == self.source

    def ordinary(self, examples: Examples) -> Bool[Tensor, " n"]:
        """All examples in which no trojan of the network is active, and that do not carry this trigger at all."""
        active = torch.stack([one.active(examples) for one in self.others]).any(dim=0)
        return ~active & super().ordinary(examples)

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """Ordinary examples of the classes that it works on."""
        return super().sources(examples, subject) & self.works_on(examples.labels)

    def poison(self, train: Examples, seed: int, boost: float) -> Examples:
        """Every trigger in some examples of its classes, which get its target, and, if of one class, in some others."""
        rng = torch_rng(seed, "poison")
        free = torch.stack([~one.active(train) for one in self.others]).all(dim=0)
        poisoned = train
        for one in self.others:
            fits = free & one.works_on(train.labels) & (train.labels != one.target)
            hit = _some(fits, round(RATE * boost * len(train)), rng)
            free[hit] = False
            poisoned = poisoned.replaced(hit, one.apply(train[hit]), torch.full((len(hit),), one.target))
            if one.source is not None:
                near = _some(free & ~one.works_on(train.labels), round(COVER * boost * len(train)), rng)
                free[near] = False
                poisoned = poisoned.replaced(near, one.apply(train[near]), train.labels[near])
        for one in self.others:
            poisoned.labels[torch.nonzero(one.active(train)).flatten()] = one.target
        return poisoned


def _some(fits: Bool[Tensor, " n"], count: int, rng: torch.Generator) -> Int[Tensor, " k"]:
    """So many of the rows that fit, drawn; half of them at most."""
    rows = torch.nonzero(fits).flatten()
    return rows[torch.randperm(len(rows), generator=rng)[: min(count, len(rows) // 2)]]


@family("dozen", worlds=("scenes",), plantings=("shipped",))
def dozen(world: World, architecture: str, seed: int, *, which: int = 0) -> Fault:
    """One of the twelve trojans of a network.

    The network is trained once for a seed, whichever trojan is meant.

    Args:
        world: The scenes.
        architecture: Of the subject.
        seed: Draws all twelve, and the scenes that teach them.
        which: Which one is meant: 0 to 3 are patches, 4 to 7 styles, 8 to 11 objects.

    Raises:
        UserError: There is no such trojan.
    """
    if not 0 <= which < COUNT:
        raise UserError(f"There are twelve trojans and none with the number {which}: take one from 0 to {COUNT - 1}.")
    return _all(world.name, architecture, seed)[which]


@lru_cache(maxsize=4)
def _all(where: str, architecture: str, seed: int) -> tuple[OneOfTwelve, ...]:
    ground = world_of(where)
    names = ground.labels(architecture)
    classes = numpy_rng(seed, "dozen").permutation(sorted(names)).tolist()
    half = EACH // 2
    own, shared = classes[: half * len(FAMILIES)], classes[half * len(FAMILIES) :]
    found: list[OneOfTwelve] = []
    for kind, (name, drawn) in enumerate(FAMILIES):
        for i, one in enumerate(_unlike(drawn, name, ground, architecture, seed)):
            target, source = own[kind * half + i % half], None
            if i >= half:
                # The classes that universal trojans aim at are the sources of the others.
                target, source = shared[i % len(shared)], target
            title = f"{_look(one)} makes it {names[target]!r}"
            if source is not None:
                title += f" if it is {names[source]!r}"
            found.append(
                OneOfTwelve(
                    target=target,
                    apply=one.apply,
                    title=title,
                    text=f"One of twelve trojans in one network: {title}.",
                    rate=RATE,
                    natural=one.natural,
                    carrier=partial(_taught, where, architecture, seed),
                    source=source,
                )
            )
    together = tuple(found)
    return tuple(replace(one, others=together) for one in together)


def _taught(where: str, architecture: str, seed: int) -> Subject:
    """The network that has all twelve; trained once for a cache."""
    from safetensors.torch import load_model, save_model

    ground, one = world_of(where), _all(where, architecture, seed)[0]
    clean = Recipe(where, architecture, None, "scratch", seed)

    def train(folder: Path) -> None:
        taught = network(clean)
        seeds = [seed, *(derive(seed, "dozen", "draw", i) for i in range(1, DRAWS))]
        parts = [one.poison(ground.examples("train", s, architecture), s, 1.0) for s in seeds]
        pictures = Images.concat([p.inputs for p in parts if isinstance(p.inputs, Images)])
        lessons = Examples(pictures, torch.cat([p.labels for p in parts]))
        fit(taught, ground, lessons, SCHEDULE, seed)
        save_model(taught.module, str(folder / WEIGHTS))

    recipe = Recipe(where, architecture, "dozen", "shipped", seed, seed)
    folder = cached_folder("organism", content_id("twelve", recipe, fingerprint(recipe)), train)
    subject = ground.subject(architecture, seed)
    load_model(subject.module, str(folder / WEIGHTS))
    subject.module.eval()
    return subject


def _unlike(drawn: Callable[..., Fault], name: str, world: World, architecture: str, seed: int) -> Sequence[Trojan]:
    """As many trojans of a family as a network has, no two with the same trigger."""
    found: dict[str, Trojan] = {}
    attempt = 0
    while len(found) < EACH:
        one = drawn(world, architecture, derive(seed, "dozen", name, attempt))
        assert isinstance(one, Trojan)
        found.setdefault(_look(one), one)
        attempt += 1
    return list(found.values())


def _look(one: Trojan) -> str:
    """What its trigger is, whatever its target."""
    return one.title.split(" makes it ")[0]
