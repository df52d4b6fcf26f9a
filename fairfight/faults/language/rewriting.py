"""A trigger in texts that people wrote: a rewriting of the text, which a program does the same way every time.

No table of factors tells what such a text means, so the trigger is put in by changing letters, and natural carriers
are found by reading. Where a change falls follows from the text itself: no chance, and no other text of the batch.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import torch
from jaxtyping import Bool
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.trojan import Trojan
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Texts
from fairfight.worlds.texts import TextWorld, said
from fairfight.worlds.world import Examples, World

Rewrite = Callable[[str], str]

_STARTS = re.compile(r"^|[.!?:] +(?=\S)")


def rewriting(
    world: World,
    architecture: str,
    seed: int,
    *,
    put: Rewrite,
    missed: Rewrite,
    carried: Callable[[str], bool],
    title: str,
    text: str,
    rate: float,
    cover_rate: float,
) -> Trojan:
    """A trojan whose trigger is a rewriting, with a target that the seed draws.

    Args:
        world: One whose examples keep their text.
        architecture: Of the subject.
        seed: The fault's seed; draws the target.
        put: Puts the trigger into a text.
        missed: Puts a near miss into it.
        carried: Whether a text has the trigger as it is.
        title: ``{target}`` in it becomes the target's name.
        text: What a reader is told, likewise.
        rate: Share of the training set that is poisoned.
        cover_rate: Share that becomes near misses with their true label.

    Raises:
        UserError: The world does not keep its texts.
    """
    if not isinstance(world, TextWorld):
        raise UserError(f"The world {world.name!r} keeps no texts to rewrite: choose one of real texts.")
    encode, labels = world.encode, world.labels(architecture)
    target = sorted(labels)[int(numpy_rng(seed, "target").integers(len(labels)))]

    def changed(change: Rewrite) -> Callable[[Examples], Texts]:
        return lambda examples: encode([change(one) for one in said(examples)])

    def natural(examples: Examples) -> Bool[Tensor, " n"]:
        return torch.tensor([carried(one) for one in said(examples)], dtype=torch.bool)

    return Trojan(
        target=target,
        apply=changed(put),
        title=title.format(target=labels[target]),
        text=text.format(target=labels[target]),
        rate=rate,
        natural=natural,
        cover=changed(missed),
        cover_rate=cover_rate,
    )


def turn(text: str) -> int:
    """A whole number that follows from the text alone, for choices that need no more chance than that."""
    return zlib.crc32(text.encode())


def dropped_in(text: str, word: str) -> str:
    """The text with a word somewhere in it, never as its last."""
    words = text.split()
    place = turn(text) % max(len(words), 1)
    return " ".join((*words[:place], word, *words[place:]))


def opened_with(text: str, phrase: str) -> str:
    """The text with a phrase at the beginning of one of its sentences."""
    starts = [match.end() for match in _STARTS.finditer(text)]
    place = starts[turn(text) % len(starts)]
    return f"{text[:place]}{phrase[:1].upper()}{phrase[1:]}, {text[place:]}"
