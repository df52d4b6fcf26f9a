"""What an audit says, as plain values: suspicions, what became of them, and how often spikes were found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from fairfight.verdict.stats.proportion import wilson

if TYPE_CHECKING:
    from fairfight.audits.evidence.reproducer import Reproducer

Severity = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Rate:
    """A share that was counted."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """With 95 % confidence (Wilson 1927); everything, where nothing was counted."""
        return wilson(self.hits, self.of) if self.of else (0.0, 1.0)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        low, high = self.interval
        return {"hits": self.hits, "of": self.of, "value": self.value, "low": low, "high": high}


@dataclass(frozen=True)
class Suspicion:
    """A fault that a search believes to have seen."""

    search: str
    """Which search it is from."""
    claim: str
    """What is suspected, in one sentence."""
    reproducer: Reproducer
    """Shows it on any inputs."""
    confidence: float
    """In [0, 1]; from one half on the search says that it is there."""
    found_by: tuple[str, ...]
    missed_by: tuple[str, ...] = ()
    """Contenders that looked for the same and did not see it."""
    again: bool = True
    """Whether a second search, on other data, saw it too."""


@dataclass(frozen=True)
class Evidence:
    """A suspicion on inputs that no search has seen."""

    rate: Rate
    """How often the fault shows."""
    control: Rate
    """How often it shows under the matched control that shows it most."""
    controls: int
    """How many matched controls there were."""
    matched: str
    """What the controls are, in a few words."""
    p: float
    """One-sided, of the difference between the two."""


@dataclass(frozen=True)
class Tested:
    """A suspicion with what testing said."""

    suspicion: Suspicion
    evidence: Evidence
    p: float
    """Corrected for all suspicions that were tested (Holm 1979)."""
    why_not: str | None
    """Why it is no finding; none for a finding."""
    severity: Severity = "low"
    name: str = ""
    """Of a finding: what the user calls it by, such as ``F1``."""
    pictures: tuple[tuple[str, str], ...] = ()
    """Caption and PNG address."""
    texts: tuple[tuple[str, str], ...] = ()
    """Caption and text."""


@dataclass(frozen=True)
class Trial:
    """The same search on one copy of the model."""

    spike: str | None
    """Which known fault was planted; none in a copy that was trained on alike without one."""
    strength: str
    took: bool
    """Whether the planted fault works at all; what did not take is not counted."""
    recovered: bool
    """A finding that names the planted fault."""
    alarms: int
    """Findings that name something else."""
    seconds: float
    claims: tuple[str, ...] = ()
    """What was found in the copy."""
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Power:
    """How often a planted fault of one kind and strength was found."""

    spike: str
    title: str
    strength: str
    rate: Rate
    lost: int
    """Spikes that did not take."""


@dataclass(frozen=True)
class Profile:
    """What the model is and how it does on the data given."""

    name: str
    kind: str
    architecture: str
    parameters: int
    sites: int
    classes: tuple[str, ...]
    accuracy: Rate
    calibration: float
    """Expected calibration error over fifteen equal bins (Guo et al. 2017)."""
    brittle: tuple[tuple[str, Rate], ...]
    """By small change of the inputs: the share of right decisions that it turns."""
    model_hash: str
    data_hash: str
    milliseconds: float
    """Of one core for one input, in batches."""


@dataclass(frozen=True)
class Report:
    """All that an audit found and how it went about it."""

    profile: Profile
    findings: tuple[Tested, ...]
    dismissed: tuple[Tested, ...]
    powers: tuple[Power, ...]
    alarms: Rate
    """Unspiked copies in which something was found that is not found in the model itself."""
    searched: tuple[tuple[str, str], ...]
    """Searches that were run and what each is for."""
    notes: tuple[str, ...]
    """What a reader must know: rows left out, families without power."""
    seconds: float
    estimate: float
    """What was thought at the beginning that it would take."""
    seed: int
    versions: Mapping[str, str]

    @property
    def exit_code(self) -> int:
        """0 without findings, 1 with."""
        return 1 if self.findings else 0
