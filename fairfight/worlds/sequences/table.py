"""The table of rules: a family a line, after the benchmark of MIPS (Michaud et al. 2024), and some of our own.

Of MIPS' list of 62, palindromes are left out: no network of this size keeps a whole sequence.
"""

# ruff: noqa: E501 (a family a line)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from fairfight.errors import UserError, unknown
from fairfight.seeds import numpy_rng
from fairfight.worlds.sequences import rules as r
from fairfight.worlds.sequences.rule import Net, Rule

Count = Callable[..., Any]


@dataclass(frozen=True)
class Family:
    """Rules that differ in a few whole numbers."""

    name: str
    text: str
    """May hold the options in braces."""
    function: Callable[..., np.ndarray]
    domain: tuple[int, int, int] | Count
    """Lowest and highest input, and channels; or a function of the options that says so."""
    net: Net
    choices: dict[str, Sequence[int]]
    """Values an option can take."""
    listed: Sequence[tuple[int, ...]]
    """Those in the standard list."""
    answers: tuple[int, int] | Count | None = None
    hidden: Count | None = None
    """Hidden units by the options, where the number of ``net`` is not right for all."""
    sampler: Any = "uniform"

    def rule(self, **options: int) -> Rule:
        """The rule with these options.

        Raises:
            UserError: Options are missing, unknown or out of range.
        """
        if set(options) != set(self.choices):
            raise UserError(f"The rule {self.name!r} takes {', '.join(self.choices) or 'no options'}.")
        for name, value in options.items():
            if value not in self.choices[name]:
                known = ", ".join(map(str, self.choices[name]))
                raise UserError(f"{name} = {value} is no choice of the rule {self.name!r}: take one of {known}.")
        low, high, channels = self.domain(**options) if callable(self.domain) else self.domain
        answers = self.answers(**options) if callable(self.answers) else self.answers
        net = self.net if self.hidden is None else replace(self.net, hidden=self.hidden(**options))
        function = partial(self.function, **options)
        text = self.text.format(**options)
        return Rule(self.name, options, text, function, low, high, channels, answers, net, self.sampler)


NUMBERS, BITS, PAIRS = (-5, 5, 1), (0, 1, 1), (0, 1, 2)
BIT = (0, 1)
LINEAR = Net("linear", 2)
FALLING = Net("linear", 2, steps=3000)
"""Places grow with the square of time, and have to be right to a half."""
WINDOW = Net("linear", 4, readout="mlp", steps=2000)
FINITE = Net("mlp", 12, "one-hot", steps=2500, lr=1e-2, noise=0.05)
COUNTING = Net("linear", 1, "one-hot", "mlp", steps=2500)
ONCE: Sequence[tuple[int, ...]] = ((),)


def _c(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A function of the first channel as a function of all."""
    return lambda x, **options: function(x[..., 0], **options)


def _square(x: np.ndarray) -> np.ndarray:
    root: np.ndarray = np.sqrt(x).astype(np.int64)
    square: np.ndarray = (root**2 == x).astype(np.int64)
    return square


def _ones(x: np.ndarray) -> np.ndarray:
    ones: np.ndarray = np.sum([x >> i & 1 for i in range(8)], 0)
    return ones


FAMILIES: dict[str, Family] = {
    f.name: f
    for f in (
        # Linear in the inputs.
        Family("current", "the input itself", _c(lambda x: x), NUMBERS, LINEAR, {}, ONCE, hidden=lambda: 1),
        Family("previous", "the input {k} places before", _c(r.before), NUMBERS, LINEAR, {"k": range(1, 6)}, [(k,) for k in range(1, 6)], hidden=lambda k: k + 1),
        Family("sum", "sum of all inputs", _c(lambda x: np.cumsum(x, 1)), NUMBERS, LINEAR, {}, ONCE, hidden=lambda: 1),
        Family("sum-last", "sum of the last {k} inputs", r.sum_last, NUMBERS, LINEAR, {"k": range(2, 8)}, [(k,) for k in range(2, 8)], hidden=lambda k: k),
        Family("difference", "the input less the one {k} before", _c(lambda x, k: x - r.before(x, k)), NUMBERS, LINEAR, {"k": range(1, 4)}, [(1,)], hidden=lambda k: k + 1),
        Family("weighted", "{a} times the input and {b} times the one before", _c(lambda x, a, b: a * x + b * r.before(x, 1)), NUMBERS, LINEAR, {"a": (-3, -2, 2, 3), "b": (-3, -2, 2, 3)}, [(2, -3)]),
        Family("alternating-sum", "x - (the sum so far)", lambda x: r.scan(x, lambda s, v: (v - s, v - s), 0), NUMBERS, LINEAR, {}, ONCE, hidden=lambda: 1),
        Family("free-body", "place of a free unit mass under a force", _c(lambda x: np.cumsum(np.cumsum(x, 1), 1)), NUMBERS, FALLING, {}, ONCE),
        Family("gravity", "the same with a weight of {g}", _c(lambda x, g: np.cumsum(np.cumsum(x - g, 1), 1)), NUMBERS, FALLING, {"g": (1, 2, 3)}, [(1,)]),
        Family("spring", "place of a unit mass on a unit spring under a force", r.spring, NUMBERS, LINEAR, {}, ONCE),
        Family("magnet", "place of a charge that a field turns by a right angle a step", r.magnet, NUMBERS, LINEAR, {}, ONCE, hidden=lambda: 3),
        Family("not", "the bit turned round", _c(lambda x: 1 - x), BITS, LINEAR, {}, ONCE, hidden=lambda: 1),
        Family("shift", "the bits moved by {k}", _c(r.before), BITS, LINEAR, {"k": (1, 2, 3)}, [(1,)], hidden=lambda k: k + 1),
        Family("count-even", "how many inputs were even", _c(lambda x: np.cumsum(x % 2 == 0, 1)), (0, 7, 1), Net("linear", 1, "one-hot"), {}, ONCE),
        Family("count-value", "how many inputs were {v}", _c(lambda x, v: np.cumsum(x == v, 1)), (0, 5, 1), Net("linear", 1, "one-hot"), {"v": range(6)}, [(3,)]),
        # Of a short window.
        Family("absolute", "the input without its sign", _c(np.abs), NUMBERS, WINDOW, {}, ONCE, hidden=lambda: 1),
        Family("absolute-difference", "how far the input lies from the one before", _c(lambda x: np.abs(x - r.before(x, 1))), NUMBERS, WINDOW, {}, ONCE, hidden=lambda: 2),
        Family("difference-absolute", "how much larger the input's size is than the last one's", _c(lambda x: np.abs(x) - np.abs(r.before(x, 1))), NUMBERS, WINDOW, {}, ONCE, hidden=lambda: 2),
        Family("repeated", "whether the input is the one before", _c(lambda x: (x == r.before(x, 1)) * 1), (0, 4, 1), WINDOW, {}, ONCE, BIT, hidden=lambda: 2),
        Family("alternating", "whether the last {k} bits alternate", r.alternating, BITS, WINDOW, {"k": (3, 4)}, [(3,), (4,)], BIT, hidden=lambda k: k),
        Family("parity-last", "parity of the last {k} bits", lambda x, k: r.sum_last(x, k) % 2, BITS, WINDOW, {"k": (2, 3, 4, 5)}, [(2,), (3,), (4,)], BIT, hidden=lambda k: k),
        Family("and", "both bits", lambda x: x[..., 0] & x[..., 1], PAIRS, WINDOW, {}, ONCE, BIT, hidden=lambda: 2),
        Family("or", "either bit", lambda x: x[..., 0] | x[..., 1], PAIRS, WINDOW, {}, ONCE, BIT, hidden=lambda: 2),
        Family("xor", "one bit of two", lambda x: x[..., 0] ^ x[..., 1], PAIRS, WINDOW, {}, ONCE, BIT, hidden=lambda: 2),
        Family("even", "whether the input is even", _c(lambda x: (x % 2 == 0) * 1), (0, 9, 1), Net("linear", 1, "one-hot", "mlp"), {}, ONCE, BIT),
        Family("square", "whether the input is a square", _c(_square), (0, 16, 1), Net("linear", 1, "one-hot", "mlp"), {}, ONCE, BIT),
        Family("bit-parity", "parity of the input's binary digits", _c(lambda x: _ones(x) % 2), (0, 15, 1), Net("linear", 1, "one-hot", "mlp"), {}, ONCE, BIT),
        # Machines with few states.
        Family("parity", "parity of all bits", _c(lambda x: np.cumsum(x, 1) % 2), BITS, FINITE, {}, ONCE, BIT),
        Family("parity-zeros", "parity of the number of zeros", _c(lambda x: np.cumsum(1 - x, 1) % 2), BITS, FINITE, {}, ONCE, BIT),
        Family("sum-mod", "sum of all inputs mod {m}", _c(lambda x, m: np.cumsum(x, 1) % m), lambda m: (0, m - 1, 1), FINITE, {"m": range(3, 9)}, [(m,) for m in range(3, 9)], lambda m: (0, m - 1)),
        Family("affine-mod", "s = ({a} s + x) mod {m}", r.affine_mod, BITS, FINITE, {"a": (2, 3), "m": range(3, 8)}, [(3, 5)], lambda a, m: (0, m - 1)),
        Family("divisible", "whether the binary number so far is divisible by {m}", lambda x, m: (r.affine_mod(x, 2, m) == 0) * 1, BITS, FINITE, {"m": (3, 5, 7)}, [(3,), (5,), (7,)], BIT),
        Family("add-base", "digits of the sum of two numbers in base {b}", lambda x, b: r.carried(x, b), lambda b: (0, b - 1, 2), FINITE, {"b": range(2, 9)}, [(b,) for b in range(2, 9)], lambda b: (0, b - 1)),
        Family("dot-parity", "parity of the dot product of two bit sequences", lambda x: np.cumsum(x[..., 0] * x[..., 1], 1) % 2, PAIRS, FINITE, {}, ONCE, BIT),
        Family("maximum", "the largest input so far", _c(lambda x: np.maximum.accumulate(x, 1)), (0, 6, 1), FINITE, {}, ONCE, (0, 6)),
        Family("minimum", "the smallest input so far", _c(lambda x: np.minimum.accumulate(x, 1)), (0, 6, 1), FINITE, {}, ONCE, (0, 6)),
        Family("dither", "1 whenever {full} have come in", lambda x, full: r.dithered(x, full), lambda full: (0, full, 1), FINITE, {"full": range(3, 7)}, [(4,)], BIT),
        Family("last-nonzero", "the last input that was not 0", r.last_nonzero, (0, 4, 1), FINITE, {}, ONCE, (0, 4)),
        Family("run", "how often the input has come in a row, up to {cap}", r.run, BITS, FINITE, {"cap": (3, 4, 5)}, [(3,)], lambda cap: (1, cap)),
        Family("seen", "whether {v} has come", _c(lambda x, v: np.maximum.accumulate(x == v, 1) * 1), (0, 5, 1), FINITE, {"v": range(6)}, [(2,)], BIT),
        Family("mode", "the input seen most often, from 0 to {high}", r.seen_most, lambda high: (0, high, 1), COUNTING, {"high": (1, 2, 3)}, [(1,), (2,), (3,)], lambda high: (0, high), hidden=lambda high: high),
        Family("balanced", "whether the brackets so far are balanced", r.balanced, BITS, replace(FINITE, noise=0.0), {}, ONCE, BIT, sampler="brackets"),
    )
}  # fmt: skip


def rule(family: str, **options: int) -> Rule:
    """The rule of a family with its options.

    Raises:
        UserError: No such family, or wrong options.
    """
    if family not in FAMILIES:
        raise unknown("rule", family, FAMILIES)
    return FAMILIES[family].rule(**options)


def listed() -> list[Rule]:
    """The standard list, in the table's order."""
    return [f.rule(**dict(zip(f.choices, values, strict=True))) for f in FAMILIES.values() for values in f.listed]


def drawn(seed: int) -> Rule:
    """A rule with options that the seed draws; every family is as likely as any other."""
    rng = numpy_rng(seed, "rule")
    chosen = list(FAMILIES.values())[int(rng.integers(len(FAMILIES)))]
    options = list(product(*chosen.choices.values()))
    return chosen.rule(**dict(zip(chosen.choices, options[int(rng.integers(len(options)))], strict=True)))
