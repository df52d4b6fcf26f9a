"""A program as a drawing has it: operations, what flows from one to the next, and which states come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fairfight.parts.programs.expressions import Expr, Scan

SIGNS = {
    "add": "+", "sub": "−", "mul": "×", "floordiv": "//", "mod": "%", "neg": "−", "eq": "=", "ne": "≠", "lt": "<",
    "le": "≤", "minimum": "min", "maximum": "max", "indices": "position", "selector_width": "how many",
    "aggregate": "mean of", "aggregate_sum": "sum of", "at": "at place", "lookup": "table",
}  # fmt: skip
"""How operations are written that are not called what they are named."""
AS_IT_IS = ("int",)
"""What only turns truth values into numbers."""
FLIPPED = {"lt": ">", "le": "≥", "sub": "{} −", "floordiv": "{} //", "mod": "{} %", "add": "+ {}", "mul": "× {}"}
"""How an operation is written whose first argument is a constant."""


@dataclass
class Graph:
    """What is drawn: boxes by number, in an order in which each comes after what it takes in."""

    nodes: list[str] = field(default_factory=list)
    """What stands in each box."""
    edges: list[tuple[int, int]] = field(default_factory=list)
    """From box to box."""
    returns: list[tuple[int, int]] = field(default_factory=list)
    """From the box that says a state anew to the state's own, for the next step."""

    def plain(self) -> dict[str, list[list[int]] | list[str]]:
        """As JSON values."""
        return {
            "nodes": list(self.nodes),
            "edges": [list(e) for e in self.edges],
            "returns": [list(e) for e in self.returns],
        }


def graph(body: Expr) -> Graph:
    """The graph of an expression: what occurs twice is drawn once, constants stand in the boxes that they go into."""
    found = _Drawing()
    last = found.box(body, {})
    found.add("answer", [last])
    return found.graph


def wiring(reads: Mapping[str, Sequence[str]], last: str) -> Graph:
    """The graph of components and from which others each reads.

    Args:
        reads: Sources by reader.
        last: What the whole comes to, which nothing else reads.
    """
    found, number = Graph(), dict[str, int]()

    def visit(name: str) -> int:
        if name not in number:
            sources = [visit(source) for source in reads.get(name, ())]
            found.nodes.append(name)
            number[name] = len(found.nodes) - 1
            found.edges += [(s, number[name]) for s in sources]
        return number[name]

    read = {source for sources in reads.values() for source in sources}
    ends = [visit(name) for name in reads if name not in read and name != last]
    if last in reads:
        visit(last)
    elif ends:
        found.nodes.append(last)
        found.edges += [(end, len(found.nodes) - 1) for end in ends]
    return found


class _Drawing:
    def __init__(self) -> None:
        self.graph = Graph()
        self.known: dict[tuple[Expr, int], int] = {}
        self.scans = 0

    def add(self, label: str, sources: list[int]) -> int:
        self.graph.nodes.append(label)
        number = len(self.graph.nodes) - 1
        self.graph.edges += [(s, number) for s in dict.fromkeys(sources)]
        return number

    def box(self, e: Expr, inside: dict[str, int], scan: int = 0) -> int:
        """The box of an expression.

        Args:
            e: The expression.
            inside: Boxes of a scan's states and items.
            scan: Which scan it is within; 0 for none.
        """
        if e.op == "var" and e.value[0] in inside:
            return inside[e.value[0]]
        key = (e, scan)
        if key not in self.known:
            self.known[key] = self._scan(e, inside, scan) if isinstance(e.value, Scan) else self._plain(e, inside, scan)
        return self.known[key]

    def _plain(self, e: Expr, inside: dict[str, int], scan: int) -> int:
        if e.op == "var":
            return self.add(str(e.value[0]), [])
        if e.op in AS_IT_IS:
            return self.box(e.args[0], inside, scan)
        if e.op == "const":
            return self.add(str(e.value), [])
        sources = [self.box(a, inside, scan) for a in e.args if a.op != "const"]
        return self.add(_label(e), sources)

    def _scan(self, e: Expr, inside: dict[str, int], scan: int) -> int:
        rule = e.value
        assert isinstance(rule, Scan)
        self.scans += 1
        number = self.scans
        items = {f"x{k}": self.box(a, inside, scan) for k, a in enumerate(e.args)}
        name = "state" if len(rule.initial) == 1 else "s{}"
        olds = [self.add(f"{name.format(k)} = {v}", []) for k, v in enumerate(rule.initial)]
        within = items | {f"s{k}": box for k, box in enumerate(olds)}
        news = [self.box(update, within, number) for update in rule.updates]
        self.graph.returns += [(new, old) for new, old in zip(news, olds, strict=True) if new != old]
        # The output is of the new states.
        self.scans += 1
        return self.box(rule.output, items | {f"s{k}": box for k, box in enumerate(news)}, self.scans)


def _label(e: Expr) -> str:
    """What an operation does, with the constants that it takes."""
    sign = SIGNS.get(e.op, e.op)
    if e.op == "select":
        return f"look where key {SIGNS.get(str(e.value), {'gt': '>', 'ge': '≥'}.get(str(e.value), str(e.value)))} query"
    if e.op == "lookup":
        return f"table of {len(e.value)}"
    constants = [str(a.value) for a in e.args if a.op == "const"]
    if not constants:
        return sign
    if len(e.args) == 2 and e.args[0].op == "const" and e.args[1].op != "const":
        shape = FLIPPED.get(e.op, sign + " {}")
        return shape.format(constants[0]) if "{}" in shape else f"{shape} {constants[0]}"
    return f"{sign} {', '.join(constants)}"
