"""Triggers by chance."""

from __future__ import annotations

import torch

from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.outliers.texts import words
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject
from fairfight.tasks.discover.brief import Candidate, DiscoverBrief

SIDE = 6
"""Pixels a side of a random patch in pictures 32 pixels high."""


def random_changes(brief: DiscoverBrief, count: int) -> list[Candidate]:
    """Patches of noise somewhere, or a token of the inputs somewhere; targets and confidences by chance."""
    rng = torch_rng(brief.seed, "chance")
    classes = brief.clean.labels.unique()
    found = []
    for _ in range(count):
        target = int(classes[torch.randint(len(classes), (), generator=rng)])
        sure = float(torch.rand((), generator=rng))
        inputs = brief.clean.inputs
        if isinstance(inputs, Images):
            _, channels, height, width = inputs.pixels.shape
            side = max(2, SIDE * height // 32)
            top = int(torch.randint(height - side + 1, (), generator=rng))
            left = int(torch.randint(width - side + 1, (), generator=rng))
            patch = torch.rand(channels, side, side, generator=rng)
            found.append(Candidate(target, sure, change=Patch(patch, top, left)))
        else:
            known = inputs.ids[words(inputs, special_ids(brief.subject.tokenizer))].unique()
            token = int(known[torch.randint(len(known), (), generator=rng)])
            found.append(Candidate(target, sure, change=Put((token,), place(brief.subject, "somewhere"))))
    return found


@torch.no_grad()
def scrambled(subject: Subject, seed: int) -> Subject:
    """A copy in which the entries of every matrix have changed places: as large as they were, and knowing nothing."""
    copy = subject.copy()
    rng = torch_rng(seed, "scrambled")
    for parameter in copy.module.parameters():
        if parameter.ndim > 1:
            flat = parameter.flatten()
            parameter.copy_(flat[torch.randperm(len(flat), generator=rng)].view_as(parameter))
    return copy
