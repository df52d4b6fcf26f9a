"""Automata learnt from queries by L* (Angluin 1987), through aalpy, as programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairfight.errors import UserError
from fairfight.parts.programs.build import as_int, const, item, last, lookup, ne, scan, state
from fairfight.parts.programs.program import Program
from fairfight.parts.programs.spaces import Batch, Space
from fairfight.seeds import numpy_rng

Array = NDArray[Any]
Ask = Callable[[Batch], Array]
"""Answers a query: the outputs of a network, [n] or [n, positions]."""

LETTERS = 256
"""Largest alphabet."""


@dataclass(frozen=True)
class Automaton:
    """A learnt Mealy machine; a letter is a combination of what the inputs are at a position."""

    space: Space
    next: Array
    """[states, letters]."""
    outputs: Array
    """[states, letters]."""
    wide: bool
    queries: int
    """Sequences that were asked about."""
    stopped: Literal["found", "budget"]
    """``found``: no random sequence told it from the network; else the last hypothesis when no more could be asked."""

    @property
    def states(self) -> int:
        """How many."""
        return len(self.next)

    @property
    def program(self) -> Program:
        """A scan that looks the next state and the output up in tables."""
        letters, letter = self.next.shape[1], const(0)
        items = []
        for k, i in enumerate(self.space.inputs):
            x = self.space[i.name]
            items.append(as_int(x) if i.type.boolean else x)
            letter = (item(k) - i.low if i.low else item(k)) if not k else letter * i.values + (item(k) - i.low)
        place = state(0) * letters + letter
        said = lookup(self.outputs.astype(np.int64).ravel().tolist(), place)
        update = lookup(self.next.ravel().tolist(), place)
        out = ne(state(1), 0) if self.outputs.dtype == bool else state(1)
        machine = scan(items, [0, 0], [update, said], out)
        return Program(self.space, machine if self.wide else last(machine))

    def predict(self, batch: Batch) -> Array:
        """What the automaton says."""
        return self.program(batch)


class _Spent(Exception):
    """No queries are left."""


def learn_automaton(
    ask: Ask,
    space: Space,
    *,
    queries: int = 5000,
    tests: int = 300,
    longest: int = 40,
    lengths: tuple[int, int] | None = None,
    seed: int = 0,
) -> Automaton:
    """Learn the Mealy machine that gives the same outputs.

    Args:
        ask: Answers queries.
        space: The inputs: sequences only.
        queries: Sequences that may be asked about, those of tests included. What has been answered is not asked again.
        longest: No longer sequence is asked about; to need one ends the learning as too many queries do. What counts
            without bound is no automaton, and would be asked about at ever greater length.
        tests: Random sequences that a hypothesis must survive.
        lengths: Of those sequences; the space's if not said.
        seed: Of the tests.

    Raises:
        UserError: An input is no sequence, the alphabet is too large, or equal queries had different answers.
    """
    if any(i.type.rank == 0 for i in space.inputs):
        raise UserError("An automaton reads sequences: give no single values.")
    alphabet = list(product(*(range(i.low, i.high + 1) for i in space.inputs)))
    if len(alphabet) > LETTERS:
        raise UserError(f"The alphabet has {len(alphabet)} letters, and L* is made for at most {LETTERS} here.")
    teacher = _Teacher(ask, space, queries, longest)
    drawn = space.sample(tests, numpy_rng(seed, "words"), lengths or space.lengths)
    hypothesis, stopped = _learn(alphabet, teacher, _words(space, drawn))
    if hypothesis is None:
        move, said = teacher.remembered(alphabet)
    else:
        order = {s: k for k, s in enumerate([hypothesis.initial_state, *_others(hypothesis)])}
        move = np.array([[order[s.transitions[a]] for a in alphabet] for s in order], np.int64)
        said = np.array([[s.output_fun[a] for a in alphabet] for s in order])
    return Automaton(space, move, said, teacher.wide, teacher.asked, stopped)


def _learn(alphabet: list[Any], teacher: _Teacher, words: list[Any]) -> tuple[Any, Literal["found", "budget"]]:
    """The last hypothesis, nothing if there was none yet, and why there was no later one."""
    from aalpy.base import SUL, Oracle
    from aalpy.learning_algs import run_Lstar

    class Network(SUL):  # type: ignore[misc]
        def pre(self) -> None:
            self.word: tuple[Any, ...] = ()

        def post(self) -> None:
            pass

        def step(self, letter: Any) -> Any:
            self.word += (letter,)
            return teacher([self.word])[0][-1]

        def query(self, word: tuple[Any, ...]) -> list[Any]:
            return list(teacher([word])[0])

    class Tests(Oracle):  # type: ignore[misc]
        last: Any = None

        def find_cex(self, hypothesis: Any) -> Any:
            self.last = hypothesis
            for word, answer in zip(words, teacher(words), strict=True):
                hypothesis.reset_to_initial()
                said = [hypothesis.step(a) for a in word]
                if said != list(answer):
                    return word[: 1 + next(k for k in range(len(word)) if said[k] != answer[k])]
            return None

    network = Network()
    tests = Tests(alphabet, network)
    try:
        found = run_Lstar(alphabet, network, tests, "mealy", cache_and_non_det_check=False, print_level=0)
    except _Spent:
        return tests.last, "budget"
    return found, "found"


class _Teacher:
    """Asks about sequences, each once."""

    def __init__(self, ask: Ask, space: Space, queries: int, longest: int) -> None:
        self._ask, self._space, self._queries, self._longest = ask, space, queries, longest
        self._known: dict[tuple[Any, ...], Any] = {}
        self.asked = 0
        self.wide = True

    def __call__(self, words: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The outputs along each word."""
        prefixes = dict.fromkeys(w[: k + 1] for w in words for k in range(len(w)))
        new = [p for p in prefixes if p not in self._known]
        if not self.asked and new:
            self._look(new[:1])
        if self.wide:  # one query answers for all prefixes
            longest = [w for w in dict.fromkeys(words) if any(w[: k + 1] not in self._known for k in range(len(w)))]
            self._look(longest)
        else:
            self._look([p for p in new if p not in self._known])
        return [tuple(self._known[w[: k + 1]] for k in range(len(w))) for w in words]

    def remembered(self, alphabet: list[Any]) -> tuple[Array, Array]:
        """What has been answered as a tree, and the usual answer beyond it: all there is without a hypothesis."""
        if not self._known:
            raise UserError("Not a single query was allowed: L* needs more.")
        answers = list(self._known.values())
        usual = max(dict.fromkeys(answers), key=answers.count)
        whole = {w for w in self._known if all(w[:k] in self._known for k in range(1, len(w)))}
        order = {w: k for k, w in enumerate([(), *sorted(whole, key=len)])}
        move = [[order.get((*w, a), 0) for a in alphabet] for w in order]
        said = [[self._known.get((*w, a), usual) for a in alphabet] for w in order]
        return np.array(move, np.int64), np.array(said)

    def _look(self, words: list[tuple[Any, ...]]) -> None:
        if not words:
            return
        if self.asked + len(words) > self._queries or max(map(len, words)) > self._longest:
            raise _Spent
        self.asked += len(words)
        columns = {i.name: [[a[k] for a in w] for w in words] for k, i in enumerate(self._space.inputs)}
        batch = Batch.ragged(**columns)
        answers = self._ask(batch)
        self.wide = answers.ndim == 2
        for w, answer in zip(words, answers, strict=True):
            ends = range(1, len(w) + 1) if self.wide else [len(w)]
            for end in ends:
                said = answer[end - 1].item() if self.wide else answer.item()
                if self._known.setdefault(w[:end], said) != said:
                    raise UserError(
                        "The network gave different outputs for the same beginning of a sequence: it is not a function "
                        "of what it has read so far, and no automaton can equal it."
                    )


def _words(space: Space, batch: Batch) -> list[tuple[Any, ...]]:
    return [tuple(zip(*(row[i.name] for i in space.inputs), strict=True)) for row in batch.rows()]


def _others(hypothesis: Any) -> list[Any]:
    return [s for s in hypothesis.states if s is not hypothesis.initial_state]
