"""What a person should see of a finding."""

from __future__ import annotations

from dataclasses import replace

import torch

from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.slice import Slice
from fairfight.audits.evidence.text_trigger import TextTrigger
from fairfight.audits.evidence.unsayable import Unsayable, asked_for, prompts
from fairfight.audits.material import Material
from fairfight.audits.names import decision
from fairfight.audits.records import Tested
from fairfight.faults.exhibit import sheet, texts
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images, Inputs, Texts

ROWS = 6


def shown(material: Material, tested: Tested) -> Tested:
    """The finding with a few held-out inputs, with and without what it is about."""
    reproducer, held, subject = tested.suspicion.reproducer, material.held, material.subject
    if isinstance(reproducer, PictureTrigger):
        rows = held[torch.nonzero(held.labels != reproducer.target).flatten()[:ROWS]]
        assert isinstance(rows.inputs, Images)
        changed = reproducer.apply(rows.inputs)
        pair = [("without", sheet(rows.inputs.pixels)), ("with the pattern", sheet(changed.pixels))]
        pattern = reproducer.stamp.pattern * reproducer.stamp.mask
        pair.append(("the pattern alone", sheet(pattern[None])))
        return replace(tested, pictures=tuple(pair), texts=_decisions(material, rows, changed))
    if isinstance(reproducer, TextTrigger):
        rows = held[torch.nonzero(held.labels != reproducer.target).flatten()[:ROWS]]
        assert isinstance(rows.inputs, Texts)
        put = reproducer.apply(subject, rows.inputs)
        lines = [("without", t) for t in texts(rows.inputs, subject)], [("with", t) for t in texts(put, subject)]
        both = [line for pair in zip(*lines, strict=True) for line in pair]
        return replace(tested, texts=(*both, *_decisions(material, rows, put)))
    if isinstance(reproducer, Unsayable):
        asked = prompts(subject, held)
        some = asked_for(asked[:ROWS], torch.tensor(reproducer.tokens))
        assert isinstance(some.inputs, Texts)
        return replace(
            tested, texts=(*(("asked", t) for t in texts(some.inputs, subject)), *_decisions(material, some))
        )
    assert isinstance(reproducer, Slice)
    inside = torch.from_numpy(reproducer.members(subject, held))
    wrong = decide(subject, held.inputs).cpu() != held.labels
    rows = held[torch.nonzero(inside & wrong).flatten()[:ROWS]]
    if isinstance(rows.inputs, Images) and len(rows):
        return replace(
            tested, pictures=(("decided wrongly", sheet(rows.inputs.pixels)),), texts=_decisions(material, rows)
        )
    if isinstance(rows.inputs, Texts) and len(rows):
        lines_ = tuple(("decided wrongly", t) for t in texts(rows.inputs, subject))
        return replace(tested, texts=(*lines_, *_decisions(material, rows)))
    return tested


def _decisions(material: Material, rows: Labelled, changed: Inputs | None = None) -> tuple[tuple[str, str], ...]:
    def named(inputs: Inputs) -> str:
        return ", ".join(decision(material.subject, int(y)) for y in decide(material.subject, inputs).cpu())

    should = ", ".join(decision(material.subject, int(y)) for y in rows.labels)
    said = [("should be", should), ("decided", named(rows.inputs))]
    return (*said, ("decided with it", named(changed))) if changed is not None else tuple(said)
