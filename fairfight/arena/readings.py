"""What most contenders compute anyway, computed once: a subject's trunk on some inputs, and other work with a brief.

Both are deterministic, so that a contender who asks for what is known already is given it. It pays as if it had done
the work itself: the same operations on the bill, and the CPU time that it took.
"""

from __future__ import annotations

import copy
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._C import _DisableTorchDispatch

from fairfight.arena.keys import has_hooks
from fairfight.arena.meter import Meter
from fairfight.subject.earlier import Chore
from fairfight.subject.harvesting import BATCH, Activations
from fairfight.subject.inputs import Inputs
from fairfight.subject.pooling import pooler
from fairfight.subject.sites import Site
from fairfight.subject.subject import Subject

if TYPE_CHECKING:
    from fairfight.subject.pooling import Pool


@dataclass(frozen=True)
class Reading:
    """A subject's trunk on some inputs, one vector an input, and what each share of it cost."""

    acts: dict[str, Tensor]
    """[n, d] by site."""
    logits: Tensor
    """[n, classes]"""
    until: dict[str, int]
    """Operations of passes that end at each site, with nothing taken on the way."""
    taking: dict[str, int]
    """Operations of making one vector an input out of each."""
    positions: int
    """Operations of finding where the inputs decide."""
    whole: int
    """Operations of whole passes."""
    seconds: float
    """CPU time of all this."""

    def cost(self, sites: Iterable[str], head: bool) -> int:
        """Operations of harvesting these sites alone."""
        wanted = tuple(sites)
        run = self.whole if head else max(self.until[s] for s in wanted)
        return run + self.positions + sum(self.taking[s] for s in wanted)


@torch.no_grad()
def read(subject: Subject, inputs: Inputs) -> Reading:
    """Run the subject on the inputs as :func:`fairfight.subject.harvesting.harvest` does, and note what it costs."""
    sites = {name: subject.site(name) for name in subject.trunk}
    until, taking = dict.fromkeys(sites, 0), dict.fromkeys(sites, 0)
    parts: dict[str, list[Tensor]] = {name: [] for name in sites}
    rows: list[Tensor] = []
    meter = Meter(None)
    meter.trust(subject.module)
    begun = whole = positions = copies = 0

    def arrive(site: Site, x: Tensor) -> Tensor:
        nonlocal copies
        until[site.name] += meter.flops - begun - copies
        if site.overwritten:  # reading it makes a copy, which is not the pass's own
            before = meter.flops
            x.clone()
            copies += 2 * (meter.flops - before)
            taking[site.name] += meter.flops - before
        return x

    def joined(tensors: list[Tensor]) -> tuple[Tensor, int]:
        before = meter.flops
        return torch.cat(tensors) if len(tensors) > 1 else tensors[0], meter.flops - before

    writes = {name: partial(arrive, site) for name, site in sites.items()}
    start = time.process_time()
    with meter, subject.hooks(sites, writes) as tape:
        for batch in inputs.batches(BATCH):
            begun, copies = meter.flops, 0
            rows.append(subject(batch))
            whole += meter.flops - begun - copies
            before = meter.flops
            vector = pooler(subject.anatomy, batch, "decision")
            positions += meter.flops - before
            for name in sites:
                before = meter.flops
                parts[name].append(vector(tape[name]))
                taking[name] += meter.flops - before
            tape.clear()
        logits, joining = joined(rows)
        whole += joining
        acts = {}
        for name, part in parts.items():
            acts[name], joining = joined(part)
            taking[name] += joining
    return Reading(acts, logits, until, taking, positions, whole, time.process_time() - start)


@dataclass(frozen=True)
class Done:
    """A chore's result and what it cost."""

    result: Any
    flops: int
    seconds: float
    """CPU time."""


def do(subject: Subject, chore: Chore) -> Done:
    """Do what most contenders would do with this subject, and note what it costs."""
    meter = Meter(None)
    meter.trust(subject.module)
    start = time.process_time()
    with meter:
        result = chore.do()
    return Done(result, meter.flops, time.process_time() - start)


def once(subject: Subject, things: Iterable[Inputs | Chore]) -> tuple[Reading | Done, ...]:
    """Read the inputs among the things and do the chores."""
    return tuple(do(subject, thing) if isinstance(thing, Chore) else read(subject, thing) for thing in things)


class Readings:
    """What was computed of one subject; harvesting asks it before it runs the subject, and so does who has a chore."""

    def __init__(self, subject: Subject, meter: Meter) -> None:
        """
        Args:
            subject: Whose readings these are, as it was when they were made.
            meter: Is charged.
        """
        self._module = subject.module
        self._meter = meter
        self._state = _state(subject.module)
        self._known: list[tuple[Inputs, Reading]] = []
        self._done: dict[str, Done] = {}

    def add(self, things: Sequence[Inputs | Chore], known: Sequence[Reading | Done]) -> None:
        """What :func:`once` gave of these things."""
        for thing, one in zip(things, known, strict=True):
            if isinstance(thing, Chore):
                assert isinstance(one, Done)
                self._done[thing.key] = one
            else:
                assert isinstance(one, Reading)
                self._known.append((thing, one))

    def find(
        self, subject: Subject, inputs: Inputs, sites: Sequence[str], *, batch_size: int, pool: Pool | None, head: bool
    ) -> Activations | None:
        """What harvesting would give; None where that is not known or the subject is no longer what it was."""
        if batch_size != BATCH or pool != "decision" or subject.module is not self._module:
            return None
        with _DisableTorchDispatch():
            reading = next((r for known, r in self._known if _same(known, inputs)), None)
            if reading is None or not set(sites) <= reading.acts.keys() or not (sites or head):
                return None
            if _state(self._module) != self._state:
                return None
            tensors = {s: reading.acts[s].clone() for s in sites}
            logits = reading.logits.clone() if head else None
        cost = reading.cost(sites, head)
        self._meter.lend(cost, reading.seconds * cost / max(1, reading.cost(reading.acts, True)))
        return Activations(tensors, logits, None)

    def result(self, subject: Subject, chore: Chore) -> Any:
        """The chore's result; it is done now unless it was done before and the subject is as it was then."""
        done = self._done.get(chore.key)
        if done is not None and subject.module is self._module:
            with _DisableTorchDispatch():
                if _state(self._module) == self._state:
                    result = copy.deepcopy(done.result)
                    self._meter.lend(done.flops, done.seconds)
                    return result
        return chore.do()

    def __deepcopy__(self, memo: object) -> None:
        """A copy of the subject is another subject."""
        return


def _same(one: Inputs, other: Inputs) -> bool:
    """Whether they hold the same values."""
    if type(one) is not type(other):
        return False
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs)


def _state(module: nn.Module) -> int | None:
    """A checksum of what a call depends on: types, modes, weights; None while there are hooks."""
    state = 1
    for part in module.modules():
        own = part.__dict__
        if has_hooks(own) or "forward" in own:
            return None
        state = zlib.adler32(f"{type(part).__qualname__} {own['training']}".encode(), state)
        for x in (*own["_parameters"].values(), *own["_buffers"].values()):
            if x is not None:
                state = zlib.adler32(x.detach().cpu().reshape(-1).view(torch.uint8).numpy(), state)
    return state
