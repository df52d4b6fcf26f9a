"""Find the units that make a fault, and change them: one procedure for every basis, score and edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import decide
from fairfight.parts.bases.invertible import fit
from fairfight.parts.densities.activations import at_depth
from fairfight.parts.edits.named import EDITS
from fairfight.parts.edits.selection import Selection, rows_at
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.contrast import Contrast, Score
from fairfight.parts.scores.named import SCORES
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject
from fairfight.tasks.repair.baselines.material import ordinary
from fairfight.tasks.repair.brief import RepairBrief
from fairfight.tasks.repair.evidence import suspects

ROWS = 2048
"""Activations that a basis is fitted to, at most."""
WORTH = 0.05
"""An edit must keep the fault from so many more of the inputs that showed it."""
AT_ONCE = frozenset({"tune"})
"""Edits that learn for themselves how much to change: they get all units that they may have."""


def composed(
    brief: RepairBrief,
    basis: str,
    score: str,
    edit: str,
    *,
    depth: str,
    units: int,
    tolerance: float,
    strength: float = 1.0,
    width: int = 128,
    sparse: int = 4,
    steps: int = 200,
    corpus: bool = False,
) -> Subject:
    """Edit the units of a basis that a score finds guilty.

    Args:
        brief: The brief. Where it shows no fault, the subject is handed in as it is.
        basis: One of :data:`fairfight.parts.bases.invertible.NAMES`, fitted to the corpus.
        score: One of :data:`fairfight.parts.scores.named.SCORES`.
        edit: One of :data:`fairfight.parts.edits.named.EDITS`.
        depth: Where in the trunk.
        units: The most that are edited.
        tolerance: How much accuracy on the clean examples may be lost.
        strength: Of the edit.
        width: Directions or latents of the basis.
        sparse: Latents that fire at once.
        steps: Training steps of a sparse autoencoder.
        corpus: Whether what the subject decides on the corpus is to stay as well.
    """
    shown = evidence(brief)
    if shown is None or shown.healthy(brief.subject) > 1 - WORTH:
        return brief.subject.copy()
    (site,) = at_depth(brief.subject.trunk, depth)
    x = some(rows_at(brief.subject, brief.corpus, site).x, ROWS, brief.seed)
    fitted = fit(basis, x, k=width, seed=brief.seed, sparse=sparse, steps=steps)
    guilt = shown.guilt(brief, site, fitted, SCORES[score])
    selection = Selection(
        subject=brief.subject,
        site=site,
        basis=fitted,
        units=tuple(guilt.argsort(descending=True, stable=True)[:units].tolist()),
        faulty=shown.examples,
        clean=ordinary(brief, corpus=corpus),
        usual=some(rows_at(brief.subject, brief.clean.inputs, site).x, ROWS, brief.seed),
        seed=brief.seed,
        strength=strength,
        cues=shown.cues,
    )
    return grown(selection, EDITS[edit], shown.healthy, tolerance, at_once=edit in AT_ONCE)


def some(x: Float[Tensor, "n d"], most: int, seed: int) -> Float[Tensor, "m d"]:
    """A random sample of rows, all of them where there are few."""
    return x if len(x) <= most else x[torch.randperm(len(x), generator=torch_rng(seed, "sample"))[:most]]


@dataclass(frozen=True)
class Evidence:
    """What shows a fault, and by what one can tell that it is gone."""

    examples: Labelled
    """With what should be decided; cues with which cue they show."""
    cues: bool
    classes: Int[Tensor, " cues"]
    """Of each cue, the class that it speaks for."""

    def guilt(self, brief: RepairBrief, site: str, basis: Basis, score: Score) -> Float[Tensor, " k"]:
        """How much each unit does for the fault."""
        first = Contrast(brief.subject, site, basis, self.examples, brief.clean, brief.seed)
        if not self.cues:
            return score(first)
        return torch.stack([score(self._one_cue(first, cue)) for cue in range(len(self.classes))]).amax(dim=0)

    def _one_cue(self, contrast: Contrast, cue: int) -> Contrast:
        """What a cue does that the others do not: how much more its class is favoured than theirs."""
        own = self.examples.labels == cue
        mine, others = self.classes[cue], torch.cat([self.classes[:cue], self.classes[cue + 1 :]])

        def fault(logits: Tensor, _labels: Tensor) -> Tensor:
            return logits[:, mine] - logits[:, others].mean(dim=1)

        faulty, clean = self.examples[own], self.examples[~own]
        labelled = Labelled(faulty.inputs, self.classes[faulty.labels])
        return replace(contrast, faulty=labelled, clean=Labelled(clean.inputs, self.classes[clean.labels]), fault=fault)

    @torch.no_grad()
    def healthy(self, subject: Subject) -> float:
        """Share of the examples on which the fault does not show; of cues, how little they are told apart."""
        if not self.cues:
            return right(subject, self.examples)
        said = subject(self.examples.inputs).softmax(dim=1)[:, self.classes]
        means = torch.stack([said[self.examples.labels == cue].mean(dim=0) for cue in range(len(self.classes))])
        return 1 - float((means.amax(dim=0) - means.amin(dim=0)).max())


def evidence(brief: RepairBrief) -> Evidence | None:
    """What the brief has to show of a fault; None where that is nothing."""
    if len(brief.cues):
        return Evidence(brief.cues, True, favoured(brief.subject, brief.cues))
    shown = suspects(brief)
    return Evidence(shown, False, shown.labels[:0]) if len(shown) else None


@torch.no_grad()
def favoured(subject: Subject, cues: Labelled) -> Int[Tensor, " cues"]:
    """The class that each cue speaks for: the one it raises most over what the cues do together."""
    logits = subject(cues.inputs)
    kinds = int(cues.labels.max()) + 1
    means = torch.stack([logits[cues.labels == cue].mean(dim=0) for cue in range(kinds)])
    return (means - means.mean(dim=0)).argmax(dim=1)


def grown(
    selection: Selection,
    edit: Callable[[Selection], Subject],
    healthy: Callable[[Subject], float],
    tolerance: float,
    *,
    at_once: bool = False,
) -> Subject:
    """The subject with as many of the selected units edited as serve best.

    Units are added, about half as many again each time, until the accuracy on clean examples has fallen by more than
    ``tolerance`` or there are no more. Best is what leaves most of health times accuracy, and of equals the larger
    edit, which is harder to undo. Where no edit helps, the subject is handed in as it is.
    """
    best = selection.subject.copy()
    able = right(best, selection.clean)
    most = (healthy(best) + WORTH) * able
    for count in (len(selection.units),) if at_once else _counts(len(selection.units)):
        edited = edit(replace(selection, units=selection.units[:count]))
        kept = right(edited, selection.clean)
        if kept < able - tolerance:
            break
        if (worth := healthy(edited) * kept) >= most:
            best, most = edited, worth
    return best


def _counts(most: int) -> Iterator[int]:
    count = 1
    while count < most:
        yield count
        count += max(1, count // 2)
    yield most


def right(subject: Subject, examples: Labelled) -> float:
    """Share of examples that are decided as they should be."""
    return float((decide(subject, examples.inputs) == examples.labels).float().mean())
