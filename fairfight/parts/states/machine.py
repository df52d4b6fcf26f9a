"""Finite machines in recurrent networks: states that fall on few points, found by stepping the network itself.

From the initial state, every letter is tried on every state found, and a new state counts as an old one that lies
within a tolerance (after Omlin & Giles 1996). States that no input tells apart are one (Hopcroft & Ullman 1979).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Int

from fairfight.subject.recurrent import Recurrent
from fairfight.subject.sequences import SequenceSubject

TOLERANCES = (0.6, 0.5, 0.4, 0.33, 0.27, 0.22, 0.18, 0.14, 0.1, 0.07)
"""Tried from wide to narrow, as shares of the states' spread."""
MOST = 150
"""Points that a machine may have before states that answer alike are merged."""
LETTERS = 256


@dataclass(frozen=True)
class Machine:
    """What is answered to each letter in each state, and where it leads; the machine starts in state 0."""

    letters: Int[np.ndarray, "letters channels"]
    moves: Int[np.ndarray, "states letters"]
    answers: Int[np.ndarray, "states letters"]
    points: int = 0
    """On how many points of the network's the machine rests."""

    def __len__(self) -> int:
        return len(self.moves)

    def run(self, values: Int[np.ndarray, "n length channels"]) -> Int[np.ndarray, "n length"]:
        """The answers to inputs."""
        low, high = self.letters.min(0), self.letters.max(0)
        radix = np.cumprod([1, *(high - low + 1)[:0:-1]])[::-1]
        which = (values - low) @ radix
        state = np.zeros(len(values), dtype=np.int64)
        out = np.zeros(values.shape[:2], dtype=np.int64)
        for t in range(values.shape[1]):
            out[:, t] = self.answers[state, which[:, t]]
            state = self.moves[state, which[:, t]]
        return out


def alphabet(low: int, high: int, channels: int) -> Int[np.ndarray, "letters channels"] | None:
    """Every input there can be at one position, or nothing where there are too many."""
    if (high - low + 1) ** channels > LETTERS:
        return None
    return np.array(list(product(range(low, high + 1), repeat=channels)), dtype=np.int64)


@torch.no_grad()
def machines(subject: SequenceSubject, spread: float) -> Iterator[Machine]:
    """Machines at ever narrower tolerances, each minimised, until one needs too many points.

    Args:
        subject: With a recurrent network.
        spread: Root mean square distance of states from their mean.
    """
    module, space = subject.module, subject.space
    letters = alphabet(space.low, space.high, space.channels)
    if letters is None or not isinstance(module, Recurrent):
        return
    fed = module.feed(module.encode(torch.from_numpy(letters)[:, None]))[:, 0]
    for share in TOLERANCES:
        found = _explored(subject, module, letters, fed, share * spread)
        if found is None:
            return
        yield minimal(found)


@torch.no_grad()
def _explored(
    subject: SequenceSubject, module: Recurrent, letters: np.ndarray, fed: torch.Tensor, tolerance: float
) -> Machine | None:
    points = [torch.zeros(module.hidden)]
    moves: list[list[int]] = []
    answers: list[list[int]] = []
    while len(moves) < len(points):
        here = points[len(moves)].expand(len(letters), -1)
        there = module.step(here, fed)
        answers.append(subject.read_answers(module.answer(there)).tolist())
        row = []
        for state in there:
            distance = (torch.stack(points[1:]) - state).norm(dim=1) if len(points) > 1 else torch.ones(1) * torch.inf
            nearest = int(distance.argmin())
            if float(distance[nearest]) > tolerance:
                points.append(state)
                nearest = len(points) - 2
            row.append(nearest + 1)
        if len(points) > MOST:
            return None
        moves.append(row)
    return Machine(letters, np.array(moves), np.array(answers), len(points))


def minimal(machine: Machine) -> Machine:
    """The smallest machine that answers alike; its states are numbered in the order in which they are first met."""
    _, blocks = np.unique(machine.answers, axis=0, return_inverse=True)
    blocks = blocks.reshape(-1)
    while True:
        _, finer = np.unique(np.column_stack([blocks, blocks[machine.moves]]), axis=0, return_inverse=True)
        finer = finer.reshape(-1)
        if finer.max() == blocks.max():
            break
        blocks = finer
    order: list[int] = []
    left = [0]
    while left:
        state = left.pop(0)
        if blocks[state] in [blocks[s] for s in order]:
            continue
        order.append(state)
        left += machine.moves[state].tolist()
    number = {int(blocks[s]): i for i, s in enumerate(order)}
    moves = np.array([[number[int(blocks[t])] for t in machine.moves[s]] for s in order])
    return Machine(machine.letters, moves, machine.answers[order], machine.points)


def numberings(machine: Machine) -> Iterator[Int[np.ndarray, " states"]]:
    """Ways to number the states that can make the moves a plain law, the likeliest first.

    By what is answered on reaching a state, where that tells states apart; so that the moves are affine modulo the
    number of states; by the orbit of one letter; as they were met.
    """
    n = len(machine)
    reached: list[set[int]] = [set() for _ in range(n)]
    for s, a in product(range(n), range(len(machine.letters))):
        reached[int(machine.moves[s, a])].add(int(machine.answers[s, a]))
    if all(len(r) == 1 for r in reached[1:]) and len(reached[0]) < 2:
        answers = [min(r, default=0) for r in reached]
        if len(set(answers)) == n:
            yield np.array(answers)
    if 2 < n <= 12:
        yield from _affine(machine)
    for a in range(min(len(machine.letters), 12)):
        orbit = [0]
        while len(orbit) <= n and (following := int(machine.moves[orbit[-1], a])) not in orbit:
            orbit.append(following)
        if len(orbit) == n:
            yield np.argsort(np.array(orbit))
    yield np.arange(n)


def _affine(machine: Machine) -> Iterator[Int[np.ndarray, " states"]]:
    n = len(machine)
    for a, b, c in product(range(1, n), range(1, n), range(n)):
        push = (b * machine.letters.sum(1) + c) % n
        number = np.full(n, -1)
        number[0] = 0
        left = [0]
        while left:
            s = left.pop()
            wanted = (a * number[s] + push) % n
            for t, w in zip(machine.moves[s], wanted, strict=True):
                if number[t] < 0:
                    number[t] = w
                    left.append(int(t))
                elif number[t] != w:
                    break
            else:
                continue
            break
        else:
            if len(set(number.tolist())) == n:
                yield number
                return
