"""From an organism to what is put on the table: briefs, exams and answers, none of which share an input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import Fault
from fairfight.faults.organism import Organism
from fairfight.faults.otherwise import otherwise, right, setting, variants, wrong
from fairfight.faults.training import decide, one_thread, trimmed
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import derive, torch_rng
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject
from fairfight.tasks.parcel import anonymous, own
from fairfight.tasks.repair.brief import Pace, RepairAnswer, RepairBrief, RepairExam
from fairfight.tasks.repair.suites.row import Sizes
from fairfight.worlds.world import Examples

Sitting = tuple[RepairBrief, RepairExam, RepairAnswer]

PACES: dict[str, Pace] = {"images": Pace((4, 8, 16, 24), rate=2e-3), "texts": Pace((4, 8, 16, 24), rate=1e-3)}
"""How the fault is taught again: what was only covered up comes back, and a clean twin hardly learns it."""


@dataclass(frozen=True)
class Table:
    """What was drawn for one match seed; the same for all sittings."""

    clean: Labelled
    corpus: Inputs
    faulty: Labelled
    cues: Labelled
    exam: Labelled
    attack: Inputs
    variants: Inputs
    right: Tensor
    wrong: Tensor
    lesson: Labelled
    unwanted: Tensor
    """What the fault has a subject decide on the faulty inputs that are shown."""


def draw(organism: Organism, arm: str, corpus: str, sizes: Sizes, seed: int) -> Table:
    """Held-out examples dealt out to the parts of a case.

    Args:
        organism: The organism.
        arm: ``shown`` gives the brief faulty examples, ``clean`` none.
        corpus: ``seen`` mixes inputs that set the fault off into what dictionaries are trained on, one in ten.
        sizes: How many of each kind.
        seed: Draws which.

    Raises:
        UserError: The held-out pool is too small for that.
    """
    fault, pool = organism.fault, organism.pool
    subject, _ = organism.pair()
    order = torch.randperm(len(pool), generator=torch_rng(seed, "deal"))
    mixed = sizes.corpus // 10 if corpus == "seen" else 0
    wanted = sizes.attack + sizes.lesson + sizes.faulty + mixed
    with one_thread():
        fires = _firing(fault, pool, order, subject, wanted, seed)
    if len(fires) < wanted:
        raise UserError(
            f"The held-out pool of {organism.recipe.world!r} has {len(fires)} inputs that set the fault off and "
            f"{wanted} are needed: ask for fewer."
        )
    counts = (sizes.attack, sizes.lesson, sizes.faulty, mixed)
    attack, lesson, faulty, among = (pool[rows] for rows in fires.split(counts))
    free = order[~torch.isin(order, fires)]
    if not hasattr(fault, "setting"):  # else inputs are made ordinary
        free = free[fault.ordinary(pool)[free]]
    dealt = (sizes.clean, sizes.corpus - mixed, sizes.exam)
    if len(free) < sum(dealt):
        raise UserError(
            f"The held-out pool of {organism.recipe.world!r} has {len(free)} ordinary inputs left and {sum(dealt)} "
            "are needed: ask for fewer."
        )
    clean, ordinary, exam = (setting(fault, pool[rows]) for rows in free[: sum(dealt)].split(dealt))

    def suspects(some: Examples) -> Inputs:
        return fault.suspects(some, subject, seed)

    join = type(ordinary.inputs).concat
    background = join([ordinary.inputs, suspects(among)]) if mixed else ordinary.inputs  # type: ignore[list-item]
    shuffled = torch.randperm(len(background), generator=torch_rng(seed, "corpus"))
    shown = Labelled(suspects(faulty), right(fault, faulty))
    own_cues: Any = getattr(fault, "cues", None)
    cues = shown[:0] if own_cues is None else Labelled(*own_cues(sizes.cues, derive(seed, "cues")))
    known = Labelled(clean.inputs, clean.labels)
    return Table(
        clean=known,
        corpus=background[shuffled],
        faulty=shown if arm == "shown" else shown[:0],
        cues=cues,
        exam=Labelled(exam.inputs, exam.labels),
        attack=suspects(attack),
        variants=variants(fault, attack, subject, derive(seed, "variants")),
        right=right(fault, attack),
        wrong=wrong(fault, attack),
        lesson=Labelled.concat([Labelled(suspects(lesson), wrong(fault, lesson)), known[: sizes.reminders]]),
        unwanted=wrong(fault, faulty) if arm == "shown" else shown.labels[:0],
    )


def _firing(
    fault: Fault, pool: Examples, order: Int[Tensor, " n"], subject: Subject, count: int, seed: int
) -> Int[Tensor, " k"]:
    """The first rows, in the given order, whose suspects set the fault off."""
    found, have = [order[:0]], 0
    for chunk in order.split(max(32, count)):
        chunk = chunk[fault.sources(pool[chunk], subject)]
        if not len(chunk):
            continue
        some = pool[chunk]
        fires = fault.fires(some.labels, decide(subject, fault.suspects(some, subject, seed)))
        found.append(chunk[fires][: count - have])
        have += len(found[-1])
        if have == count:
            break
    return torch.cat(found)


def sittings(organism: Organism, table: Table, seed: int) -> list[Sitting]:
    """The organism, its twin and, where faulty examples are shown, the twin with the wish to get the fault.

    The order of the first two is drawn, so that nobody can tell by it which is which.
    """
    subject, twin = organism.pair()
    elsewhere = otherwise(table.exam.inputs)
    pace = PACES["images" if isinstance(table.exam.inputs, Images) else "texts"]
    asked = {"clean": table.exam.inputs, "elsewhere": elsewhere, "attack": table.attack, "variants": table.variants}

    graded = {"organism": tuple(asked), "twin": ("clean",), "backwards": ("clean", "attack")}

    def sitting(side: str, given: Subject, healthy: Subject, faulty: Labelled) -> Sitting:
        with one_thread():
            before = {name: decide(given, asked[name]).numpy() for name in graded[side]}
        brief = RepairBrief(
            subject=anonymous(given),
            clean=_own(table.clean),
            faulty=_own(faulty),
            cues=_own(table.cues),
            corpus=own(trimmed(table.corpus)),
            seed=derive(seed, "contender", side == "backwards"),
        )
        exam = RepairExam(
            asked={name: own(trimmed(asked[name])) for name in graded[side]},
            start={name: p.detach().clone() for name, p in given.module.named_parameters()},
            lesson=_own(table.lesson) if side == "organism" else None,
            pace=pace,
        )
        answer = RepairAnswer(
            side=side,
            healthy=healthy,
            looks=len(pace.looks),
            chance=float(table.exam.labels.bincount().max() / len(table.exam)),
            labels=table.exam.labels.numpy(),
            right=table.right.numpy(),
            wrong=table.wrong.numpy(),
            before=before,
        )
        return brief, exam, answer

    found = [sitting("organism", subject, twin, table.faulty), sitting("twin", twin, twin, table.faulty)]
    if derive(seed, "which sits first") % 2:
        found.reverse()
    if len(table.faulty):
        backwards = Labelled(table.faulty.inputs, table.unwanted)
        found.append(sitting("backwards", twin, subject, backwards))
    return found


def _own(given: Labelled) -> Labelled:
    return Labelled(own(trimmed(given.inputs) if len(given) else given.inputs), given.labels.clone())
