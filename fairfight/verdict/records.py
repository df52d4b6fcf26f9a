"""What the verdict says: plain records, without NumPy, that the report and the command line show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from fairfight.tasks.registry import Kind

if TYPE_CHECKING:
    from fairfight.verdict.differential import Differential

Choice = Literal["development", "declared", "scored", "family"]
"""How a contrast came to be looked at: chosen by development scores, declared beforehand, chosen by the scored cases
themselves, or one of the family "every tool against the best baseline"."""

MIN_CASES = 10
"""Fewer valid cases than this never give a winner: with a unanimous sign over 10 cases p is .002, over 6 it is .03."""

ALPHA = 0.05
"""Error rate of a verdict, after correction; intervals cover the rest."""


TOOLS: tuple[Kind, ...] = ("tool", "combination")
"""Kinds of contender that have to win their place."""


@dataclass(frozen=True)
class Contrast:
    """Contender ``a`` minus contender ``b``, paired on the same cases and seeds. Positive: ``a`` is better."""

    a: str
    b: str
    difference: float
    """Mean over cases of the mean over seeds, in the metric's own unit."""
    low: float
    """Lower end of the 95 % interval; NaN with fewer than two cases."""
    high: float
    p: float
    """Sign-flip permutation test over cases, two-sided."""
    p_holm: float
    """The same after correction for the contrasts it was looked at among: Holm's, or, where the scored cases chose the
    contrast, Westfall and Young's over every tool against every baseline."""
    equivalent: bool | None
    """Whether the difference is shown to be smaller than ``margin``; None with too few cases to say."""
    tost_p: float
    """Two one-sided tests against ``margin``; not corrected."""
    mde: float
    """The smallest true difference that this design sees with 80 % power at the corrected error rate."""
    cases: int
    """Valid cases on which both were scored."""
    seeds: int
    """Most seeds on any of those cases."""
    margin: float = 0.05
    """Fixed beforehand: a smaller difference counts as none."""
    pairs: int = 0
    """Case-and-seed pairs that the difference is made of."""
    missing: int = 0
    """Pairs for which only one of the two was scored; they are left out."""
    choice: Choice = "family"

    @property
    def decided(self) -> bool:
        """Whether the difference is established: enough cases, after correction, with an interval off zero."""
        return self.cases >= MIN_CASES and self.p_holm < ALPHA and (self.low > 0 or self.high < 0)

    @property
    def winner(self) -> str | None:
        """The better one, if that is established."""
        if not self.decided:
            return None
        return self.a if self.difference > 0 else self.b


@dataclass(frozen=True)
class Standing:
    """How one contender did on the valid cases."""

    contender: str
    kind: Kind
    score: float
    """Mean over cases of the mean over seeds; failed matches count with the floor's score."""
    low: float
    high: float
    normalised: float | None
    """On the scale where ``random`` is 0 and ``oracle`` is 1; None where one of them did not run."""
    normalised_low: float | None
    normalised_high: float | None
    failures: int
    """Matches that raised, timed out, ran out of memory or gave nonsense."""
    over_budget: int
    flops: float
    """Mean per match, as charged."""
    cpu_seconds: float
    """Mean per match."""
    tier: int
    """Rigor, 1 to 5, for tools and combinations; 0 for baselines and controls, which have none."""
    tier_reason: str
    cases: int = 0
    matches: int = 0
    trials: int = 0
    """Tuning trials asked for."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Number of matches by how they ended."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Mean of each metric, over cases of the mean over seeds."""


@dataclass(frozen=True)
class Verdict:
    """What the matches of one task in one suite show."""

    task: str
    suite: str
    standings: tuple[Standing, ...]
    """Best first."""
    primary: Contrast | None
    """Best tool against best baseline."""
    contrasts: tuple[Contrast, ...]
    """Every tool and combination against the best baseline, corrected; best first."""
    void_cases: dict[str, str]
    """Name of each case that is not scored, with the reason."""
    headline: str
    """One sentence a person can read."""
    caveats: tuple[str, ...]
    """What the reader must know before believing the headline; a sentence each."""
    budget: str = "default"
    cases: int = 0
    """Valid cases."""
    seeds: int = 0
    by_modality: dict[str, Contrast] = field(default_factory=dict)
    """The primary contrast within vision and within language; exploratory, uncorrected."""
    controls: tuple[Contrast, ...] = ()
    """Every tool and combination against ``random`` and, after these, the best tool against each placebo; each of the
    two families is Holm-corrected."""
    arms: dict[str, tuple[Contrast, ...]] = field(default_factory=dict)
    """By what two cases differ in (:data:`fairfight.verdict.arms.AXES`): each contender against itself."""
    backwards: dict[str, Differential] = field(default_factory=dict)
    """Each tool's differential test, where its matches show how well it adds the fault."""
