"""From the matches in the store to verdicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fairfight.arena.budgets import is_shared
from fairfight.arena.records import CaseRecord, MatchRecord, SealRecord, TuningRecord
from fairfight.verdict.arms import AXES, changes
from fairfight.verdict.backwards import differentials as backwards
from fairfight.verdict.caveats import caveats
from fairfight.verdict.columns import Ring, rings
from fairfight.verdict.contrasts import contrasts
from fairfight.verdict.differential import Differential
from fairfight.verdict.records import TOOLS, Contrast, Verdict
from fairfight.verdict.selection import Pick, pick
from fairfight.verdict.standings import standings
from fairfight.verdict.tiers import tiers
from fairfight.verdict.voids import MIN_GAP, void_cases
from fairfight.verdict.wording import headline

MIN_DRAWS = 2_000
MOST_CELLS = 20_000_000


def judge(
    matches: Sequence[MatchRecord],
    cases: Sequence[CaseRecord],
    tunings: Sequence[TuningRecord] | None = None,
    seals: Sequence[SealRecord] | None = None,
    *,
    suite: str | None = None,
    task: str | None = None,
    draws: int = 10_000,
    seed: int = 0,
    primary: tuple[str, str] | None = None,
    margin: float | Mapping[str, float] = 0.05,
    min_gap: float | Mapping[str, float] = MIN_GAP,
    verified: Collection[str] = frozenset(),
    differentials: Mapping[str, Differential] | None = None,
) -> list[Verdict]:
    """One verdict for each task, suite and budget that has matches, in that order.

    The primary contrast is the best tool against the best baseline: as declared, else as the development scores in the
    tuning records say, else as the scored cases say, and then with intervals and p-values that hold for every tool
    against every baseline at once. (Choosing the best of each side anew in every bootstrap draw was tried in its place:
    its 95 % interval covered the chosen pair's difference 83 times in 100 with eight tools against two baselines, and
    53 times with twelve against one.)

    Args:
        matches: In any order; those of other suites or tasks do not matter.
        cases: Their cases; void ones are listed and not scored.
        tunings: Where the primary contrast is chosen from, if they cover every tool and baseline.
        seals: Commitments, for tier 4.
        suite: Only this one.
        task: Only this one.
        draws: Of the bootstrap, and of permutation tests that are not exact. With more than 2,000 cells (cases times
            seeds) in a task fewer are made, down to 2,000: what they add to an interval's precision does not depend on
            the number of cases.
        seed: Same seed and records, same verdict, to the last bit.
        primary: Tool and baseline declared beforehand; for one task.
        margin: A smaller difference counts as none; one number, or one by task (then .05 elsewhere).
        min_gap: The least by which the oracle must beat random for a case to count; one number, or one by task.
        verified: Ids of the cases of fresh seals that were opened and gave the committed hash.
        differentials: Contender to its differential test, for tier 5, in place of what its matches show.

    Raises:
        UserError: A declared contender has no match.
    """
    from threadpoolctl import threadpool_limits

    found = []
    # Products of small matrices on several threads wait for one another: seven times slower on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        for ring in rings(matches, cases, suite=suite, task=task):
            found.append(
                _judge(
                    ring,
                    tunings,
                    seals or (),
                    min(draws, max(MIN_DRAWS, MOST_CELLS // max(1, ring.scores[0].size))),
                    seed,
                    primary,
                    margin if isinstance(margin, int | float) else margin.get(ring.task, 0.05),
                    min_gap if isinstance(min_gap, int | float) else min_gap.get(ring.task, MIN_GAP),
                    verified,
                    differentials,
                )
            )
    return found


def _judge(
    whole: Ring,
    tunings: Sequence[TuningRecord] | None,
    seals: Sequence[SealRecord],
    draws: int,
    seed: int,
    declared: tuple[str, str] | None,
    margin: float,
    min_gap: float,
    verified: Collection[str],
    differentials: Mapping[str, Differential] | None,
) -> Verdict:
    void = void_cases(whole, min_gap=min_gap)
    ring = whole.on([c for c in whole.fought if c not in void])
    chosen = pick(ring, tunings, declared)
    main, family = _against_best_baseline(ring, chosen, draws, seed, margin)
    over_random, over_placebo = _against_controls(ring, chosen, draws, seed, margin)
    controls = (*over_random, *over_placebo)
    tested = backwards(ring, chosen.baseline, draws=draws, seed=seed) if chosen else {}
    rigor = tiers(
        ring, seals, verified, {**tested, **(differentials or {})}, over_random=over_random, draws=draws, seed=seed
    )
    return Verdict(
        task=ring.task,
        suite=ring.suite,
        standings=standings(ring, rigor, draws=draws, seed=seed),
        primary=main,
        contrasts=family,
        void_cases=_named(whole, void),
        headline=headline(ring.task, ring.suite, main, len(ring.cases), _why_none(ring), shared=is_shared(ring.budget)),
        caveats=caveats(whole, ring, void, chosen, main, controls, seals),
        budget=ring.budget,
        cases=len(ring.cases),
        seeds=ring.seeds_a_case,
        by_modality=_by_modality(ring, chosen, draws, seed, margin),
        controls=controls,
        arms={a.key: found for a in AXES if (found := changes(ring, a, draws=draws, seed=seed, margin=margin))},
        backwards=tested,
    )


def _against_best_baseline(
    ring: Ring, chosen: Pick | None, draws: int, seed: int, margin: float
) -> tuple[Contrast | None, tuple[Contrast, ...]]:
    """The primary contrast, and every tool and combination against the best baseline."""
    if chosen is None:
        return None, ()
    rows = ring.of_kind(*TOOLS)
    if chosen.choice == "scored":
        pairs = [(i, j) for i in rows for j in ring.of_kind("baseline")]
        everything = contrasts(
            ring, pairs, draws=draws, seed=seed, margin=margin, choice="scored", correction="simultaneous"
        )
        by_pair = dict(zip(pairs, everything, strict=False))
        family = [by_pair[i, chosen.baseline] for i in rows if (i, chosen.baseline) in by_pair]
        return by_pair.get((chosen.tool, chosen.baseline)), _best_first(family)
    single = contrasts(
        ring,
        [(chosen.tool, chosen.baseline)],
        draws=draws,
        seed=seed,
        margin=margin,
        choice=chosen.choice,
        correction="none",
    )
    family = contrasts(ring, [(i, chosen.baseline) for i in rows], draws=draws, seed=seed, margin=margin)
    return (single[0] if single else None), _best_first(family)


def _against_controls(
    ring: Ring, chosen: Pick | None, draws: int, seed: int, margin: float
) -> tuple[tuple[Contrast, ...], tuple[Contrast, ...]]:
    floor = [(i, j) for i in ring.of_kind(*TOOLS) for j in ring.of_kind("random")]
    placebo = [(chosen.tool, j) for j in ring.of_kind("placebo")] if chosen else []
    over_random, over_placebo = (
        _best_first(contrasts(ring, p, draws=draws, seed=seed, margin=margin)) for p in (floor, placebo)
    )
    return over_random, over_placebo


def _by_modality(ring: Ring, chosen: Pick | None, draws: int, seed: int, margin: float) -> dict[str, Contrast]:
    modalities = sorted({ring.records[c].modality for c in ring.cases if c in ring.records})
    if chosen is None or len(modalities) < 2:
        return {}
    found = {}
    for modality in modalities:
        part = ring.on([c for c in ring.cases if c in ring.records and ring.records[c].modality == modality])
        pair = [(chosen.tool, chosen.baseline)]
        for contrast in contrasts(
            part, pair, draws=draws, seed=seed, margin=margin, choice=chosen.choice, correction="none"
        ):
            found[modality] = contrast
    return found


def _best_first(found: Sequence[Contrast]) -> tuple[Contrast, ...]:
    return tuple(sorted(found, key=lambda c: (-c.difference if c.difference == c.difference else 1e9, c.a, c.b)))


def _named(ring: Ring, void: Mapping[str, str]) -> dict[str, str]:
    """Reasons by readable name; the id is added where two draws have cases of one name."""
    names = [ring.name(c) for c in void]
    return {
        name if names.count(name) == 1 else f"{name} ({case})": reason
        for name, (case, reason) in zip(names, void.items(), strict=True)
    }


def _why_none(ring: Ring) -> str:
    if not ring.cases:
        return "no valid case"
    for kind in ("tool", "baseline"):
        if kind not in ring.kinds:
            return f"no {kind} among the matches"
    return "the best tool and the best baseline have no match in common"
