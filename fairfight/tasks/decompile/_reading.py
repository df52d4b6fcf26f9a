"""Programs that are read out of a network, and what is handed in where none can be."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from fairfight.parts.heads.reading import Drawn, drawn
from fairfight.parts.heads.reading import read as by_heads
from fairfight.parts.periodic import read_sum
from fairfight.parts.programs import Program, const
from fairfight.parts.states.reading import read
from fairfight.seeds import derive, torch_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.transformer import PlainTransformer
from fairfight.tasks.decompile._asking import like_known
from fairfight.tasks.decompile.brief import DecompileBrief


def read_program(brief: DecompileBrief, subject: SequenceSubject) -> Program:
    """The program that a subject's states tell, or the most usual answer where they tell none."""
    return read(subject, brief.seed).program or usual(brief)


def inside(brief: DecompileBrief) -> Program | None:
    """What can be read of a network in the way that suits it, if anything."""
    if brief.stepwise:
        return read(brief.subject, brief.seed).program
    return by_head(brief) or by_circles(brief)


def by_circles(brief: DecompileBrief, frequencies: tuple[int, ...] | None = None) -> Program | None:
    """The sum that a transformer computes on circles, those of its tokens or others, if it does."""
    found = read_sum(brief.subject, brief.seed, frequencies) if brief.single else None
    return None if found is None else found.program(brief.space)


def by_head(brief: DecompileBrief, net: PlainTransformer | None = None) -> Program | None:
    """The program that is read from a transformer head by head, if there is one.

    Args:
        brief: The brief.
        net: Read this network in place of the subject's own.
    """
    own = brief.subject.module
    if not isinstance(own, PlainTransformer) or brief.subject.space.channels != 1:
        return None
    return by_heads(net or own, brief.subject, brief.space, _draws(brief)).program


def _draws(brief: DecompileBrief) -> Callable[[int, str], Drawn]:
    """Sequences of any length, or more like the known ones where there is one length only."""
    if brief.lengths is not None:
        return drawn(brief.space, brief.seed)

    def draw(n: int, what: str) -> Drawn:
        values = like_known(brief, n, what)[0][:, :, 0]
        return values, np.full(n, values.shape[1])

    return draw


def shuffled(brief: DecompileBrief) -> PlainTransformer | None:
    """The subject's transformer with the numbers of each of its weights in another order."""
    if not isinstance(brief.subject.module, PlainTransformer):
        return None
    net = copy.deepcopy(brief.subject.module)
    with torch.no_grad():
        for name, p in net.named_parameters():
            rng = torch_rng(brief.seed, "shuffled", name)
            p.copy_(p.flatten()[torch.randperm(p.numel(), generator=rng)].view_as(p))
    return net


def usual(brief: DecompileBrief) -> Program:
    """The program that always gives the most usual answer."""
    values, counts = np.unique(brief.said, return_counts=True)
    return Program(brief.space, const(int(values[counts.argmax()])))


class _Elsewhere(nn.Module):
    """Answers as one network does while its states are another's."""

    def __init__(self, module: nn.Module, other: nn.Module) -> None:
        super().__init__()
        self.module, self.other = module, other

    def forward(self, values: Tensor) -> Tensor:
        self.other(values)
        found: Tensor = self.module(values)
        return found


def foreign(brief: DecompileBrief) -> SequenceSubject:
    """The subject with the states of one of its shape whose weights were drawn anew."""
    subject = brief.subject
    other = copy.deepcopy(subject.module)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(brief.seed, "foreign states"))
        for layer in other.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
    sites = {name: f"other.{path}" for name, path in subject.sites.items()}
    return SequenceSubject(_Elsewhere(subject.module, other), subject.name, subject.space, subject.answers, sites)
