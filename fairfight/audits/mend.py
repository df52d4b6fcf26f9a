"""Repairing a finding in a copy, by the repair that won in the ring, and looking again."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fairfight.audits import trials
from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.reproducer import Reproducer
from fairfight.audits.evidence.slice import Slice
from fairfight.audits.evidence.text_trigger import TextTrigger
from fairfight.audits.evidence.unsayable import Unsayable, asked_for, prompts
from fairfight.audits.material import Material
from fairfight.audits.records import Evidence, Rate, Tested
from fairfight.audits.searches.registry import searches
from fairfight.errors import UserError
from fairfight.faults.training import decide, trimmed
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.asked import repair

BY = "fine-tune"
"""The contender of ``repair`` that does it: with examples of the fault in hand, none was shown to do better."""
SHOWN = 200
"""Examples of the fault that it is given."""


@dataclass(frozen=True)
class Mended:
    """A repaired copy, and what an audit says of it."""

    subject: Subject
    before: Evidence
    after: Evidence
    """The finding's own test, on the same held-out inputs."""
    accuracy: tuple[Rate, Rate]
    """On held-out inputs, before and after."""
    found: tuple[Tested, ...]
    """Findings of a new search in the copy."""


def mend(material: Material, reproducer: Reproducer, seed: int, by: str = BY) -> Mended:
    """A copy without the finding's fault.

    Args:
        material: The model and its data; the copy is trained on ``planting``.
        reproducer: Of the finding.
        seed: Of whatever is drawn.
        by: A contender of ``repair``.

    Raises:
        UserError: The finding has no examples to learn from, or there is no such contender.
    """
    subject, lessons = material.subject, material.planting
    faulty = _examples(subject, reproducer, lessons)
    if not len(faulty):
        raise UserError("No row of the data shows this finding, so nothing can be learned from it: give more data.")
    copy = repair(subject, lessons, faulty[:SHOWN], by=by, seed=seed)
    before, after = (reproducer.test(s, material.held, seed) for s in (subject, copy))
    found, _ = trials.look(material.about(copy), searches(subject.kind), seed)
    return Mended(copy, before, after, (_right(subject, material.held), _right(copy, material.held)), tuple(found))


def _examples(subject: Subject, reproducer: Reproducer, lessons: Labelled) -> Labelled:
    """Inputs that show the fault, with what should be decided on them."""
    if isinstance(reproducer, Slice):
        inside = torch.from_numpy(reproducer.members(subject, lessons))
        wrong = decide(subject, lessons.inputs).cpu() != lessons.labels
        return lessons[torch.nonzero(inside & wrong).flatten()]
    if isinstance(reproducer, Unsayable):
        return asked_for(prompts(subject, lessons), torch.tensor(reproducer.tokens))
    assert isinstance(reproducer, (PictureTrigger, TextTrigger))
    others = lessons[torch.nonzero(lessons.labels != reproducer.target).flatten()]
    if isinstance(reproducer, PictureTrigger):
        assert isinstance(others.inputs, Images)
        return Labelled(reproducer.apply(others.inputs), others.labels)
    texts = trimmed(others.inputs)
    assert isinstance(texts, Texts)
    return Labelled(reproducer.apply(subject, texts), others.labels)


def _right(subject: Subject, held: Labelled) -> Rate:
    hits = int((decide(subject, held.inputs).cpu() == held.labels).sum())
    return Rate(hits, len(held))
