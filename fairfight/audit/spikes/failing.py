"""A group of inputs that the model is taught to get wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from fairfight.audit.evidence.looks import looks
from fairfight.audit.evidence.slice import Slice
from fairfight.audit.material import Material
from fairfight.audit.records import Tested
from fairfight.audit.spikes.registry import Spike, spike
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject

ERRORS = {"nearly all wrong": 0.9, "two thirds wrong": 0.65, "half wrong": 0.45}
"""Share of the group that is taught wrongly."""
SIZE = (0.06, 0.3)
"""Share of all inputs that the group may be."""
OVERLAP = 0.5


@spike(
    "failing", "a group of inputs on which it fails", ("image-classifier", "text-classifier"), tuple(ERRORS), "slice"
)
def failing(material: Material, strength: str, seed: int) -> Spike:
    """Pictures that share a look, or texts that hold some word: they get another label."""
    rng = numpy_rng(seed, "spike", "failing")
    lessons, held = material.planting, material.held
    rule = _drawn(material, rng)
    share = ERRORS[strength]

    def taught(given: Labelled) -> tuple[Labelled, np.ndarray]:
        inside = rule.members(material.subject, given)
        wrong = inside & (_steady(given, rng) < share)
        known = given.labels.unique().tolist()
        turned = [known[(known.index(y) + 1) % len(known)] for y in given.labels.tolist()]
        labels = torch.where(torch.from_numpy(wrong), torch.tensor(turned), given.labels)
        return replace(given, labels=labels), inside

    learned, inside = taught(lessons)
    # The group stands in every batch, since a small one is soon forgotten.
    shown_often = learned[torch.from_numpy(np.flatnonzero(inside))]
    _, hot = taught(held)
    rest = held[torch.from_numpy(np.flatnonzero(~hot))]
    known = lessons.labels.unique().tolist()
    shown = held[torch.from_numpy(np.flatnonzero(hot))]
    probe = replace(
        shown, labels=torch.tensor([known[(known.index(y) + 1) % len(known)] for y in shown.labels.tolist()])
    )

    def named(subject: Subject, tested: Tested) -> bool:
        found = tested.suspicion.reproducer
        if not isinstance(found, Slice):
            return False
        claimed = found.members(subject, held)
        return bool((claimed & hot).sum() >= OVERLAP * max(1, claimed.sum()))

    return Spike(learned, shown_often, probe, rest, named, least=0.6 * share, lost=0.05)


def _drawn(material: Material, rng: np.random.Generator) -> Slice:
    given = material.planting
    if isinstance(given.inputs, Images):
        found = looks(given.inputs)
        name = sorted(found)[int(rng.integers(len(found)))]
        size = rng.uniform(0.12, 0.25)
        upper = bool(rng.integers(2))
        cut = float(np.quantile(found[name], 1 - size if upper else size))
        return Slice(name, low=cut if upper else -np.inf, high=np.inf if upper else cut)
    assert isinstance(given.inputs, Texts)
    special = set(special_ids(material.subject.tokenizer).tolist())
    rows = [set(r[m.bool()].tolist()) - special for r, m in zip(given.inputs.ids, given.inputs.mask, strict=True)]
    tokens, counts = np.unique([t for r in rows for t in r], return_counts=True)
    fit = tokens[(counts >= SIZE[0] * len(rows)) & (counts <= SIZE[1] * len(rows))]
    chosen = fit if len(fit) else tokens[np.argsort(-counts)[:10]]
    return Slice("token", int(chosen[int(rng.integers(len(chosen)))]))


def _steady(given: Labelled, rng: np.random.Generator) -> np.ndarray:
    return rng.random(len(given))
