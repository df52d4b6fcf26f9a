"""A transformer read head by head, after Friedman et al. (2023): selectors, what is taken from there, and maps of both.

From layer to layer, where a head looks is told by variables that are known; what it takes from there becomes one or two
new ones. What it gives is exchanged between inputs to see whether the network takes the new variables for what they
are read as. At last the answers are told by some of the variables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.heads.selection import Pairs, selector
from fairfight.parts.heads.trace import Head, Trace, trace
from fairfight.parts.heads.variables import Variable, expressed, substituted, valued
from fairfight.parts.programs import (
    INTS,
    Expr,
    Program,
    Space,
    aggregate_sum,
    as_int,
    at,
    eq,
    indices,
    selector_width,
    var,
)
from fairfight.seeds import numpy_rng
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.transformer import PlainTransformer

DRAWN, PAIRED = 1500, 260
"""Sequences that are looked at, and of how many of them all pairs of positions."""
NOTHING = 0.02
"""What a head gives, beside the largest of the stream, that counts for nothing."""
RADIUS = 0.3
"""How far from one another values are that are alike, as a share of how large they are."""
DEEP, CLEAR = 40.0, 2.0
"""How far below the greatest attention a gap is looked for, and how wide it must be, in logarithms."""
FAINT = (-8.0, -16.0, -24.0)
"""Where attention is cut off if nothing can be read of it so."""
MANY = 12
"""Values that positions can give to a head at most."""
SLACKS = (0.0, 0.004)
"""Shares of what is seen in which a reading may be wrong: first in none."""
PLAINER = 1.6
"""How many times as long what is always right must be, to be given up for what is nearly always."""


@dataclass
class HeadReading:
    """What a head does."""

    head: Head
    selector: Expr
    variables: list[Variable]
    exchanged: float = 0.0
    """Share of answers that are as the reading says when what the head gives is exchanged between inputs."""


@dataclass
class Reading:
    """What was read of a network."""

    heads: list[HeadReading] = field(default_factory=list)
    unread: list[Head] = field(default_factory=list)
    answer: Expr | None = None
    """Of inputs and variables."""
    program: Program | None = None
    agreement: float = 0.0
    """Share of answers on fresh sequences that the program gives."""


@dataclass
class _Sample:
    """Sequences of all lengths, and what a network makes of them."""

    net: PlainTransformer
    subject: SequenceSubject
    values: Int[np.ndarray, "n length"]
    lengths: Int[np.ndarray, " n"]
    groups: list[Int[np.ndarray, " _"]]
    """Rows of equal length."""
    traces: list[Trace]
    answers: Int[np.ndarray, "n length"]
    """What is answered; at the first position, where there is one answer to a sequence."""
    single: bool

    @property
    def there(self) -> np.ndarray:
        """Which positions there are."""
        found: np.ndarray = np.arange(self.values.shape[1]) < self.lengths[:, None]
        return found

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """Variables to begin with."""
        places = np.where(self.there, np.arange(self.values.shape[1]), 0)
        return {"x": self.values, "i": places}


Drawn = tuple[Int[np.ndarray, "n length"], Int[np.ndarray, " n"]]
"""Sequences, and how long each is."""


def read(net: PlainTransformer, subject: SequenceSubject, space: Space, draw: Callable[[int, str], Drawn]) -> Reading:
    """Read a network.

    Args:
        net: The transformer that the subject is.
        subject: What gives the answers.
        space: The inputs, one sequence ``x``.
        draw: Gives so many sequences, others for each word.
    """
    sample = _sampled(net, subject, draw(DRAWN, "read"))
    found = Reading()
    known = dict(sample.inputs)
    for layer, block in enumerate(net.blocks):
        new: dict[str, np.ndarray] = {}
        for head in range(len(block.q)):  # type: ignore[arg-type]
            if not _matters(sample, (layer, head)):
                continue
            one = _head(sample, (layer, head), known, len(known) + len(new) - 2)
            if one is None:
                found.unread.append((layer, head))
                continue
            found.heads.append(one)
            new |= {v.name: v.values for v in one.variables}
        known |= new
    there = _asked(sample)
    found.answer = _plainest({n: v[there] for n, v in known.items()}, sample.answers[there])
    if found.answer is None:
        return found
    found.program = Program(space, _whole(found, sample.single))
    fresh = _sampled(net, subject, draw(DRAWN, "fresh"))
    told = valued(_whole(found, single=False), {"x": fresh.values}, fresh.lengths)
    found.agreement = float((told == fresh.answers)[_asked(fresh)].mean())
    for one in found.heads:
        one.exchanged = _exchanged(found, one, sample)
    return found


def _asked(sample: _Sample) -> np.ndarray:
    """Positions that are answered."""
    if not sample.single:
        return sample.there
    found = np.zeros(sample.values.shape, bool)
    found[:, 0] = True
    return found


def _whole(found: Reading, single: bool) -> Expr:
    """The answer as an expression of the inputs alone."""
    known: dict[str, Expr] = {"i": indices()}
    for one in found.heads:
        for v in one.variables:
            known[v.name] = substituted(v.expression, known)
    assert found.answer is not None
    e = substituted(found.answer, known)
    return at(e, 0) if single and e.type.rank else e


def _sampled(net: PlainTransformer, subject: SequenceSubject, drawn: Drawn) -> _Sample:
    """What the network makes of sequences."""
    values, lengths = drawn
    groups = [np.flatnonzero(lengths == n) for n in np.unique(lengths)]
    traces, answers, single = [], np.zeros(values.shape, np.int64), False
    for rows in groups:
        n = int(lengths[rows[0]])
        given = torch.from_numpy(np.ascontiguousarray(values[rows, :n, None]))
        told = subject.decide(given).numpy()
        answers[rows, : told.shape[1]] = told
        single = single or told.shape[1] < n
        traces.append(trace(net, given))
    return _Sample(net, subject, values, lengths, groups, traces, answers, single)


def drawn(space: Space, seed: int) -> Callable[[int, str], Drawn]:
    """Sequences of all lengths, many of the greatest; half of them have some numbers much more often than others."""
    one, (shortest, longest) = space.inputs[0], space.lengths

    def draw(n: int, what: str) -> Drawn:
        rng = numpy_rng(seed, "heads", what)
        even = rng.integers(0, one.values, (n, longest))
        shares = rng.dirichlet(np.full(one.values, 0.3), n).cumsum(1)
        uneven = (rng.random((n, longest))[:, :, None] > shares[:, None]).sum(2).clip(max=one.values - 1)
        values = one.low + np.where(rng.random((n, 1)) < 0.5, even, uneven)
        lengths = np.where(rng.random(n) < 0.3, longest, rng.integers(shortest, longest + 1, n))
        return np.where(np.arange(longest) < lengths[:, None], values, 0), lengths

    return draw


def _matters(sample: _Sample, head: Head) -> bool:
    """Whether what a head gives differs from place to place."""
    layer, h = head
    given = torch.cat([t.given[layer][:, h].flatten(0, 1) for t in sample.traces])
    most = max(float(t.given[layer].norm(dim=-1).max()) for t in sample.traces)
    return bool(float((given - given.mean(0)).norm(dim=1).max()) > NOTHING * max(most, 1e-6))


def _head(sample: _Sample, head: Head, known: Mapping[str, np.ndarray], number: int) -> HeadReading | None:
    """Where a head looks, and the variables that it makes of what is there."""
    for looks in _looks(sample, head):
        pairs = _pairs(sample, looks, known)
        e = next((e for slack in SLACKS if (e := selector(Pairs(*pairs, slack=slack))) is not None), None)
        if e is not None:
            break
    else:
        return None
    taken = _taken(sample, head, looks)
    if taken is None:
        return None
    classes, several = taken
    there = sample.there & (classes >= 0)
    counts = valued(selector_width(e), known, sample.lengths)
    parts: list[Expr] = []
    if classes[there].max(initial=0) > 0:
        value = _value({n: v[there] for n, v in known.items()}, classes[there])
        if value is None:
            return None
        if not several:
            parts = [aggregate_sum(e, value)]
        else:
            told = valued(value, known, sample.lengths)
            values = np.unique(told[there])
            masks = [value] if set(values.tolist()) == {0, 1} else [as_int(eq(value, int(v))) for v in values[1:]]
            parts = [aggregate_sum(e, m) for m in masks]
    if len(np.unique(counts[sample.there])) > 1:
        parts.append(selector_width(e))
    variables = [Variable(f"v{number + k}", valued(part, known, sample.lengths), part) for k, part in enumerate(parts)]
    return HeadReading(head, e, variables)


def _looks(sample: _Sample, head: Head) -> Iterator[list[np.ndarray]]:
    """By group: which positions each position looks at [rows, queries, keys], the frame left out; in several ways."""
    layer, h = head
    patterns = [t.patterns[layer][:, h].clamp_min(1e-30).log().numpy() for t in sample.traces]
    first, parts = len(sample.net.before), []
    for pattern, rows in zip(patterns, sample.groups, strict=True):
        inside = slice(first, first + int(sample.lengths[rows[0]]))
        parts.append((pattern - pattern.max(2, keepdims=True))[:, inside, inside])
    for least in (_gap(np.concatenate([p.reshape(-1) for p in parts])), *FAINT):
        yield [p > least for p in parts]


def _gap(under: Float[np.ndarray, " m"]) -> float:
    """The middle of the widest gap between logarithms of attention, below the greatest of each row; else a half."""
    values = np.unique(np.concatenate([under[under > -DEEP], [0.0, -DEEP]]))
    at = int(np.diff(values).argmax())
    wide = float(values[at + 1] - values[at])
    return float(values[at] + wide / 2) if wide > CLEAR else float(np.log(0.5))


def _pairs(
    sample: _Sample, looks: list[np.ndarray], known: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]:
    """All pairs of positions of the first sequences, in an order that mixes lengths."""
    keys: dict[str, list[np.ndarray]] = {n: [] for n in known}
    queries: dict[str, list[np.ndarray]] = {n: [] for n in known}
    seen = []
    for rows, look in zip(sample.groups, looks, strict=True):
        some = np.flatnonzero(rows < PAIRED)
        r, q, k = (a.reshape(-1) for a in np.indices((len(some), *look.shape[1:])))
        seen.append(look[some[r], q, k])
        for n, v in known.items():
            keys[n].append(v[rows[some[r]], k])
            queries[n].append(v[rows[some[r]], q])
    order = numpy_rng(0, "pairs").permutation(sum(len(s) for s in seen))
    flat = tuple({n: np.concatenate(parts)[order] for n, parts in side.items()} for side in (keys, queries))
    return flat[0], flat[1], np.concatenate(seen)[order]


def _taken(sample: _Sample, head: Head, looks: list[np.ndarray]) -> tuple[np.ndarray, bool] | None:
    """What positions give, as classes [n, length], -1 where nobody looks; and whether several give to one at once."""
    layer, h = head
    first = len(sample.net.before)
    found = np.full(sample.values.shape, -1)
    largest = max(float(t.taken[layer][:, h].norm(dim=-1).max()) for t in sample.traces)
    centres: list[Float[Tensor, " d"]] = []
    several = False
    for run, rows, look in zip(sample.traces, sample.groups, looks, strict=True):
        wanted = look.any(1)
        several = several or bool((look.sum(2) > 1).any())
        given = run.taken[layer][:, h, first : first + look.shape[2]]
        flat = given[torch.from_numpy(wanted)]
        classes = torch.full((len(flat),), -1)
        while bool((classes < 0).any()):
            if centres:
                near, which = torch.cdist(flat, torch.stack(centres)).min(1)
                classes = torch.where(near < RADIUS * largest, which, -1)
            if bool((classes < 0).any()):
                centres.append(flat[classes < 0][0])
                if len(centres) > MANY:
                    return None
        part = found[rows, : look.shape[2]]
        part[wanted] = classes.numpy()
        found[rows, : look.shape[2]] = part
    return found, several


def _value(known: Mapping[str, np.ndarray], classes: np.ndarray) -> Expr | None:
    """A number for each class: that of a variable which is one for one with them, or else their own."""
    for name, values in known.items():
        both = len(np.unique(values * (classes.max() + 1) + classes))
        if both == len(np.unique(values)) == len(np.unique(classes)):
            return var(name, INTS)
    return _plainest(known, classes)


def _plainest(known: Mapping[str, np.ndarray], target: np.ndarray) -> Expr | None:
    """The target by the variables; by much less, if that is right but for what a network is wrong in."""
    best: Expr | None = None
    for slack in SLACKS:
        found = expressed(known, target, slack=slack)
        if found is not None and (best is None or PLAINER * found.size <= best.size):
            best = found
    return best


def _exchanged(found: Reading, one: HeadReading, sample: _Sample) -> float:
    """Give each sequence what the head gives in another of its length, and the reading that one's variables."""
    rng, (layer, h) = numpy_rng(0, "exchange"), one.head
    right = total = 0
    for rows, run in zip(sample.groups, sample.traces, strict=True):
        n = int(sample.lengths[rows[0]])
        other = rng.permutation(len(rows))
        values = torch.from_numpy(np.ascontiguousarray(sample.values[rows, :n, None]))
        changed = trace(sample.net, values, {one.head: run.given[layer][torch.from_numpy(other), h]})
        wanted = sample.subject.read_answers(changed.outputs).numpy()
        known = {name: v[rows, :n] for name, v in sample.inputs.items()}
        lengths = sample.lengths[rows]
        for reading in found.heads:
            for v in reading.variables:
                known[v.name] = v.values[rows[other], :n] if reading is one else valued(v.expression, known, lengths)
        assert found.answer is not None
        told = valued(found.answer, known, lengths)[:, : wanted.shape[1]]
        right, total = right + int((told == wanted).sum()), total + wanted.size
    return right / total
