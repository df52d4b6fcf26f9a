"""Things in the data that set off unusual states and bring other inputs to one decision: rows that somebody poisoned.

Rows are put in order by how unlike all others their states are. Pieces of the oddest ones are then put into others:
what takes the decision along, more than pieces of ordinary rows do, may be a trigger.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.text_trigger import TextTrigger
from fairfight.audits.material import Material
from fairfight.audits.names import decision
from fairfight.audits.oddness import oddest, ordinary
from fairfight.audits.records import Suspicion
from fairfight.audits.searches.registry import search
from fairfight.faults.training import decide
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.scans.cutout import COURSE, cut_out
from fairfight.parts.scans.natural import natural_patches
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.carried import carrying
from fairfight.subject.inputs import Images, Texts
from fairfight.tasks.discover._claims import sure

HANDED = 2
"""Suspicions that are handed in at most."""
WORKS = 0.5
"""Success under which nothing is handed in."""
LARGE = 96 * 96
"""Pixels of a picture from which fewer pieces are tried, and each is cut out in fewer steps."""
SMALL = 0.04
"""Share of a picture that a thing covers at most: what has to be larger is what the class consists of."""
PIECES, FEW_PIECES = 2304, 128
SEQUENCES, FEW_SEQUENCES = 600, 300
"""Pieces tried, and in slow models."""
SLOW = 1_000_000
"""Parameters from which a model of texts is a slow one."""


@search("odd", "things in the data that take the decision along", ("image-classifier", "text-classifier"))
def odd(material: Material, seed: int) -> list[Suspicion]:
    """The pieces of odd rows that bring most others along, one for each target."""
    subject, given = material.subject, material.search
    plain = given[ordinary(subject, given.inputs)]
    clean = plain[torch.nonzero(decide(subject, plain.inputs).cpu() == plain.labels).flatten()]
    if len(clean) < 4 or len(clean.labels.unique()) < 2:
        return []
    bank = given.inputs[oddest(subject, given.inputs)]
    found = _pieces(material, clean, bank, seed) if isinstance(bank, Images) else _words(material, clean, bank, seed)
    best: dict[int, Trigger] = {}
    for t in found:
        if t.success >= WORKS and (t.target not in best or t.success > best[t.target].success):
            best[t.target] = t
    surest = sorted(best.values(), key=lambda t: -t.suspicion)[:HANDED]
    return [_suspected(material, t) for t in surest]


def _pieces(material: Material, clean: Labelled, bank: Images, seed: int) -> list[Trigger]:
    area = bank.pixels[0, 0].numel()
    if area > LARGE:
        found = natural_patches(material.subject, clean, bank, seed=seed, pieces=FEW_PIECES, onto=2, most=2)
        found = cut_out(material.subject, clean, found, seed=seed, course=replace(COURSE, steps=30))
    else:
        found = natural_patches(material.subject, clean, bank, seed=seed, pieces=PIECES)
        found = cut_out(material.subject, clean, found, seed=seed)
    return [t for t in found if t.size <= SMALL * area]


def _words(material: Material, clean: Labelled, bank: Texts, seed: int) -> list[Trigger]:
    slow = sum(p.numel() for p in material.subject.module.parameters()) >= SLOW
    most = FEW_SEQUENCES if slow else SEQUENCES
    return carrying(material.subject, clean, bank, seed=seed, most=most)


def _suspected(material: Material, trigger: Trigger) -> Suspicion:
    to = decision(material.subject, trigger.target)
    shown: PictureTrigger | TextTrigger | None
    if isinstance(trigger.change, Put):
        tokenizer = material.subject.tokenizer
        tokens = trigger.change.tokens
        said = tokenizer.decode(list(tokens)) if tokenizer else " ".join(map(str, tokens))
        shown = TextTrigger(tokens, trigger.target, cut=True)
        claim = f"{said!r}, which stands in the data, brings other texts to {to}."
    else:
        pixels = material.search.inputs
        assert isinstance(pixels, Images)
        whole = PictureTrigger.of(trigger.change, trigger.target, pixels)
        assert whole is not None
        shown = PictureTrigger(whole.stamp, whole.target, cut=True)
        claim = f"A thing of about {shown.pixels:.0f} pixels in the data brings other pictures to {to}."
    return Suspicion("odd", claim, shown, sure(trigger.suspicion), ("local-outlier-factor", "carried-over"))
