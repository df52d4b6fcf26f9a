"""Programs that are read out of a network, and what is handed in where none can be."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from fairfight.parts.periodic import read_sum
from fairfight.parts.programs import Program, const
from fairfight.parts.states.reading import read
from fairfight.seeds import derive
from fairfight.subject.sequences import SequenceSubject
from fairfight.tasks.decompile.brief import DecompileBrief


def read_program(brief: DecompileBrief, subject: SequenceSubject) -> Program:
    """The program that a subject's states tell, or the most usual answer where they tell none."""
    return read(subject, brief.seed).program or usual(brief)


def periodic_program(brief: DecompileBrief, frequencies: tuple[int, ...] | None = None) -> Program:
    """The sum that a transformer computes on circles, those of its tokens or others; else the most usual answer."""
    found = read_sum(brief.subject, brief.seed, frequencies) if brief.single else None
    return usual(brief) if found is None else found.program(brief.space)


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
