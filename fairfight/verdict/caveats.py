"""What a reader must know before believing a headline, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fairfight.arena.records import SealRecord
from fairfight.verdict.columns import Ring
from fairfight.verdict.records import MIN_CASES, TOOLS, Contrast
from fairfight.verdict.selection import Pick
from fairfight.verdict.tiers import unequal_tuning
from fairfight.verdict.wording import counted, interval, number


def caveats(
    whole: Ring,
    ring: Ring,
    void: Mapping[str, str],
    chosen: Pick | None,
    primary: Contrast | None,
    controls: Sequence[Contrast],
    seals: Sequence[SealRecord],
) -> tuple[str, ...]:
    """All caveats of a verdict, the gravest first.

    Args:
        whole: The ring with its void cases.
        ring: The ring on its valid cases.
        void: Case id to reason.
        chosen: How the primary contrast was chosen.
        primary: The primary contrast.
        controls: Contrasts with the controls.
        seals: Commitments to these cases.
    """
    return (
        *_size(whole, ring, void),
        *(chosen.caveats if chosen else ()),
        *_placebo(ring, primary, controls),
        *_controls(ring),
        *_failures(ring, primary),
        *_pairs(ring, primary),
        *_tuning(ring),
        *_seal(ring, seals),
    )


def _size(whole: Ring, ring: Ring, void: Mapping[str, str]) -> Iterator[str]:
    if len(ring.cases) < MIN_CASES:
        yield (
            f"Only {counted(len(ring.cases), 'valid case')}: fewer than {MIN_CASES} never give a winner, "
            "whatever the difference."
        )
    if void:
        verb = "is" if len(void) == 1 else "are"
        yield f"{len(void)} of {counted(len(whole.cases), 'case')} {verb} void and not scored."
    unfought = len(set(whole.cases) - set(whole.fought) - set(void))
    if unfought:
        yield f"{counted(unfought, 'case')} built but not fought yet."
    if ring.seeds_a_case == 1:
        yield "One seed a case: how much a result depends on the seed is not known."


def _placebo(ring: Ring, primary: Contrast | None, controls: Sequence[Contrast]) -> Iterator[str]:
    if primary is None:
        return
    placebos = {ring.contenders[i] for i in ring.of_kind("placebo")}
    for c in controls:
        if c.a == primary.a and c.b in placebos and c.cases >= MIN_CASES and c.winner != c.a:
            gap = f"{number(c.difference, sign=True)} {interval(c.low, c.high)}"
            yield (
                f"{c.a} is not shown to be better than the placebo {c.b} ({gap}): "
                "its insight may not be what does the work."
            )


def _controls(ring: Ring) -> Iterator[str]:
    lacking = [kind for kind in ("random", "oracle") if kind not in ring.kinds]
    if lacking:
        yield (
            f"No matches of {' or '.join(lacking)}: cases cannot be checked for being void, "
            "and there is no scale from random to oracle."
        )


def _failures(ring: Ring, primary: Contrast | None) -> Iterator[str]:
    names = (primary.a, primary.b) if primary else ()
    for name in names:
        row = ring.row(name)
        fought = ring.matches[row] if row is not None else ()
        bad = sum(m.status != "ok" for m in fought)
        if bad:
            yield f"{name} did not end well in {bad} of {len(fought):,} matches; these count with the floor's score."
    others = sum(
        any(m.status != "ok" for m in ring.matches[i]) for i, n in enumerate(ring.contenders) if n not in names
    )
    if others:
        yield f"{counted(others, 'other contender')} also had matches that did not end well."


def _pairs(ring: Ring, primary: Contrast | None) -> Iterator[str]:
    if primary is not None and primary.missing:
        pairs = counted(primary.missing, "case-and-seed pair")
        yield f"{pairs} of {primary.a} and {primary.b} without the other side, left out of their contrast."
    holes = np.isnan(ring.scores) & ~np.isnan(ring.scores).all(0)
    partial = [ring.contenders[i] for i in np.flatnonzero(holes.any((-1, -2)))] if ring.cases else []
    if partial:
        yield f"Not everyone fought everywhere: means of {', '.join(partial)} rest on fewer matches than others'."
    if ring.set_aside:
        older = sum(ring.set_aside.values())
        yield (
            f"{older:,} older or repeated matches of {', '.join(sorted(ring.set_aside))} are in the store "
            "and not counted here: other code, or other tuning."
        )


def _tuning(ring: Ring) -> Iterator[str]:
    rows = [*ring.of_kind(*TOOLS), *ring.of_kind("baseline")]
    uneven = unequal_tuning(ring, rows)
    if uneven:
        yield f"Tuning was not equal ({uneven})."
    elif rows and not any(m.plan.trials for i in rows for m in ring.matches[i]):
        yield "Nothing was tuned: every contender fought with its defaults."
    elif rows:
        yield "Each contender was tuned once: the luck of that search is in no interval."


def _seal(ring: Ring, seals: Sequence[SealRecord]) -> Iterator[str]:
    own = [s for s in seals if s.task == ring.task and s.suite == ring.suite]
    if not own:
        yield "The cases are not sealed: a contender may have been made with them in sight."
    elif not any(s.drawn == "fresh" for s in own):
        yield "The cases are the public draw, which everybody has: a contender may have been made with them in sight."
