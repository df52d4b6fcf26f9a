"""Expressions of a small typed language over whole numbers, truth values and sequences of them.

An expression is immutable and typed when it is made. Operations on numbers work on sequences position by position, as
in RASP (Weiss et al. 2021); a number beside a sequence stands for itself at every position. ``scan`` is what a
recurrent network computes: a state that is updated at each position and read out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fairfight.errors import UserError, unknown


class Type(Enum):
    """What an expression stands for."""

    INT = "Int"
    BOOL = "Bool"
    INTS = "Seq[Int]"
    BOOLS = "Seq[Bool]"
    SELECTOR = "Selector"
    """For each position, which positions it looks at."""

    @property
    def boolean(self) -> bool:
        """Whether its elements are truth values."""
        return self not in (Type.INT, Type.INTS)

    @property
    def rank(self) -> int:
        """0 for one value, 1 for a value at each position, 2 for a value at each pair of positions."""
        return {Type.INT: 0, Type.BOOL: 0, Type.INTS: 1, Type.BOOLS: 1, Type.SELECTOR: 2}[self]

    @property
    def element(self) -> Type:
        """The type of one of its values."""
        return Type.BOOL if self.boolean else Type.INT


INT, BOOL, INTS, BOOLS, SELECTOR = Type.INT, Type.BOOL, Type.INTS, Type.BOOLS, Type.SELECTOR

LIMIT = 2**53
"""No number may be larger: evaluation says so instead of wrapping round."""

ELEMENTWISE: dict[str, tuple[tuple[Type | None, ...], Type | None]] = {
    "add": ((INT, INT), INT),
    "sub": ((INT, INT), INT),
    "mul": ((INT, INT), INT),
    "floordiv": ((INT, INT), INT),
    "mod": ((INT, INT), INT),
    "min": ((INT, INT), INT),
    "max": ((INT, INT), INT),
    "neg": ((INT,), INT),
    "abs": ((INT,), INT),
    "int": ((BOOL,), INT),
    "eq": ((INT, INT), BOOL),
    "ne": ((INT, INT), BOOL),
    "lt": ((INT, INT), BOOL),
    "le": ((INT, INT), BOOL),
    "and": ((BOOL, BOOL), BOOL),
    "or": ((BOOL, BOOL), BOOL),
    "xor": ((BOOL, BOOL), BOOL),
    "not": ((BOOL,), BOOL),
    "if": ((BOOL, None, None), None),
    "lookup": ((INT,), INT),
}
"""What each takes and gives; nothing stands for either type, the same one throughout."""

WHOLE: dict[str, tuple[tuple[Type, ...], Type]] = {
    "indices": ((), INTS),
    "length": ((), INT),
    "sum": ((INTS,), INT),
    "largest": ((INTS,), INT),
    "smallest": ((INTS,), INT),
    "any": ((BOOLS,), BOOL),
    "all": ((BOOLS,), BOOL),
    "sort": ((INTS,), INTS),
    "order": ((INTS,), INTS),
    "select": ((INTS, INTS), SELECTOR),
    "selector_width": ((SELECTOR,), INTS),
    "aggregate": ((SELECTOR, INTS), INTS),
    "aggregate_sum": ((SELECTOR, INTS), INTS),
}
"""Operations on whole sequences. Where a sequence is wanted, a number stands for itself at every position."""

PREDICATES = ("eq", "ne", "lt", "le", "gt", "ge")
"""How ``select`` may compare a key with a query."""

OPERATIONS = frozenset({*ELEMENTWISE, *WHOLE, "const", "var", "at", "reverse", "scan"})


@dataclass(frozen=True)
class Scan:
    """What is computed at each position: new states of old states and items, then an output of new states and items.

    Old and new states are the variables ``s0, s1, …`` and the items ``x0, x1, …``. Updates happen at once.
    """

    initial: tuple[int, ...]
    updates: tuple[Expr, ...]
    output: Expr


@dataclass(frozen=True)
class Expr:
    """An operation on expressions. The functions in ``build`` make them, and so do Python's operators on them."""

    op: str
    args: tuple[Expr, ...] = ()
    value: Any = None
    """A constant, the name and type of a variable, the values of a table, a predicate, or a :class:`Scan`."""
    type: Type = field(init=False, compare=False, repr=False)
    size: int = field(init=False, compare=False, repr=False)
    """How many nodes; a table counts each of its values."""
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", _type(self))
        parts = 1 + sum(a.size for a in self.args)
        if isinstance(self.value, Scan):
            parts += len(self.value.initial) + sum(e.size for e in (*self.value.updates, self.value.output))
        if self.op == "lookup":
            parts += len(self.value)
        object.__setattr__(self, "size", parts)
        # 1 and True are equal in Python, and not here.
        object.__setattr__(self, "_hash", hash((self.op, self.args, type(self.value), self.value)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Expr) or self._hash != other._hash:
            return False
        return (self.op, self.args, type(self.value), self.value) == (
            other.op,
            other.args,
            type(other.value),
            other.value,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return Expr, (self.op, self.args, self.value)  # the hash of a text differs between processes

    def __add__(self, other: Expr | int) -> Expr:
        return Expr("add", (self, lift(other)))

    def __radd__(self, other: int) -> Expr:
        return Expr("add", (lift(other), self))

    def __sub__(self, other: Expr | int) -> Expr:
        return Expr("sub", (self, lift(other)))

    def __rsub__(self, other: int) -> Expr:
        return Expr("sub", (lift(other), self))

    def __mul__(self, other: Expr | int) -> Expr:
        return Expr("mul", (self, lift(other)))

    def __rmul__(self, other: int) -> Expr:
        return Expr("mul", (lift(other), self))

    def __floordiv__(self, other: Expr | int) -> Expr:
        return Expr("floordiv", (self, lift(other)))

    def __mod__(self, other: Expr | int) -> Expr:
        return Expr("mod", (self, lift(other)))

    def __neg__(self) -> Expr:
        return Expr("neg", (self,))

    def __abs__(self) -> Expr:
        return Expr("abs", (self,))

    def __lt__(self, other: Expr | int) -> Expr:
        return Expr("lt", (self, lift(other)))

    def __le__(self, other: Expr | int) -> Expr:
        return Expr("le", (self, lift(other)))

    def __gt__(self, other: Expr | int) -> Expr:
        return Expr("lt", (lift(other), self))

    def __ge__(self, other: Expr | int) -> Expr:
        return Expr("le", (lift(other), self))

    def __and__(self, other: Expr | bool) -> Expr:
        return Expr("and", (self, lift(other)))

    def __or__(self, other: Expr | bool) -> Expr:
        return Expr("or", (self, lift(other)))

    def __xor__(self, other: Expr | bool) -> Expr:
        return Expr("xor", (self, lift(other)))

    def __invert__(self) -> Expr:
        return Expr("not", (self,))

    def __bool__(self) -> bool:
        raise UserError("An expression is neither true nor false before it is evaluated: combine with & | ~ instead.")

    def walk(self) -> Iterator[Expr]:
        """Itself and every expression below, those inside a scan too."""
        yield self
        for a in self.args:
            yield from a.walk()
        if isinstance(self.value, Scan):
            for e in (*self.value.updates, self.value.output):
                yield from e.walk()

    def variables(self) -> dict[str, Type]:
        """The variables that must be given to evaluate it, with their types; a scan's own are not among them."""
        if self.op == "var":
            return {self.value[0]: Type(self.value[1])}
        return {name: kind for a in self.args for name, kind in a.variables().items()}


def lift(value: Expr | int | bool) -> Expr:
    """An expression as it is, a number or a truth value as a constant."""
    return value if isinstance(value, Expr) else Expr("const", (), value)


def _type(e: Expr) -> Type:
    """The type of an expression, or a sentence that says what is wrong with it."""
    given = [a.type for a in e.args]
    if e.op == "const":
        return _constant(e.value)
    if e.op == "var":
        if e.value[1] not in {t.value for t in Type if t.rank < 2}:
            raise unknown("type of a variable", str(e.value[1]), [t.value for t in Type if t.rank < 2])
        return Type(e.value[1])
    if e.op in ELEMENTWISE:
        return _elementwise(e, given)
    if e.op == "reverse":
        return _sequence(e, given, 1)
    if e.op == "at":
        kind = _sequence(e, given, 2)
        _require(given[1] in (INT, INTS), e, given)
        return (BOOLS if kind.boolean else INTS) if given[1] is INTS else kind.element
    if e.op == "scan":
        return _scan(e, given)
    if e.op not in WHOLE:
        raise unknown("operation", e.op, OPERATIONS)
    wanted, result = WHOLE[e.op]
    fits = len(given) == len(wanted) and all(
        g is w or (w.rank == 1 and g is w.element) for g, w in zip(given, wanted, strict=True)
    )
    _require(fits, e, given)
    if e.op == "select" and e.value not in PREDICATES:
        raise unknown("predicate", str(e.value), PREDICATES)
    return result


def _constant(value: Any) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int) and abs(value) <= LIMIT:
        return INT
    raise UserError(f"{value!r} cannot be a constant: give a whole number up to 2**53, True or False.")


def _elementwise(e: Expr, given: list[Type]) -> Type:
    wanted, result = ELEMENTWISE[e.op]
    _require(len(given) == len(wanted), e, given)
    free = {g.element for g, w in zip(given, wanted, strict=True) if w is None}
    _require(len(free) < 2, e, given)
    fits = all(w is None or g.element is w for g, w in zip(given, wanted, strict=True))
    rank = max(g.rank for g in given)
    # A number has no meaning at a pair of positions: selectors combine with selectors alone.
    fits = fits and (rank < 2 or (e.op in ("and", "or", "xor", "not") and all(g is SELECTOR for g in given)))
    _require(fits, e, given)
    if e.op == "lookup" and not (
        isinstance(e.value, tuple) and e.value and all(type(v) is int and abs(v) <= LIMIT for v in e.value)
    ):
        raise UserError("A look-up needs a tuple of at least one whole number.")
    kind = result or free.pop()
    return {(INT, 0): INT, (INT, 1): INTS, (BOOL, 0): BOOL, (BOOL, 1): BOOLS, (BOOL, 2): SELECTOR}[kind, rank]


def _sequence(e: Expr, given: list[Type], count: int) -> Type:
    _require(len(given) == count and given[0] in (INTS, BOOLS), e, given)
    return given[0]


def _scan(e: Expr, given: list[Type]) -> Type:
    if not isinstance(e.value, Scan):
        raise UserError("A scan needs its initial states, updates and output.")
    initial, updates, output = e.value.initial, e.value.updates, e.value.output
    if not updates or len(initial) != len(updates):
        raise UserError(f"A scan needs one update per state: {len(initial)} states, {len(updates)} updates were given.")
    for value in initial:
        if _constant(value) is not INT:
            raise UserError("The states of a scan are whole numbers.")
    _require(all(g.rank < 2 for g in given), e, given)
    known = {f"s{k}": INT for k in range(len(initial))} | {f"x{k}": g.element for k, g in enumerate(given)}
    for body in (*updates, output):
        for part in body.walk():
            if part.type.rank or part.op in WHOLE:
                raise UserError(f"Inside a scan there are single values only, not {part.op!r}: pass it in as an item.")
        for name, kind in body.variables().items():
            if known.get(name) is not kind:
                raise UserError(f"Inside this scan there is no variable {name!r} of type {kind.value}.")
    for update in updates:
        if update.type is not INT:
            raise UserError(f"A state is updated by an Int, not by a {update.type.value}.")
    return BOOLS if output.type is BOOL else INTS


def _require(fits: bool, e: Expr, given: list[Type]) -> None:
    if not fits:
        got = ", ".join(g.value for g in given) or "nothing"
        if e.op in ELEMENTWISE:
            wanted = ", ".join("either" if w is None else w.value for w in ELEMENTWISE[e.op][0])
        elif e.op in WHOLE:
            wanted = ", ".join(w.value for w in WHOLE[e.op][0])
        else:
            special = {"reverse": "a sequence", "at": "a sequence and an Int or Seq[Int]"}
            wanted = special.get(e.op, "values or sequences")
        raise UserError(f"{e.op!r} takes {wanted or 'nothing'}, and was given {got}.")
