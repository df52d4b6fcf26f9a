"""From a transformer, which sees a whole sequence at once, to what is put on the table."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fairfight.faults.compiled.library import CompiledOrganism
from fairfight.faults.program.published import PublishedProgram
from fairfight.faults.training import one_thread
from fairfight.parts.heads import written
from fairfight.parts.programs import Batch, Program, Space
from fairfight.parts.states.spelling import space_of
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.tasks.decompile._draw import EVERY, TRIED, Sitting, anonymous
from fairfight.tasks.decompile.brief import DecompileAnswer, DecompileBrief, DecompileExam, by_length, decided
from fairfight.tasks.decompile.suites.row import Sizes

UNSEEN = 2
"""How many of the lengths that a network takes no known input has: the longest ones."""

Drawn = tuple[np.ndarray, np.ndarray | None]
"""Inputs [n, length, channels], and how long each is where they differ."""


def compiled_sitting(organism: CompiledOrganism, sizes: Sizes, seed: int) -> Sitting:
    """Known inputs of all lengths but the longest, which are asked about later; and every sequence that there is."""
    recipe = organism.recipe
    program = written.compiled(recipe.program, recipe.tokens, recipe.longest)
    space, longest = program.space, recipe.longest
    seen, unseen = (1, longest - UNSEEN), (longest - UNSEEN + 1, longest)

    def drawn(n: int, lengths: tuple[int, int], what: str) -> Drawn:
        return _unpacked(space.sample(n, numpy_rng(seed, "compiled", what), lengths))

    every = space.everything(EVERY) if space.size <= EVERY else space.sample(TRIED, numpy_rng(seed, "every"))
    parts = {
        "held": drawn(sizes.held, seen, "held"),
        "longer": drawn(sizes.held, unseen, "longer"),
        "every": _unpacked(every),
    }
    known = drawn(sizes.known, seen, "known")
    wider = "longer inputs than any known one"
    return _sitting(organism.subject, program, organism.rule, known, parts, space.size <= EVERY, wider, seed)


def published_sitting(found: PublishedProgram, sizes: Sizes, seed: int) -> Sitting:
    """Inputs as hard as those that it was trained on; others near the border of its rule; and all, or more of both."""
    length = found.subject.space.length
    space = Space(space_of(found.subject).inputs, (length, length))
    program = written.published(found.name, space)
    if space.size <= EVERY:
        every = _unpacked(space.everything(EVERY))[0]
    else:
        every = np.concatenate([found.sample(TRIED // 2, seed, "every"), found.near(TRIED // 2, seed, "every near")])
    parts: dict[str, Drawn] = {
        "held": (found.sample(sizes.held, seed, "held"), None),
        "longer": (found.near(sizes.held, seed, "near"), None),
        "every": (every, None),
    }
    known: Drawn = (found.sample(sizes.known, seed, "known"), None)
    return _sitting(
        found.subject, program, found.rule, known, parts, space.size <= EVERY, "inputs near the rule's border", seed
    )


def _sitting(
    subject: SequenceSubject,
    program: Program,
    rule: Callable[[np.ndarray], np.ndarray],
    known: Drawn,
    parts: dict[str, Drawn],
    exhaustive: bool,
    longer: str,
    seed: int,
) -> Sitting:
    lengths = {part: own for part, (_, own) in parts.items() if own is not None}
    with one_thread():
        answers = {part: decided(subject, *drawn) for part, drawn in parts.items()}
        given = decided(subject, *known)
    right = {part: by_length(rule, *drawn) for part, drawn in parts.items()}
    single = given.shape[1] == 1 < known[0].shape[1]
    brief = DecompileBrief(anonymous(subject), program.space, known[0], given, derive(seed, "contender"), known[1])
    exam = DecompileExam(program.space, {part: values for part, (values, _) in parts.items()}, lengths, single)
    return brief, exam, DecompileAnswer(program, answers, right, lengths, exhaustive, longer, parts["longer"][0])


def _unpacked(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """The inputs of a batch as one array; all are sequences."""
    assert batch.lengths is not None
    return np.stack(list(batch.columns.values()), axis=2), batch.lengths
