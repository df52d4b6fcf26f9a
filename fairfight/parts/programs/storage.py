"""Programs as JSON: nested lists, the operation first."""

from __future__ import annotations

import json
from typing import Any

from fairfight.errors import UserError, unknown
from fairfight.parts.programs.expressions import OPERATIONS, Expr, Scan, Type
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Input, Space


def to_json(program: Program) -> str:
    """A program on one line; equal programs have equal text."""
    inputs = [[i.name, i.type.value, i.low, i.high] for i in program.space.inputs]
    plain = {"inputs": inputs, "lengths": list(program.space.lengths), "body": to_lists(program.body)}
    return json.dumps(plain, separators=(",", ":"))


def from_json(text: str) -> Program:
    """The program that a text from :func:`to_json` describes.

    Raises:
        UserError: It is no such text, or the program is ill-typed.
    """
    try:
        plain = json.loads(text)
        inputs = tuple(Input(str(n), _kind(t), int(low), int(high)) for n, t, low, high in plain["inputs"])
        low, high = plain["lengths"]
        return Program(Space(inputs, (int(low), int(high))), from_lists(plain["body"]))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise UserError(f"This is not the text of a stored program: {type(error).__name__}: {error}") from error


def to_lists(e: Expr) -> Any:
    """An expression as nested lists; constants stand for themselves."""
    if e.op == "const":
        return e.value
    if e.op == "var":
        return ["var", *e.value]
    args = [to_lists(a) for a in e.args]
    if isinstance(e.value, Scan):
        rule = e.value
        return ["scan", args, list(rule.initial), [to_lists(u) for u in rule.updates], to_lists(rule.output)]
    if e.op == "lookup":
        return ["lookup", list(e.value), *args]
    if e.op == "select":
        return ["select", e.value, *args]
    return [e.op, *args]


def from_lists(plain: Any) -> Expr:
    """The expression that nested lists describe; it is typed anew.

    Raises:
        UserError: It is ill-typed or names an unknown operation.
    """
    if isinstance(plain, (bool, int)):
        return Expr("const", (), plain)
    op = plain[0]
    if op not in OPERATIONS or op == "const":
        raise unknown("operation", str(op), OPERATIONS)
    if op == "var":
        return Expr("var", (), (str(plain[1]), str(plain[2])))
    if op == "scan":
        _, args, initial, updates, output = plain
        rule = Scan(tuple(initial), tuple(from_lists(u) for u in updates), from_lists(output))
        return Expr("scan", tuple(from_lists(a) for a in args), rule)
    if op == "lookup":
        return Expr("lookup", tuple(from_lists(a) for a in plain[2:]), tuple(plain[1]))
    if op == "select":
        return Expr("select", tuple(from_lists(a) for a in plain[2:]), str(plain[1]))
    return Expr(op, tuple(from_lists(a) for a in plain[1:]))


def _kind(name: str) -> Type:
    known = {t.value: t for t in Type}
    if name not in known:
        raise unknown("type", name, known)
    return known[name]
