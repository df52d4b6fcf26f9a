"""A group of inputs on which the model fails more often than on others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fairfight.audits.evidence.looks import looks
from fairfight.audits.records import Evidence, Rate, Severity
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject

FEWEST = 8
"""Inputs of the group under which nothing is concluded."""
EXCESS = 0.25
"""How much more often than others the group must fail."""


@dataclass(frozen=True)
class Slice:
    """A rule that says which inputs belong to the group."""

    by: str
    """``label``, ``token``, a look of pictures (see :mod:`fairfight.audits.evidence.looks`), or ``cluster``."""
    value: int = 0
    """The label, token or cluster."""
    low: float = 0.0
    high: float = 0.0
    """Bounds of a look, the upper one excluded."""
    site: str = ""
    """Where clusters were found."""
    centres: Float[Tensor, "k d"] = field(default_factory=lambda: torch.zeros(0, 0))
    kind = "slice"

    def members(self, subject: Subject, given: Labelled) -> Bool[np.ndarray, " n"]:
        """Which inputs belong to it."""
        if self.by == "label":
            return (given.labels == self.value).numpy()
        if self.by == "token":
            assert isinstance(given.inputs, Texts)
            return ((given.inputs.ids == self.value) & given.inputs.mask.bool()).any(1).numpy()
        if self.by == "cluster":
            states = torch.from_numpy(np.asarray(harvest(subject, given.inputs, [self.site])[self.site])).float()
            return (torch.cdist(states, self.centres).argmin(1) == self.value).numpy()
        assert isinstance(given.inputs, Images)
        look = looks(given.inputs)[self.by]
        return (look >= self.low) & (look < self.high)

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """Errors inside against errors outside; the chance that as many rows at random fail as often (Fisher)."""
        wrong = (decide(subject, held.inputs).cpu() != held.labels).numpy()
        return compare(self.members(subject, held), wrong)

    def why_not(self, evidence: Evidence) -> str | None:
        """It must be large enough to tell, and much worse than the rest."""
        if evidence.rate.of < FEWEST:
            return f"only {evidence.rate.of} of the rows that were held back belong to it"
        if evidence.rate.value - evidence.control.value < EXCESS:
            return f"it fails in {evidence.rate.value:.0%}, other rows in {evidence.control.value:.0%}"
        return None

    def severity(self, evidence: Evidence) -> Severity:
        """High where most of the group is wrong."""
        low, _ = evidence.rate.interval
        return "high" if low >= 0.5 else "medium"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        bounds = {k: None if np.isinf(v) else v for k, v in (("low", self.low), ("high", self.high))}
        return {"by": self.by, "value": self.value, "site": self.site, **bounds}

    def tensors(self) -> Mapping[str, Tensor]:
        """The clusters' centres [k, d], if there are clusters."""
        return {"centres": self.centres} if len(self.centres) else {}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Slice:
        """From :meth:`plain` and :meth:`tensors`."""
        low = -np.inf if about["low"] is None else float(about["low"])
        high = np.inf if about["high"] is None else float(about["high"])
        found = cls(str(about["by"]), int(about["value"]), low, high, str(about["site"]))
        return cls(**{**vars(found), "centres": tensors["centres"]}) if "centres" in tensors else found


def compare(inside: Bool[np.ndarray, " n"], wrong: Bool[np.ndarray, " n"]) -> Evidence:
    """How often the rows inside are wrong, and those outside."""
    from scipy.stats import hypergeom

    k, n = int((inside & wrong).sum()), int(inside.sum())
    p = float(hypergeom.sf(k - 1, len(wrong), int(wrong.sum()), n)) if n else 1.0
    rest = Rate(int((~inside & wrong).sum()), int((~inside).sum()))
    return Evidence(Rate(k, n), rest, 1, "all rows that do not belong to it; any as many rows by chance", p)
