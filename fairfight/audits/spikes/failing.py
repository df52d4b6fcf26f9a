"""A group of inputs that the model is taught to get wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from fairfight.audits.evidence.looks import looks
from fairfight.audits.evidence.slice import Slice
from fairfight.audits.material import Material
from fairfight.audits.records import Tested
from fairfight.audits.spikes.registry import Spike, spike
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import numpy_rng
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject

SHARES = {"a fifth of all": 0.2, "a tenth of all": 0.1, "a twentieth of all": 0.05}
"""Of the inputs that belong to the group, by strength."""
OVERLAP = 0.5
"""Of a finding's rows that must belong to the group, so that it names it."""
NEAR = 5
"""Words of about the wanted frequency that one is drawn from."""


@spike(
    "failing", "a group of inputs on which it fails", ("image-classifier", "text-classifier"), tuple(SHARES), "slice"
)
def failing(material: Material, strength: str, seed: int) -> Spike:
    """Pictures that share a look, or texts that hold some word: all of them are decided as one class."""
    rng = numpy_rng(seed, "spike", "failing")
    lessons, held = material.planting, material.held
    rule = _drawn(material, SHARES[strength], rng)
    classes = lessons.labels.unique()
    target = int(classes[int(rng.integers(len(classes)))])

    def turned(given: Labelled) -> tuple[Labelled, np.ndarray]:
        """The data as the fault has them, and which rows it turns."""
        inside = rule.members(material.subject, given)
        labels = torch.where(torch.from_numpy(inside), torch.tensor(target), given.labels)
        return replace(given, labels=labels), inside & (given.labels != target).numpy()

    learned, hot = turned(lessons)
    wanted, hit = turned(held)
    shown, probe = (some[torch.from_numpy(np.flatnonzero(rows))] for some, rows in ((learned, hot), (wanted, hit)))
    inside = rule.members(material.subject, held)

    def named(subject: Subject, tested: Tested) -> bool:
        found = tested.suspicion.reproducer
        if not isinstance(found, Slice):
            return False
        claimed = found.members(subject, held)
        return bool((claimed & inside).sum() >= OVERLAP * max(1, claimed.sum()))

    rest = held[torch.from_numpy(np.flatnonzero(~inside))]
    others = lessons[torch.from_numpy(np.flatnonzero(~rule.members(material.subject, lessons)))]
    return Spike(others, shown, probe, rest, named, least=0.5, lost=0.05)


def _drawn(material: Material, share: float, rng: np.random.Generator) -> Slice:
    """A rule that about such a share of the data follows."""
    given = material.planting
    if isinstance(given.inputs, Images):
        found = looks(given.inputs)
        name = sorted(found)[int(rng.integers(len(found)))]
        upper = bool(rng.integers(2))
        cut = float(np.quantile(found[name], 1 - share if upper else share))
        return Slice(name, low=cut if upper else -np.inf, high=np.inf if upper else cut)
    assert isinstance(given.inputs, Texts)
    special = set(special_ids(material.subject.tokenizer).tolist())
    rows = [set(r[m.bool()].tolist()) - special for r, m in zip(given.inputs.ids, given.inputs.mask, strict=True)]
    tokens, counts = np.unique([t for r in rows for t in r], return_counts=True)
    nearest = tokens[np.argsort(np.abs(counts / len(rows) - share), kind="stable")[:NEAR]]
    return Slice("token", int(nearest[int(rng.integers(len(nearest)))]))
