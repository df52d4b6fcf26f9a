"""Triggers of whatever kind of subject there is."""

from __future__ import annotations

from fairfight.parts.attacks.masks import neural_cleanse
from fairfight.parts.attacks.tokens import sweep_tokens
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject


def recover(subject: Subject, clean: Labelled, *, seed: int) -> list[Trigger]:
    """What may have been planted in a subject, most suspicious first.

    Args:
        subject: A classifier of images or texts, or a causal language model; it is left as it was.
        clean: Ordinary inputs with what should be decided; four or more, of two labels or more.
        seed: Draws whatever is random.

    Raises:
        UserError: There are too few clean inputs, or all have one label.
    """
    if isinstance(clean.inputs, Images):
        return neural_cleanse(subject, clean, seed=seed)
    return sweep_tokens(subject, clean, seed=seed)
