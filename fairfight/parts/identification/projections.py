"""One direction that tells an answer: how far inputs lie along it, and between which limits the answer is yes.

Directions from inputs and answers alone: a logistic regression's, where classes differ in their means (sliced inverse
regression, Li 1991), and where they differ in how much they vary (sliced average variance, Cook & Weisberg 1991), which
finds bands.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

RIDGE = 0.1
"""What is added to the variance of each input, as a share of the mean of all."""
GRAIN = 8
"""The greatest weight of a direction when it is rounded to whole numbers."""


@dataclass(frozen=True)
class Projection:
    """The answer is yes where ``low <= weights · x <= high``."""

    weights: Int[np.ndarray, " d"]
    low: int
    high: int | None
    """None where there is no upper limit."""
    agreement: float
    """Share of the answers that it was fitted to."""

    def __call__(self, x: Int[np.ndarray, "n d"]) -> Bool[np.ndarray, " n"]:
        """Whether the answer is yes."""
        sums = x @ self.weights
        found: np.ndarray = sums >= self.low
        return found if self.high is None else found & (sums <= self.high)


def directions(x: Float[np.ndarray, "n d"], yes: Bool[np.ndarray, " n"]) -> list[Float[np.ndarray, " d"]]:
    """Directions by regression, by the difference of means, and by that of variances, the first two of each sign."""
    from sklearn.linear_model import LogisticRegression

    if yes.all() or not yes.any():
        return []
    centred = x - x.mean(0)
    variance = centred.T @ centred / len(x)
    variance += RIDGE * max(float(np.trace(variance)) / len(variance), 1e-9) * np.eye(len(variance))
    values, vectors = np.linalg.eigh(variance)
    white = vectors / np.sqrt(values) @ vectors.T
    z = centred @ white
    found = [white @ (z[yes].mean(0) - z[~yes].mean(0))]
    spread = [z[rows].T @ z[rows] / rows.sum() for rows in (yes, ~yes)]
    _, turns = np.linalg.eigh(spread[0] - spread[1])
    scale = np.maximum(x.std(0), 1e-9)
    found.append(LogisticRegression(C=0.1, max_iter=300).fit(centred / scale, yes).coef_[0] / scale)
    found += [white @ turns[:, k] for k in (0, 1, -1, -2) if -len(turns.T) <= k < len(turns.T)]
    return found


def limited(
    x: Int[np.ndarray, "n d"], yes: Bool[np.ndarray, " n"], direction: Float[np.ndarray, " d"], grain: int = GRAIN
) -> Projection:
    """The direction in whole numbers with the best limits: one where that is as good, or two.

    Args:
        x: Inputs.
        yes: The answers.
        direction: Either way round.
        grain: The greatest weight.
    """
    largest = float(np.abs(direction).max())
    weights = np.round(grain * direction / largest).astype(np.int64) if largest > 0 else np.zeros(x.shape[1], np.int64)
    best: Projection | None = None
    for turned in (weights, -weights):
        sums = x @ turned
        order = np.argsort(sums, kind="stable")
        values, first = np.unique(sums[order], return_index=True)
        score = np.where(yes[order], 1, -1)
        # What is gained by a yes from each value on, and up to the end.
        before = np.concatenate([[0], np.cumsum(score)])
        begins, ends = before[first], before[np.append(first[1:], len(score))]
        lowest = np.minimum.accumulate(begins)
        end = int((ends - lowest).argmax())
        start = int(begins[: end + 1].argmin())
        gain = int(ends[end] - begins[start])
        high = None if end == len(values) - 1 else int(values[end])
        share = float(((~yes).sum() + gain) / len(yes))
        plainer = best is not None and share == best.agreement and high is None
        if best is None or share > best.agreement or plainer:
            best = Projection(turned, int(values[start]), high, share)
    assert best is not None
    return best


def simplest(x: Int[np.ndarray, "n d"], yes: Bool[np.ndarray, " n"], direction: Float[np.ndarray, " d"]) -> Projection:
    """The direction with as coarse weights as cost nothing on inputs that its limits were not fitted to."""
    cut = len(x) * 3 // 4
    best, most = None, -1.0
    for grain in (1, 2, GRAIN):
        found = limited(x[:cut], yes[:cut], direction, grain)
        share = float((found(x[cut:]) == yes[cut:]).mean()) if cut < len(x) else found.agreement
        if share > most:
            best, most = grain, share
    assert best is not None
    return limited(x, yes, direction, best)
