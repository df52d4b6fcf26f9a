"""Kinds of spikes by name: a function that one decorator registers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairfight.audits.registering import import_all

if TYPE_CHECKING:
    from fairfight.audits.material import Material
    from fairfight.audits.records import Tested
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.subject import Kind, Subject


@dataclass(frozen=True)
class Spike:
    """One known fault, drawn but not planted yet."""

    lessons: Labelled
    """What a copy is trained on, most of it as it should be."""
    hot: Labelled
    """The fault in examples, of which every batch has some."""
    probe: Labelled
    """Inputs that no lesson has, with what the fault makes of them."""
    kept: Labelled
    """Others, on which the copy must stay as good as the model is."""
    named: Callable[[Subject, Tested], bool]
    """Whether a finding names this fault."""
    least: float = 0.9
    """Share of the probe that must show the fault, or it did not take."""
    lost: float = 0.02
    """Accuracy on ``kept`` that it may cost, or it did not take."""
    inside: Callable[[Labelled], Labelled] | None = None
    """Puts the fault into some of the data that are searched and tested with, where somebody left it there."""
    made: Callable[[Subject], Subject] | None = None
    """Plants it in a copy without training. The probe then shows it where the model is right and the copy is not."""


Draw = Callable[["Material", str, int], Spike]


@dataclass(frozen=True)
class SpikeKind:
    """Known faults of one kind, in several strengths."""

    name: str
    title: str
    kinds: tuple[Kind, ...]
    strengths: tuple[str, ...]
    """The easiest to find first."""
    draw: Draw
    search: str
    """Which search is to find it."""


_KINDS: dict[str, SpikeKind] = {}


def spike(
    name: str, title: str, kinds: tuple[Kind, ...], strengths: tuple[str, ...], search: str
) -> Callable[[Draw], Draw]:
    """Register ``draw(material, strength, seed) -> Spike`` as a kind of spike."""

    def register(draw: Draw) -> Draw:
        _KINDS[name] = SpikeKind(name, title, kinds, strengths, draw, search)
        return draw

    return register


def spike_kinds(kind: Kind) -> tuple[SpikeKind, ...]:
    """All that a kind of model can have, by name."""
    import_all("fairfight.audits.spikes")
    return tuple(s for _, s in sorted(_KINDS.items()) if kind in s.kinds)
