"""Programs as Python that anyone can read, and that runs without any library."""

from __future__ import annotations

from collections.abc import Mapping

from fairfight.parts.programs.expressions import ELEMENTWISE, Expr, Scan

_BINARY = {
    "or": ("or", 1),
    "and": ("and", 2),
    "eq": ("==", 4),
    "ne": ("!=", 4),
    "lt": ("<", 4),
    "le": ("<=", 4),
    "xor": ("!=", 4),
    "add": ("+", 6),
    "sub": ("-", 6),
    "mul": ("*", 7),
    "floordiv": ("//", 7),
    "mod": ("%", 7),
}
_PREDICATES = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ATOM, _IF, _NOT, _NEG = 9, 0, 3, 8

_HELPERS = {
    "pick": "def pick(values, k):\n    return values[k] if 0 <= k < len(values) else 0\n",
    "divide": "def divide(a, b):\n    return a // b if b else 0\n",
    "modulo": "def modulo(a, b):\n    return a % b if b else 0\n",
}

_NAMES = {"sort": "ordered", "order": "places", "selector_width": "counts"}

Text = tuple[str, int]
"""Source and how strongly it binds."""


def source(body: Expr, inputs: tuple[str, ...], name: str = "program") -> str:
    """The text of a Python function that computes an expression of its inputs.

    Args:
        body: What it returns.
        inputs: Names of its arguments.
        name: What the function is called.
    """
    writer = _Writer(inputs)
    result = writer.whole(body)
    lines = writer.lines
    if writer.measured:
        first = next((a for a, kind in sorted(body.variables().items()) if kind.rank), inputs[0])
        lines = [f"{writer.n} = len({first})", *lines]
    helpers = "\n\n".join(_HELPERS[h] for h in _HELPERS if h in writer.helpers)
    function = f"def {name}({', '.join(inputs)}):\n" + "".join(f"    {line}\n" for line in [*lines, f"return {result}"])
    return f"{helpers}\n\n{function}" if helpers else function


class _Writer:
    """Collects statements; what is costly or used by its positions gets a name of its own."""

    def __init__(self, inputs: tuple[str, ...]) -> None:
        self.lines: list[str] = []
        self.helpers: set[str] = set()
        self.measured = False
        self._taken = {*inputs, *_HELPERS}
        self._named: dict[Expr, str] = {}
        self.n, self._i, self._j, self._seen = (self._fresh(name) for name in ("n", "i", "j", "seen"))

    # Whole values

    def whole(self, e: Expr) -> str:
        """An expression for all positions at once."""
        if e.type.rank == 0:
            return self.single(e)[0]
        if e.op == "var":
            return str(e.value[0])
        if e in self._named:
            return self._named[e]
        i, seen = self._i, self._seen
        if e.op in ELEMENTWISE or e.op in ("const", "at"):
            return f"[{self.place(e, i)[0]} for {i} in {self._range()}]"
        return {
            "indices": lambda: f"list({self._range()})",
            "reverse": lambda: f"{self.name(e.args[0])}[::-1]",
            "sort": lambda: f"sorted({self.whole(e.args[0])})",
            "order": lambda: f"sorted({self._range()}, key=lambda {i}: {self.place(e.args[0], i)[0]})",
            "selector_width": lambda: f"[len({seen}) for {seen} in {self._chosen(e.args[0])}]",
            "aggregate_sum": lambda: self._aggregated(e),
            "aggregate": lambda: self._aggregated(e),
            "scan": lambda: self._scan(e),
        }[e.op]()

    def name(self, e: Expr) -> str:
        """A name for all of a sequence."""
        if e.op == "var":
            return str(e.value[0])
        if e not in self._named:
            text = self.whole(e)
            if not text.isidentifier():  # a scan has named itself
                text = self._fresh(
                    {"sort": "ordered", "order": "places", "selector_width": "counts"}.get(e.op, "values")
                )
                self.lines.append(f"{text} = {self.whole(e)}")
            self._named[e] = text
        return self._named[e]

    def _range(self) -> str:
        self.measured = True
        return f"range({self.n})"

    def _fresh(self, name: str) -> str:
        k, found = 1, name
        while found in self._taken:
            k += 1
            found = f"{name}{k}"
        self._taken.add(found)
        return found

    def _chosen(self, selector: Expr) -> str:
        """For each position a list of those that it looks at."""
        if selector not in self._named:
            i, j = self._i, self._j
            text = f"[[{j} for {j} in {self._range()} if {self._condition(selector)[0]}] for {i} in {self._range()}]"
            name = self._fresh("seen_from")
            self.lines.append(f"{name} = {text}")
            self._named[selector] = name
        return self._named[selector]

    def _condition(self, s: Expr) -> Text:
        """Whether position i looks at position j."""
        if s.op == "select":
            keys, queries = self.place(s.args[0], self._j), self.place(s.args[1], self._i)
            return f"{_bracket(keys, 5)} {_PREDICATES[s.value]} {_bracket(queries, 5)}", 4
        return self._combine(s, [self._condition(a) for a in s.args])

    def _aggregated(self, e: Expr) -> str:
        values, chosen, seen = self.place(e.args[1], self._j)[0], self._chosen(e.args[0]), self._seen
        total = f"sum({values} for {self._j} in {seen})"
        if e.op == "aggregate":
            total = f"{total} // len({seen}) if {seen} else 0"
        return f"[{total} for {seen} in {chosen}]"

    def _scan(self, e: Expr) -> str:
        rule: Scan = e.value
        texts = [self.place(a, self._i) for a in e.args]  # statements that these need come before the loop
        names = {f"s{k}": self._fresh("state" if len(rule.initial) == 1 else f"s{k}") for k in range(len(rule.initial))}
        inner = {name: (text, _ATOM) for name, text in names.items()}
        inner |= {f"x{k}": t for k, t in enumerate(texts)}
        out = self._fresh("outputs")
        starts = ", ".join(str(v) for v in rule.initial)
        self.lines += [f"{', '.join(names.values())} = {starts}", f"{out} = []", f"for {self._i} in {self._range()}:"]
        updates = ", ".join(self._inside(u, inner)[0] for u in rule.updates)
        self.lines.append(f"    {', '.join(names.values())} = {updates}")
        self.lines.append(f"    {out}.append({self._inside(rule.output, inner)[0]})")
        self._named[e] = out
        return out

    # Single values

    def single(self, e: Expr, repeated: bool = False) -> Text:
        """An expression of one value; what is costly gets a name where it would be computed repeatedly."""
        if e.op == "const":
            return str(e.value), _ATOM if type(e.value) is bool or e.value >= 0 else _NEG
        if e.op == "var":
            return str(e.value[0]), _ATOM
        if e.op == "length":
            self.measured = True
            return self.n, _ATOM
        if e.op == "at":
            return self._pick(e, self.name(e.args[0]), self.single(e.args[1], repeated))
        if e.op not in ("sum", "largest", "smallest", "any", "all"):
            return self._combine(e, [self.single(a, repeated) for a in e.args])
        call = {"largest": "max", "smallest": "min"}.get(e.op, e.op)
        text = self._named.get(e) or f"{call}({self.whole(e.args[0])})"
        if repeated and e not in self._named:
            self._named[e] = self._fresh({"sum": "total", "any": "some", "all": "every"}.get(e.op, e.op))
            self.lines.append(f"{self._named[e]} = {text}")
        return self._named.get(e, text), _ATOM

    def place(self, e: Expr, index: str) -> Text:
        """An expression's value at a position."""
        if e.type.rank == 0:
            return self.single(e, repeated=True)
        if e.op == "indices":
            return index, _ATOM
        if e.op == "at":
            return self._pick(e, self.name(e.args[0]), self.place(e.args[1], index))
        if e.op in ELEMENTWISE:
            return self._combine(e, [self.place(a, index) for a in e.args])
        return f"{self.name(e)}[{index}]", _ATOM

    def _inside(self, e: Expr, names: Mapping[str, Text]) -> Text:
        """An expression inside a scan."""
        if e.op == "var":
            return names[e.value[0]]
        if e.op == "const":
            return self.single(e)
        return self._combine(e, [self._inside(a, names) for a in e.args])

    def _pick(self, e: Expr, values: str, index: Text) -> Text:
        self.helpers.add("pick")
        text = f"pick({values}, {index[0]})"
        return (f"bool({text})" if e.type.boolean else text), _ATOM

    def _combine(self, e: Expr, args: list[Text]) -> Text:
        """An operation on values that are written already."""
        if e.op in ("floordiv", "mod") and not (e.args[1].op == "const" and e.args[1].value):
            helper = "divide" if e.op == "floordiv" else "modulo"
            self.helpers.add(helper)
            return f"{helper}({args[0][0]}, {args[1][0]})", _ATOM
        if e.op in _BINARY:
            sign, strength = _BINARY[e.op]
            # Comparisons chain in Python, so that both sides need brackets where they are comparisons themselves.
            left = _bracket(args[0], strength + (strength == 4))
            return f"{left} {sign} {_bracket(args[1], strength + 1)}", strength
        if e.op == "not":
            return f"not {_bracket(args[0], _NOT)}", _NOT
        if e.op == "neg":
            return f"-{_bracket(args[0], _NEG)}", _NEG
        if e.op == "if":
            return f"{_bracket(args[1], 1)} if {_bracket(args[0], 1)} else {_bracket(args[2], _IF)}", _IF
        if e.op == "lookup":
            return self._pick(e, self._table(e), args[0])
        return f"{e.op}({', '.join(a[0] for a in args)})", _ATOM

    def _table(self, e: Expr) -> str:
        """The name of a constant table, written before all else."""
        key = Expr("lookup", (Expr("const", (), 0),), e.value)
        if key not in self._named:
            self._named[key] = self._fresh("table")
            self.lines.insert(0, f"{self._named[key]} = {list(e.value)}")
        return self._named[key]


def _bracket(text: Text, least: int) -> str:
    return text[0] if text[1] >= least else f"({text[0]})"
