"""What a search may build expressions of, and what each piece costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from fairfight.errors import UserError, unknown
from fairfight.parts.programs.expressions import BOOL, BOOLS, ELEMENTWISE, INT, INTS, SELECTOR, WHOLE, Expr, Type
from fairfight.parts.programs.spaces import Space

GRAIN = 0.25
"""Costs are rounded to multiples of this, so that programs of equal cost come together."""

NUMBERS = (
    "add",
    "sub",
    "mul",
    "floordiv",
    "mod",
    "min",
    "max",
    "abs",
    "int",
    "eq",
    "lt",
    "le",
    "and",
    "or",
    "xor",
    "not",
    "if",
)
"""Operations on single values that a search uses where none are named."""
SEQUENCES = (
    "indices",
    "length",
    "sum",
    "largest",
    "smallest",
    "any",
    "all",
    "sort",
    "order",
    "reverse",
    "at",
    "select:eq",
    "select:lt",
    "select:le",
    "selector_width",
    "aggregate",
    "aggregate_sum",
)
"""What it uses beside them where an input is a sequence."""

_COMMUTATIVE = {"add", "mul", "min", "max", "eq", "ne", "and", "or", "xor"}


@dataclass(frozen=True)
class Production:
    """A way to build an expression from others of given types."""

    key: str
    """What guidance calls it: an operation, ``select:eq``, ``const:2``, ``var:x``, or ``given:0`` for a known part."""
    op: str
    value: Any
    kinds: tuple[Type, ...]
    result: Type
    level: int
    """Its cost in grains."""
    leaf: Expr | None = None

    @property
    def commutative(self) -> bool:
        """Whether the order of its two arguments does not matter."""
        return self.op in _COMMUTATIVE and self.kinds[0] is self.kinds[1]


def grammar(
    space: Space,
    *,
    operations: Sequence[str] | None = None,
    constants: Sequence[int] = (0, 1, 2, 3),
    given: Sequence[Expr] = (),
    guidance: Mapping[str, float] | None = None,
) -> tuple[Production, ...]:
    """The productions of a search.

    Args:
        space: Its inputs.
        operations: Which operations to use; all of ``NUMBERS``, with ``SEQUENCES`` where an input is one, if not said.
        constants: Numbers to begin from.
        given: Expressions to begin from, such as variables that a reader of the network has found.
        guidance: What productions cost by key; 1 where not said.

    Raises:
        UserError: An operation, or a production that the guidance names, is not known; or a cost is not positive.
    """
    names = tuple(operations) if operations is not None else NUMBERS + (SEQUENCES if space.sequential else ())
    costs = dict(guidance or {})
    plain: list[tuple[str, str, Any, tuple[Type, ...], Type, Expr | None]] = []
    for i in space.inputs:
        plain.append((f"var:{i.name}", "var", None, (), i.type, space[i.name]))
    for c in constants:
        plain.append((f"const:{c}", "const", None, (), INT, Expr("const", (), c)))
    for k, e in enumerate(given):
        plain.append((f"given:{k}", "given", None, (), e.type, e))
    for name in names:
        plain += _operation(name, space.sequential)
    keys = {p[0] for p in plain}
    for key, cost in costs.items():
        if key not in keys:
            raise unknown("production", key, keys)
        if not cost > 0:
            raise UserError(f"The cost of {key!r} must be positive, not {cost}.")
    return tuple(
        Production(key, op, value, kinds, result, max(1, round(costs.get(key, 1.0) / GRAIN)), leaf)
        for key, op, value, kinds, result, leaf in plain
    )


def _operation(name: str, sequential: bool) -> Iterator[tuple[str, str, Any, tuple[Type, ...], Type, Expr | None]]:
    op, _, predicate = name.partition(":")
    if op in ELEMENTWISE and op != "lookup":
        for kinds, result in _lifted(op, sequential):
            yield name, op, None, kinds, result, None
        return
    if op == "select" and predicate:
        yield name, op, predicate, (INTS, INTS), SELECTOR, None
        yield name, op, predicate, (INTS, INT), SELECTOR, None
    elif op == "at":
        for kind, index in product((INTS, BOOLS), (INT, INTS)):
            yield name, op, None, (kind, index), kind if index is INTS else kind.element, None
    elif op == "reverse":
        for kind in (INTS, BOOLS):
            yield name, op, None, (kind,), kind, None
    elif op in WHOLE and op != "select":
        kinds, result = WHOLE[op]
        yield name, op, None, kinds, result, (None if kinds else Expr(op))
    else:
        raise unknown("operation", name, [*NUMBERS, *SEQUENCES, *WHOLE])


def _lifted(op: str, sequential: bool) -> Iterator[tuple[tuple[Type, ...], Type]]:
    """The types at which an operation on single values is used: single, and wide in at least one argument."""
    wanted, result = ELEMENTWISE[op]
    for free in (INT, BOOL) if None in wanted else (INT,):
        single = tuple(w or free for w in wanted)
        gives = result or free
        yield single, gives
        if not sequential:
            continue
        for wide in product((False, True), repeat=len(single)):
            if any(wide):
                kinds = tuple(_wide(k) if w else k for k, w in zip(single, wide, strict=True))
                yield kinds, _wide(gives)
        if op in ("and", "not"):
            yield (SELECTOR,) * len(single), SELECTOR


def _wide(kind: Type) -> Type:
    return BOOLS if kind.boolean else INTS
