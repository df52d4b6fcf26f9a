"""From a network with a secret rule to what is put on the table, and the rule as a program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairfight.faults.program.secret import SecretOrganism, SecretRecipe
from fairfight.faults.program.secret_rules import FACTORS, limits, template
from fairfight.faults.training import one_thread
from fairfight.parts.programs import (
    INT,
    Expr,
    Input,
    Program,
    Space,
    as_int,
    at,
    const,
    indices,
    lookup,
    total,
)
from fairfight.parts.states.spelling import space_of
from fairfight.seeds import derive
from fairfight.tasks.decompile._draw import Sitting, anonymous
from fairfight.tasks.decompile.brief import DecompileAnswer, DecompileBrief, DecompileExam, decided
from fairfight.tasks.decompile.suites.row import Sizes


def secret_sitting(organism: SecretOrganism, sizes: Sizes, seed: int) -> Sitting:
    """Known inputs, others like them, others near where the answer turns; and all that there are."""
    rule, subject = organism.recipe.rule, organism.subject
    program = written(organism.recipe, space(organism))
    every = rule.drawn(derive(seed, "secret sitting"))
    # Where all inputs are few, a third of them is known at most.
    known = min(sizes.known, len(every) // 3)
    fresh = every[known:]
    parts = {"held": fresh[: sizes.held], "longer": rule.near(fresh)[: sizes.held], "every": every}
    with one_thread():
        answers = {part: decided(subject, values) for part, values in parts.items()}
        given = decided(subject, every[:known])
    right = {part: rule(values) for part, values in parts.items()}
    brief = DecompileBrief(anonymous(subject), program.space, every[:known], given, derive(seed, "contender"))
    exam = DecompileExam(program.space, parts, {}, single=True)
    hard = "inputs near where the answer turns"
    exhaustive = organism.recipe.world != "digits"
    return brief, exam, DecompileAnswer(program, answers, right, {}, exhaustive, hard, parts["longer"])


def space(organism: SecretOrganism) -> Space:
    """Factors by name, pixels, or a pair."""
    if organism.recipe.world == "scenes":
        high = organism.subject.space.high
        return Space(tuple(Input(name, INT, 0, high) for name in FACTORS))
    length = organism.subject.space.length
    return replace(space_of(organism.subject), lengths=(length, length))


def written(recipe: SecretRecipe, given: Space) -> Program:
    """The rule as a program."""
    options = {name: int(value) for name, value in recipe.options.items()}
    make = {"scenes": _scenes, "digits": _digits, "pairs": _pairs}[recipe.world]
    return Program(given, as_int(make(recipe.family, options, given)))


def _scenes(family: str, o: dict[str, int], given: Space) -> Expr:
    f = [given[name] for name in FACTORS]
    if family == "most":
        yes = [as_int(f[o[k]] >= 2) for k in "abc"]
        return yes[0] + yes[1] + yes[2] >= 2
    if family == "sum":
        return f[o["a"]] + f[o["b"]] >= o["t"]
    one, other = f[o["a"]] >= o["v"], f[o["b"]] >= o["w"]
    return {"and": one & other, "or": one | other, "xor": one ^ other}[family]


def _digits(family: str, o: dict[str, int], given: Space) -> Expr:
    low, high = limits(o["kind"], o["band"])
    found = weighed(given, template(o["kind"]))
    return found >= low if high is None else (found >= low) & (found <= high)


def weighed(given: Space, weights: tuple[int, ...] | np.ndarray) -> Expr:
    """A sum over the places of one sequence, each with its weight."""
    x = given[given.inputs[0].name]
    table = tuple(int(w) for w in weights)
    return total(x) if set(table) == {1} else total(lookup(table, indices()) * x)


def _pairs(family: str, o: dict[str, int], given: Space) -> Expr:
    both = given[given.inputs[0].name]
    x, y = at(both, 0), at(both, 1)
    if family == "line":
        return x * o["a"] + y * o["b"] >= o["c"]
    if family == "product":
        return x * y >= o["c"]
    if family == "apart":
        return abs(x - y) >= o["c"]
    across, up = x - o["x"], y - o["y"]
    return across * across + up * up <= const(o["r"] ** 2)
