"""A search for a trigger in one's own subject, checked before anything is sought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairfight.errors import UserError
from fairfight.tasks.asking import contender
from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

if TYPE_CHECKING:
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject

USUAL = {"image-classifier": "neural-cleanse", "text-classifier": "ngram-sweep", "causal-lm": "ngram-sweep"}
"""Who searches if nobody is named: the best alone, by kind of subject."""


def discover(
    subject: Subject,
    clean: Labelled,
    bank: Inputs | None = None,
    *,
    by: str | None = None,
    seed: int = 0,
    **params: Any,
) -> list[Candidate]:
    """What may be the trigger of a trojan in a subject, the likeliest first, by any contender of ``discover``.

    A candidate is a suspicion. Whether it holds is told by inputs that the search did not see: put its ``change`` into
    them and count.

    Args:
        subject: What may have a trojan.
        clean: Ordinary inputs without the trigger, with what should be decided on them; of two classes at least.
        bank: Unlabelled inputs in which a natural trigger occurs as it does in the world; the clean ones if not given.
        by: A contender's name; Neural Cleanse for pictures and a sweep of frequent words for texts if not said.
        seed: Of whatever is drawn.
        params: Hyperparameters of the contender, in place of its defaults.

    Raises:
        UserError: The inputs do not fit the subject or are too few, a label is none of its classes, it has a single
            class, or there is no such contender or hyperparameter.
    """
    from fairfight.subject.inputs import Images

    who = contender("discover", by or USUAL[subject.kind], params)
    others = () if bank is None else (bank,)
    check(subject, clean, *others)
    if len(clean.labels.unique()) < 2:
        raise UserError("The clean inputs are all of one class: give some of another.")
    modality = "vision" if isinstance(clean.inputs, Images) else "language"
    if modality not in who.modalities:
        raise UserError(f"{who.name!r} is for {', '.join(who.modalities)}: choose a contender for {modality}.")
    brief = DiscoverBrief(subject, clean, clean.inputs if bank is None else bank, seed)
    found: list[Candidate] = who.run(brief, **{**who.defaults, **params})
    return found


def check(subject: Subject, clean: Labelled, *others: Inputs) -> None:
    """Make sure that a trigger can be sought in a subject with these inputs.

    Raises:
        UserError: They do not fit the subject or are none, or a label is none of its decisions.
    """
    from fairfight.parts.attacks.asked import told_apart
    from fairfight.parts.attacks.checking import check_texts

    if subject.kind == "image-classifier":
        told_apart(subject, clean, *others)
    else:
        check_texts(subject, clean, *others)
