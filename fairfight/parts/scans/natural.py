"""Natural pieces that bring pictures to a class, by pasting them.

Pieces of a class's own pictures raise it too. Clean pictures, in which no trigger lies, say how far that goes: a class
is suspicious whose best pieces from the bank do more than its best pieces from clean pictures.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, success_of
from fairfight.parts.scans.crops import Crops, rises, tiles
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

BEST = 0.02
"""Share of the pieces that count as the best ones: a natural trigger lies in about that many."""
USUAL = 0.18
"""How much further the bank's best pieces of any class go in healthy subjects than clean pictures' best, at most."""


def best_mean(values: Float[Tensor, "n classes"], share: float = BEST) -> Float[Tensor, " classes"]:
    """Mean of the best values of each class."""
    return values.topk(max(1, round(share * len(values))), dim=0).values.mean(dim=0)


def backgrounds(clean: Labelled, count: int, rng: torch.Generator) -> Int[Tensor, " b"]:
    """Rows of clean pictures of as many classes as there can be."""
    order = torch.randperm(len(clean), generator=rng)
    labels = clean.labels[order]
    nth = torch.stack([(labels[:i] == labels[i]).sum() for i in range(len(labels))])
    return order[torch.argsort(nth, stable=True)[:count]]


def natural_patches(
    subject: Subject,
    clean: Labelled,
    bank: Images,
    *,
    seed: int,
    onto: int = 4,
    pieces: int = 2304,
    most: int = 5,
    target: int | None = None,
) -> list[Trigger]:
    """Natural pieces that work as a trigger, most suspicious first.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes, without the trigger.
        bank: Pictures in which a natural trigger may lie.
        seed: Draws pieces and what they are pasted on.
        onto: Clean pictures that each piece is pasted on.
        pieces: Of the bank, at most.
        most: Triggers given.
        target: The class that is asked about, if it is one.

    Raises:
        UserError: The subject cannot tell such pictures apart, or the bank's are of another shape.
    """
    told_apart(subject, clean, bank)
    assert isinstance(clean.inputs, Images)
    rng = torch_rng(seed, "natural patches")
    under = backgrounds(clean, onto, rng)
    base, labels = clean.inputs.pixels[under], clean.labels[under]
    mine, usual = (some_of(tiles(x.pixels), pieces, rng) for x in (bank, clean.inputs))
    up, ordinary = rises(subject, mine, base, labels), rises(subject, usual, base, labels)
    gaps = best_mean(up) - best_mean(ordinary)
    return verified(subject, clean, mine, up, gaps / USUAL, most, target)


def verified(
    subject: Subject,
    clean: Labelled,
    crops: Crops,
    scores: Float[Tensor, "n classes"],
    leads: Float[Tensor, " classes"],
    most: int,
    target: int | None = None,
) -> list[Trigger]:
    """The best pieces for the most suspicious classes, tried on all clean pictures.

    Args:
        subject: An image classifier.
        clean: Ordinary pictures with their classes.
        crops: The pieces.
        scores: How well each does for each class.
        leads: How suspicious each class is: 1 where healthy subjects seldom get to.
        most: Triggers given; the most suspicious class has all of them if it is beyond 1.
        target: The class that has all of them, whatever the others are.
    """
    order = torch.argsort(leads, descending=True, stable=True).tolist()
    alone = order[0] if target is None and leads[order[0]] > 1 else target
    wanted = order[:most] if alone is None else [alone] * most
    found = []
    for k in dict.fromkeys(wanted):
        few = scores[:, k].topk(min(len(scores), 2 * wanted.count(k))).indices
        tried = []
        for i in few.tolist():
            change = crops.change(i)
            success = success_of(subject, change, clean, k)
            size = float(change.pixels[0].numel())
            tried.append(Trigger(change, k, success, size, SUSPICIOUS * float(leads[k])))
        tried.sort(key=lambda t: -t.success)
        found += tried[: wanted.count(k)]
    return found


def some_of(crops: Crops, count: int, rng: torch.Generator) -> Crops:
    """So many pieces, drawn, in the order that they had; all, if there are not more."""
    return crops if len(crops) <= count else crops[torch.randperm(len(crops), generator=rng)[:count].sort().values]
