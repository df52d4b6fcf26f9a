"""Triggers of whatever kind may have been planted in a subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fairfight.parts.attacks.classes import smallest_triggers
from fairfight.parts.attacks.conjunctions import find_conjunctions
from fairfight.parts.attacks.masks import STAMPS
from fairfight.parts.attacks.stacked import Kind
from fairfight.parts.attacks.tokens import sweep_tokens
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger
from fairfight.parts.attacks.warping import WARPS
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

KINDS: tuple[Kind, ...] = (STAMPS, WARPS)


def recover(
    subject: Subject, clean: Labelled, *, seed: int, kinds: Sequence[Kind] = KINDS, together: bool = False
) -> list[Trigger]:
    """Triggers that a subject may have, most suspicious first: for images of every class, for texts of every label.

    Args:
        subject: A classifier of images or texts, or a causal language model; it is left as it was.
        clean: Ordinary inputs with what should be decided. One half is searched with, the other measures success.
        seed: Draws whatever is random.
        kinds: Of triggers for images, in the order in which they are tried, until one turns out suspicious.
        together: Whether words of texts are also tried two and three together, if no single token is suspicious.

    Raises:
        UserError: There are fewer than four clean inputs, or all have one label.
    """
    searches: list[Callable[..., list[Trigger]]] = [sweep_tokens, *([find_conjunctions] if together else [])]
    if isinstance(clean.inputs, Images):
        searches = [partial(smallest_triggers, kind=kind) for kind in kinds]
    found: list[Trigger] = []
    for search in searches:
        found += search(subject, clean, seed=seed)
        found.sort(key=lambda t: -t.suspicion)
        if found[0].suspicion > SUSPICIOUS:
            break
    return found
