"""Subjects that turn a sequence of whole numbers into another: called in one way, with named sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError, unknown


@dataclass(frozen=True)
class Space:
    """What the inputs of a subject are: whole numbers between two bounds, in one or several channels."""

    low: int
    high: int
    channels: int
    length: int
    """Of the sequences it was trained on."""
    longest: int | None = None
    """Of those it can take at all, if there is a limit."""

    def check(self, values: Tensor) -> None:
        """Make sure that these are inputs.

        Raises:
            UserError: Says what is wrong with them.
        """
        if values.is_floating_point() or values.ndim != 3 or values.shape[2] != self.channels:
            raise UserError(f"Inputs must be whole numbers of shape [n, length, {self.channels}].")
        if values.numel() and (int(values.min()) < self.low or int(values.max()) > self.high):
            raise UserError(f"Inputs must lie between {self.low} and {self.high}.")
        if self.longest is not None and values.shape[1] > self.longest:
            raise UserError(f"This subject takes sequences of at most {self.longest}: give shorter ones.")


@dataclass(eq=False)
class SequenceSubject:
    """A module from [n, length, channels] whole numbers to outputs at every position, from which answers are read."""

    module: nn.Module
    name: str
    space: Space
    answers: tuple[int, int] | None
    """Lowest and highest answer where the outputs are logits of each; None where they are rounded to the answer."""
    sites: Mapping[str, str]
    """Paths of submodules by the names of their sites, shallow to deep; each gives [n, length, …]."""
    notes: dict[str, Any] = field(default_factory=dict)

    def __call__(self, values: Int[Tensor, "n length channels"]) -> Float[Tensor, "n places outputs"]:
        """Logits of the answers, or numbers near them, at every position; or in one place where there is one answer.

        Raises:
            UserError: These are no inputs of the subject.
        """
        self.space.check(values)
        out: Tensor = self.module(values)
        return out

    @torch.no_grad()
    def decide(self, values: Int[Tensor, "n length channels"]) -> Int[Tensor, "n places"]:
        """The answers, whole numbers."""
        return self.read_answers(self(values))

    def read_answers(self, outputs: Float[Tensor, "*batch outputs"]) -> Int[Tensor, "*batch"]:
        """The answers that outputs mean."""
        if self.answers is None:
            return outputs[..., 0].round().long()
        return outputs.argmax(-1) + self.answers[0]

    @torch.no_grad()
    def read(self, values: Int[Tensor, "n length channels"], sites: Iterable[str]) -> dict[str, Tensor]:
        """The activations at some sites.

        Raises:
            UserError: No such site, or no inputs of the subject.
        """
        tape: dict[str, Tensor] = {}
        handles = []
        try:
            for name in sites:
                if name not in self.sites:
                    raise unknown(f"site of {self.name}", name, self.sites)

                def hook(_module: nn.Module, _args: Any, output: Tensor, name: str = name) -> None:
                    tape[name] = output

                handles.append(self.module.get_submodule(self.sites[name]).register_forward_hook(hook))
            self(values)
        finally:
            for handle in handles:
                handle.remove()
        return tape
