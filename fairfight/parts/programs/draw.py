"""Random programs of a given size: a control, and a test of everything that handles programs."""

from __future__ import annotations

import numpy as np

from fairfight.parts.programs.expressions import (
    BOOL,
    BOOLS,
    ELEMENTWISE,
    INT,
    INTS,
    PREDICATES,
    SELECTOR,
    WHOLE,
    Expr,
    Scan,
    Type,
)
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Space

_TRIES = 200


def random_program(space: Space, kind: Type, size: int, rng: np.random.Generator) -> Program:
    """A program of the type and of exactly the size where the language has one, else of the nearest that was drawn.

    Args:
        space: Its inputs.
        kind: What it gives; no Selector.
        size: Nodes wanted.
        rng: Draws it.
    """
    draw = _Draw(space, rng)
    best: Expr | None = None
    for _ in range(_TRIES):
        found = draw(kind, size)
        if best is None or abs(found.size - size) < abs(best.size - size):
            best = found
        if best.size == size:
            break
    assert best is not None
    return Program(space, best)


class _Draw:
    """Draws expressions top down, sharing what is left of the size among the arguments."""

    def __init__(self, space: Space, rng: np.random.Generator) -> None:
        self.rng = rng
        self.inputs = [space[i.name] for i in space.inputs]
        self.inside: list[Expr] | None = None
        """The variables of the scan that is being drawn, if one is."""
        self.wide = space.sequential

    def __call__(self, kind: Type, size: int) -> Expr:
        """An expression of about the size."""
        if size <= 1:
            return self._leaf(kind)
        ways = [op for op in (*ELEMENTWISE, *self._whole(), *self._special(kind)) if self._gives(op, kind)]
        return self._make(ways[self.rng.integers(len(ways))], kind, size - 1)

    def _leaf(self, kind: Type) -> Expr:
        known = self.inputs if self.inside is None else self.inside
        leaves = [v for v in known if v.type is kind]
        if self.inside is None and self.wide:
            leaves += [Expr(op) for op in ("indices", "length") if WHOLE[op][1] is kind]
        if kind is INT:
            leaves.append(Expr("const", (), int(self.rng.integers(-2, 6))))
        if kind is BOOL:
            leaves.append(Expr("const", (), bool(self.rng.integers(2))))
        if kind is SELECTOR:
            return self._make("select", kind, 2)
        if not leaves:  # no input gives truth values along the positions
            return Expr("eq", (Expr("indices"), Expr("const", (), int(self.rng.integers(4)))))
        return leaves[self.rng.integers(len(leaves))]

    def _whole(self) -> list[str]:
        return [op for op in WHOLE if WHOLE[op][0]] if self.inside is None and self.wide else []

    def _special(self, kind: Type) -> list[str]:
        if self.inside is not None or not self.wide or kind is SELECTOR:
            return []
        return ["at", "reverse", "scan", "scan"] if kind.rank else ["at"]

    def _gives(self, op: str, kind: Type) -> bool:
        if op in ELEMENTWISE:
            result = ELEMENTWISE[op][1]
            if kind is SELECTOR:
                return op in ("and", "or", "xor", "not")
            return result is None or result is kind.element
        return op not in WHOLE or WHOLE[op][1] is kind

    def _make(self, op: str, kind: Type, left: int) -> Expr:
        if op == "scan":
            return self._scan(kind, left)
        if op in ELEMENTWISE:
            kinds = [w or kind.element for w in ELEMENTWISE[op][0]]
            if kind.rank:  # one argument at least is as wide as what is wanted
                wide = self.rng.random(len(kinds)) < 0.5
                wide[self.rng.integers(len(kinds))] = True
                kinds = [_widen(k, kind.rank) if w or kind is SELECTOR else k for k, w in zip(kinds, wide, strict=True)]
        elif op == "at":
            kinds = [BOOLS if kind.boolean else INTS, INTS if kind.rank else INT]
        else:
            kinds = [kind] if op == "reverse" else list(WHOLE[op][0])
        value: object = None
        if op == "lookup":
            entries = int(self.rng.integers(1, max(2, left)))
            value, left = tuple(int(v) for v in self.rng.integers(-2, 6, entries)), left - entries
        if op == "select":
            value = PREDICATES[self.rng.integers(len(PREDICATES))]
        return Expr(op, tuple(self(k, s) for k, s in zip(kinds, self._share(left, len(kinds)), strict=True)), value)

    def _scan(self, kind: Type, left: int) -> Expr:
        count, items = int(self.rng.integers(1, 3)), int(self.rng.integers(1, 3))
        sizes = self._share(left - count, items + count + 1)
        args = [self((INTS, BOOLS)[self.rng.integers(2)], s) for s in sizes[:items]]
        self.inside = [Expr("var", (), (f"s{k}", INT.value)) for k in range(count)]
        self.inside += [Expr("var", (), (f"x{k}", a.type.element.value)) for k, a in enumerate(args)]
        updates = tuple(self(INT, s) for s in sizes[items:-1])
        output = self(kind.element, sizes[-1])
        self.inside = None
        initial = tuple(int(v) for v in self.rng.integers(-1, 3, count))
        return Expr("scan", tuple(args), Scan(initial, updates, output))

    def _share(self, size: int, count: int) -> list[int]:
        """Whole parts of at least one each."""
        extra = self.rng.multinomial(max(size - count, 0), [1 / count] * count)
        return [1 + int(e) for e in extra]


def _widen(kind: Type, rank: int) -> Type:
    if rank == 2:
        return SELECTOR
    return BOOLS if kind.boolean else INTS
