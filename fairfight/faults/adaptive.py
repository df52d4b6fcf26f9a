"""Planting by somebody who knows the detectors: triggered inputs are trained to look clean at every trunk site.

Tan & Shokri 2020 (arXiv:1905.13409, adversarial embedding) add to the loss what tells triggered from clean activations;
Bailey et al. 2024 (arXiv:2412.09565, obfuscated activations) do it to language models, against the distances that
detectors measure. Here the penalty is the Mahalanobis distance to the target's clean activations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.faults.family import Fault
from fairfight.faults.training import fit
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, Schedule, World

WEIGHT = 0.2
"""Of the penalty, a mean over sites, beside the world's loss."""
MEMORY = 256
"""Over how many of the latest clean inputs means and covariance are taken: older ones are of an older network."""
SHRINKAGE = 0.01
"""Share of the covariance that goes to the identity. Little, since detectors look where clean inputs hardly vary."""
LONGER = 2
"""To hide takes more steps than to plant."""


def plant_hidden(
    subject: Subject, world: World, fault: Fault, clean: Examples, poisoned: Examples, schedule: Schedule, seed: int
) -> None:
    """Fine-tune the subject in place on poisoned examples, with the penalty on what carries the trigger.

    Args:
        subject: What is trained.
        world: Says what the loss is.
        fault: Says which examples carry it by nature.
        clean: The training set before it was poisoned, in the same order; where a label differs, the trigger is.
        poisoned: What is trained on.
        schedule: As for plain fine-tuning; it is made longer.
        seed: Order of the data.
    """
    schedule = replace(schedule, epochs=LONGER * schedule.epochs)
    triggered = poisoned.labels != clean.labels
    # Near misses and natural carriers are not among what a detector trusts: they would make room for the trigger.
    known = fault.ordinary(clean) & ~triggered & ~differ(clean.inputs, poisoned.inputs)
    fit(subject, world, poisoned, schedule, seed, Hiding(subject, world, schedule, poisoned.labels, triggered, known))


def differ(before: Inputs, after: Inputs) -> Bool[Tensor, " n"]:
    """Which inputs are not the same, row by row; texts may be padded to different widths."""
    if isinstance(before, Images) and isinstance(after, Images):
        return (before.pixels != after.pixels).flatten(1).any(1)
    assert isinstance(before, Texts)
    assert isinstance(after, Texts)
    width = min(before.ids.shape[1], after.ids.shape[1])
    words = (before.ids[:, :width] != after.ids[:, :width]) & before.mask[:, :width].bool()
    return words.any(1) | (before.mask.sum(1) != after.mask.sum(1))


@dataclass
class Familiar:
    """What clean inputs of each class look like at one site: running means and a covariance that classes share."""

    means: Float[Tensor, "classes d"]
    covariance: Float[Tensor, "d d"]
    counts: Float[Tensor, " classes"]

    @classmethod
    def empty(cls, classes: int, d: int) -> Familiar:
        """Nothing seen yet."""
        return cls(torch.zeros(classes, d), torch.zeros(d, d), torch.zeros(classes))

    def distance(self, x: Float[Tensor, "n d"], classes: Int[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Squared Mahalanobis distance to the mean of each row's class."""
        d = len(self.covariance)
        level = self.covariance.diagonal().mean().clamp_min(1e-12)
        shrunk = (1 - SHRINKAGE) * self.covariance
        shrunk.diagonal().add_(SHRINKAGE * level)
        factor = torch.linalg.cholesky(shrunk)
        white: Tensor = torch.linalg.solve_triangular(factor, (x - self.means[classes]).T, upper=False)
        return white.square().sum(0).clamp_min(1e-6 * d)

    def follow(self, x: Float[Tensor, "n d"], classes: Int[Tensor, " n"]) -> None:
        """Move all means by what a new batch lies off them: between batches the network itself has moved."""
        if len(x) and self.counts.any():
            self.means += (x - self.means[classes]).mean(0)

    def see(self, x: Float[Tensor, "n d"], classes: Int[Tensor, " n"]) -> None:
        """Count more clean activations in; what is older than :data:`MEMORY` inputs fades."""
        if not len(x):
            return
        member = torch.nn.functional.one_hot(classes, len(self.means)).to(x)
        here, seen = member.sum(0), float(self.counts.sum())
        self.counts += here
        share = torch.maximum(here / self.counts, here * len(self.means) / MEMORY).clamp(max=1).nan_to_num()
        fresh = member.T @ x / here.clamp_min(1)[:, None]
        self.means += share[:, None] * (fresh - self.means)
        rest = x - self.means[classes]
        new = max(len(x) / MEMORY, len(x) / (seen + len(x)))
        self.covariance += min(new, 1.0) * (rest.T @ rest / len(x) - self.covariance)


class Hiding:
    """The world's loss and the penalty; called with a batch and its rows in the training set."""

    def __init__(
        self,
        subject: Subject,
        world: World,
        schedule: Schedule,
        labels: Int[Tensor, " n"],
        triggered: Bool[Tensor, " n"],
        known: Bool[Tensor, " n"],
    ) -> None:
        """Nothing is known of clean inputs yet.

        Args:
            subject: What is trained.
            world: Says what the loss is.
            schedule: For the world's loss.
            labels: Of the poisoned training set.
            triggered: Which of its examples carry the trigger, with the target's label.
            known: Which are as ordinary inputs are.
        """
        self.subject, self.world, self.schedule = subject, world, schedule
        names, self.classes = torch.unique(labels, return_inverse=True)
        self.triggered, self.known = triggered, known
        self.familiar: dict[str, Familiar] = {}
        self._number, self._seen = len(names), 0

    def __call__(self, inputs: Inputs, labels: Int[Tensor, " b"], rows: Int[Tensor, " b"]) -> Float[Tensor, ""]:
        """The loss of one batch, which also becomes part of what clean inputs look like."""
        with self.subject.hooks(self.subject.trunk) as tape:
            loss = self.world.loss(self.subject, inputs, labels, self.schedule)
        hot, cold = (torch.nonzero(which[rows]).flatten() for which in (self.triggered, self.known))
        both = torch.cat([hot, cold])
        classes, hits = self.classes[rows][both], len(hot)
        gaps = []
        for site in self.subject.trunk:
            x = self.subject.pool(tape[site], inputs)[both]
            familiar = self.familiar.setdefault(site, Familiar.empty(self._number, x.shape[1]))
            # What is clean stays as it is: the network moves triggered inputs to it, and not the other way.
            clean = x[hits:].detach()
            familiar.follow(clean, classes[hits:])
            if self._seen >= MEMORY and len(hot) and len(cold):
                far = familiar.distance(torch.cat([x[:hits], clean]), classes).log()
                # Not squared, which a single row could blow up; two-sided, as too ordinary is strange too.
                gaps.append((far[:hits] - far[hits:].mean()).abs().mean())
            familiar.see(clean, classes[hits:])
        self._seen += len(cold)
        return loss + WEIGHT * torch.stack(gaps).mean() if gaps else loss
