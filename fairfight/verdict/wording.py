"""The verdict in plain words."""

from __future__ import annotations

import math

from fairfight.verdict.records import MIN_CASES, Contrast

_MINUS = "\N{MINUS SIGN}"


def number(x: float, *, sign: bool = False) -> str:
    """Three decimals, no leading zero: ``.031``, and with a sign ``+.031``; a dash for what is not known."""
    if not math.isfinite(x):
        return "\N{EN DASH}"
    text = f"{abs(x):.3f}"
    text = text[1:] if text.startswith("0.") else text
    if x < 0 and text != ".000":
        return _MINUS + text
    return "+" + text if sign and text != ".000" else text


def interval(low: float, high: float) -> str:
    """``[.012, .050]``."""
    return f"[{number(low)}, {number(high)}]"


def p_text(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    return "p < .001" if p < 0.001 else f"p = {number(p)}"


def counted(n: int, noun: str) -> str:
    """``1 case``, ``22 cases``."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def headline(
    task: str, suite: str, contrast: Contrast | None, cases: int, why_none: str = "", *, shared: bool = False
) -> str:
    """The verdict as one sentence.

    Args:
        task: The task's name.
        suite: The suite's name.
        contrast: Best tool against best baseline, if there is one.
        cases: Valid cases in all.
        why_none: Completes "no verdict: …" where there is no contrast.
        shared: Whether reusable work was charged at a tenth.
    """
    where = f"In {task} ({suite}{', what can be reused at a tenth of its cost' if shared else ''})"
    if contrast is None:
        return f"{where}, no verdict: {why_none}."
    c = contrast
    on = f"on {counted(c.cases, 'case')} with {counted(c.seeds, 'seed')} each"
    best = "" if c.choice == "declared" else "best "
    chosen = ", each the best on the development cases" if c.choice == "development" else ""
    pair = f"the {best}tool {c.a}"
    side = "ahead of" if c.difference > 0 else "behind"
    if not c.cases:
        return f"{where}, no verdict: {c.a} and {c.b} have no valid case in common."
    if c.cases < MIN_CASES:
        so_far = (
            f"{side} the {best}baseline {c.b} by {number(abs(c.difference))}" if c.difference else f"level with {c.b}"
        )
        return (
            f"{where}, {counted(c.cases, 'case')} {'is' if c.cases == 1 else 'are'} too few for a verdict "
            f"({MIN_CASES} needed): so far {pair} is {so_far}."
        )
    low, high = sorted((abs(c.low), abs(c.high)))
    if c.decided:
        small = f", which is within the margin of {number(c.margin)} fixed beforehand" if c.equivalent else ""
        return (
            f"{where}, {pair} is {side} the {best}baseline {c.b} by {number(abs(c.difference))} "
            f"{interval(low, high)} {on} ({p_text(c.p_holm)}{chosen}){small}."
        )
    measured = f"the difference is {number(c.difference, sign=True)} {interval(c.low, c.high)} {on}"
    if c.equivalent:
        return (
            f"{where}, {pair} is as good as the {best}baseline {c.b} to within {number(c.margin)}{chosen}: {measured} "
            f"(equivalence {p_text(c.tost_p)})."
        )
    return (
        f"{where}, {pair} cannot be told from the {best}baseline {c.b}{chosen}: {measured} ({p_text(c.p_holm)}); "
        f"a true difference of {number(c.mde)} would be seen four times in five."
    )
