"""The floor and the ceiling of ``decompile``, and a placebo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairfight.tasks.registry import control

if TYPE_CHECKING:
    from fairfight.parts.programs import Program
    from fairfight.tasks.decompile.brief import DecompileAnswer, DecompileBrief

SEQUENCES, ALL = ("sequences",), ("sequences", "transformers", "vision")


@control("decompile", role="random", modalities=ALL)
def random_program(brief: DecompileBrief) -> Program:
    """A program of a usual size, drawn at random."""
    from fairfight.parts.programs import INT, INTS, random_program
    from fairfight.seeds import numpy_rng

    return random_program(brief.space, INT if brief.single else INTS, 12, numpy_rng(brief.seed, "random program"))


@control("decompile", role="oracle", modalities=ALL)
def true_rule(brief: DecompileBrief, answer: DecompileAnswer) -> Program:
    """Hand in the secret rule, written as a program."""
    return answer.program


@control("decompile", role="placebo", of="mips", modalities=SEQUENCES)
def foreign_states(brief: DecompileBrief) -> Program:
    """Read a program as ``mips`` does, from the states of a network of the same shape that nobody trained."""
    from fairfight.tasks.decompile._reading import foreign, read_program

    return read_program(brief, foreign(brief))


@control("decompile", role="placebo", of="fourier", modalities=("transformers",))
def drawn_frequencies(brief: DecompileBrief) -> Program:
    """Look for a sum as ``fourier`` does, on three circles that are drawn at random."""
    from fairfight.seeds import numpy_rng
    from fairfight.tasks.decompile._reading import by_circles, usual

    half = (brief.subject.space.high - brief.subject.space.low + 1) // 2
    drawn = 1 + numpy_rng(brief.seed, "frequencies").permutation(max(half, 3))[:3]
    return by_circles(brief, tuple(int(k) for k in drawn)) or usual(brief)


@control("decompile", role="placebo", of="heads", modalities=("transformers",))
def shuffled_heads(brief: DecompileBrief) -> Program:
    """Read a program as ``heads`` does, from the same network with each of its weights shuffled."""
    from fairfight.tasks.decompile._reading import by_head, shuffled, usual

    return by_head(brief, shuffled(brief)) or usual(brief)
