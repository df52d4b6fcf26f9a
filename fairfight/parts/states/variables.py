"""Which numbers a recurrent network keeps: read from its states, and confirmed by exchanging states.

A candidate is a course: a number for each position of some sequences, such as the states of a machine that somebody
thinks of. It is *read* as far as a linear map of the states, and of the clusters that they fall into, tells it on
sequences that the map was not fitted to (Alain & Bengio 2016). It is *used* as far as a state may be exchanged for
another of equal number without changing any later answer (interchange interventions, Geiger et al. 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int

from fairfight.parts.states.runs import Runs, run
from fairfight.seeds import numpy_rng
from fairfight.subject.recurrent import Recurrent
from fairfight.subject.sequences import SequenceSubject

CLUSTERS, ROUNDS = 24, 20
"""Into how many points states are put together, and how often these are moved (Lloyd 1982)."""
RIDGE = 1e-4


class Variables:
    """What the states of a recurrent network tell about courses over the same sequences, position after position."""

    def __init__(self, subject: SequenceSubject, values: Int[np.ndarray, "n length channels"], seed: int = 0) -> None:
        """Run a network.

        Args:
            subject: A recurrent network with the site ``state``.
            values: Whole sequences; courses may be over the first of them only.
            seed: Draws clusters, and what is exchanged.
        """
        self._subject, self._seed = subject, seed
        self.runs: Runs = run(subject, values)
        self._maps: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def read(self, courses: Int[np.ndarray, "courses positions"]) -> Float[np.ndarray, " courses"]:
        """The share of each course's variance that states tell, from 0 to 1; 0 of what stands still."""
        n = courses.shape[1] // self.runs.values.shape[1]
        if n < 4:
            return np.zeros(len(courses))
        fit, held = np.split(courses.astype(np.float32), [courses.shape[1] // n * (n // 2)], axis=1)
        mean, (solved, told) = fit.mean(1, keepdims=True), self._map(n)
        missed = ((held - mean - (fit - mean) @ solved @ told) ** 2).sum(1)
        whole = held.var(1) * held.shape[1]
        share: np.ndarray = np.where(whole > 0, 1 - missed / np.maximum(whole, 1e-12), 0.0)
        found: np.ndarray = np.clip(share, 0.0, 1.0)
        return found

    def used(self, courses: Sequence[Int[np.ndarray, " positions"]]) -> float:
        """How far states of equal numbers are one state: 1 where no later answer changes, 0 as with any other state."""
        length = self.runs.values.shape[1]
        n, after = len(courses[0]) // length, length // 2
        now = np.stack([c.reshape(n, length)[:, after - 1] for c in courses], 1)
        _, group = np.unique(now, axis=0, return_inverse=True)
        kept, chance = (self._kept(g, after) for g in (group.reshape(-1), np.zeros(n, int)))
        return max(0.0, (kept - chance) / (1 - chance)) if chance < 1 else float(kept == 1)

    def _kept(self, group: Int[np.ndarray, " n"], after: int) -> float:
        """The share of later answers that stay when states are exchanged within groups; those alone stay out."""
        module = self._subject.module
        assert isinstance(module, Recurrent)
        rng = numpy_rng(self._seed, "exchanged", *np.bincount(group).tolist())
        order = np.lexsort((rng.random(len(group)), group))
        source = np.arange(len(group))
        for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            source[members] = np.roll(members, 1)
        moved = np.flatnonzero(source != np.arange(len(group)))
        if not len(moved):
            return 0.0
        values = torch.from_numpy(np.ascontiguousarray(self.runs.values[moved, after:]))
        with torch.no_grad():
            state = torch.from_numpy(self.runs.states[source[moved], after - 1]).to(module.recur.weight.dtype)
            every = []
            for fed in module.feed(module.encode(values)).unbind(1):
                state = module.step(state, fed)
                every.append(state)
            answers = self._subject.read_answers(module.answer(torch.stack(every, 1))).numpy()
        return float((answers == self.runs.answers[moved, after:]).mean())

    def _map(self, n: int) -> tuple[Float[np.ndarray, "fit told"], Float[np.ndarray, "told held"]]:
        """From a course on the first half of the sequences to what states say of it on the second half."""
        if n not in self._maps:
            told = self._told[:n]
            fit, held = (part.reshape(-1, told.shape[2]) for part in (told[: n // 2], told[n // 2 :]))
            shrunk = fit.T @ fit + RIDGE * len(fit) * np.eye(fit.shape[1])
            solved = np.linalg.solve(shrunk, fit.T).T
            self._maps[n] = solved.astype(np.float32), held.T.astype(np.float32)
        return self._maps[n]

    @cached_property
    def _told(self) -> Float[np.ndarray, "n length told"]:
        """States in units of their spread, and in which cluster each is."""
        states = self.runs.states
        flat = states.reshape(-1, states.shape[2])
        flat = (flat - flat.mean(0)) / np.maximum(flat.std(0), 1e-9)
        near = clusters(flat, CLUSTERS, self._seed)
        told = np.hstack([flat, near[:, None] == np.arange(CLUSTERS)])
        return told.reshape(*states.shape[:2], -1)


class Shuffled:
    """The same numbers as another's, each for some other course: what is left of guidance without its insight."""

    def __init__(self, true: Variables, seed: int) -> None:
        """Around what says something."""
        self._true, self._rng = true, numpy_rng(seed, "shuffled guidance")
        self._read: list[float] = []
        self._used: list[float] = []

    def read(self, courses: Int[np.ndarray, "courses positions"]) -> Float[np.ndarray, " courses"]:
        """For each course a number that was true of one of those so far."""
        self._read += self._true.read(courses).tolist()
        return np.array(self._read)[self._rng.integers(len(self._read), size=len(courses))]

    def used(self, courses: Sequence[Int[np.ndarray, " positions"]]) -> float:
        """A number that was true of one of the courses so far."""
        self._used.append(self._true.used(courses))
        return self._used[int(self._rng.integers(len(self._used)))]


def clusters(points: Float[np.ndarray, "m d"], k: int, seed: int) -> Int[np.ndarray, " m"]:
    """In which of at most ``k`` clusters each point lies (Lloyd 1982, begun as by Arthur & Vassilvitskii 2007)."""
    rng = numpy_rng(seed, "clusters")
    centres = points[rng.integers(len(points), size=1)]
    for _ in range(k - 1):
        away = ((points[:, None] - centres) ** 2).sum(2).min(1)
        if away.max() < 1e-9:
            break
        centres = np.vstack([centres, points[rng.choice(len(points), p=away / away.sum())]])
    for _ in range(ROUNDS):
        near = ((points[:, None] - centres) ** 2).sum(2).argmin(1)
        centres = np.stack([points[near == j].mean(0) if (near == j).any() else c for j, c in enumerate(centres)])
    found: np.ndarray = ((points[:, None] - centres) ** 2).sum(2).argmin(1)
    return found
