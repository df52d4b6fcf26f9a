"""Functions of this package whose cost follows from shapes: counted once a shape, and then added.

Torch's dispatch mode costs more than most small operations do. A function that is listed in
:mod:`fairfight.arena.listed` runs under it once for each key (the shapes and options that decide its cost) and leaves a
price; later calls are charged that and run with the mode off. A cost that also depends on a number that only shows in
the course of the call (how many latents fired) has that part in a formula of its own.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from fairfight.arena.keys import Uncertain, is_strange

if TYPE_CHECKING:
    from fairfight.arena.calls import Calls
    from fairfight.arena.keyring import Keyring
    from fairfight.arena.meter import Meter

Call = Callable[..., Any]


@dataclass(frozen=True)
class Steady:
    """A function or method whose cost is known from its key."""

    owner: Any
    """Its module or class."""
    name: str
    key: Callable[..., Hashable]
    """Called with a keyring and the function's own arguments; raises :class:`Uncertain` where they do not decide."""
    extra: Callable[..., int | None] | None = None
    """Called with the witness, the outcome and the function's own arguments: what the cost has beyond the key's price;
    None where that cannot be told, and then the function is called again and counted."""
    apart: bool = False
    """Charged by itself also within another listed function, whose price is without it."""
    formula: bool = False
    """``extra`` gives the whole cost, and the first call needs no counting either."""
    steps: bool = False
    """It gives an iterator; the key of each step is asked for, with the step's number before the arguments."""
    repeatable: bool = True
    """Another call with the same arguments does the same and changes no more."""


@dataclass(frozen=True)
class Witness:
    """A function whose outcome decides the cost of the listed function that calls it."""

    owner: Any
    name: str


class Prices:
    """Prices of listed functions under one meter."""

    def __init__(self, meter: Meter, calls: Calls, keyring: Keyring, known: dict[Hashable, int]) -> None:
        self._meter, self._calls, self._keyring = meter, calls, keyring
        self._thread = calls.thread
        self._prices = known

    def counted(self, what: Steady, function: Call) -> Call:
        """The function such that it is charged by its price."""
        thread, keyring = self._thread, self._keyring

        @functools.wraps(function)
        def counted_function(*args: Any, **kwargs: Any) -> Any:
            if thread.mode is None:
                return function(*args, **kwargs)
            if thread.quiet:
                if not (thread.covered and what.apart):
                    return function(*args, **kwargs)
            elif not thread.on or thread.frame is not None or is_strange():
                return function(*args, **kwargs)
            was_on, quiet, covered = thread.on, thread.quiet, thread.covered
            self._calls.turn(False)
            try:
                if self._meter.tripped:
                    self._meter.charge(0)
                try:
                    key = (what.owner, what.name, *ambient(), what.key(keyring, *args, **kwargs))
                except (Uncertain, RuntimeError, TypeError, AttributeError):  # not called as it should be, say
                    return self._count(what, function, None, args, kwargs)
                if what.formula or key in self._prices:
                    return self._charge(what, function, key, args, kwargs)
                return self._count(what, function, key, args, kwargs)
            finally:
                thread.quiet, thread.covered = quiet, covered
                self._calls.turn(was_on)

        return counted_function

    def iterated(self, what: Steady, function: Call) -> Call:
        """A function that gives an iterator, such that each of its steps is charged by its price."""

        @functools.wraps(function)
        def counted_iterator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps = function(*args, **kwargs)

            def key(keyring: Keyring, number: int) -> Hashable:
                return what.key(keyring, number, *args, **kwargs)

            step = Steady(what.owner, what.name, key, repeatable=False)
            advance = self.counted(step, lambda _number: next(steps, _END))
            number = 0
            while (value := advance(number)) is not _END:
                yield value
                number += 1

        return counted_iterator

    def witnessed(self, function: Call) -> Call:
        """The function such that what it gives is kept for the price of the function that calls it."""
        thread = self._thread

        @functools.wraps(function)
        def witnessed_function(*args: Any, **kwargs: Any) -> Any:
            out = function(*args, **kwargs)
            if thread.mode is not None:
                thread.witness = out
            return out

        return witnessed_function

    def _charge(self, what: Steady, function: Call, key: Hashable, args: Any, kwargs: Any) -> Any:
        """By the price that is known."""
        thread, meter = self._thread, self._meter
        apart, witness = thread.apart, thread.witness
        price = 0 if what.formula else self._prices[key]
        if price:
            meter.charge(price)
        thread.quiet = thread.covered = True
        extra: int | None = None
        try:
            out = function(*args, **kwargs)
            extra = 0 if what.extra is None else what.extra(thread.witness, out, *args, **kwargs)
        except Exception:
            if not what.repeatable:
                raise
        finally:
            thread.witness = witness
        if extra is None:
            # It went another way than the price is for: all that was charged is taken back.
            meter.charge(apart - thread.apart - price)
            thread.apart = apart
            return self._count(what, function, None, args, kwargs)
        if extra:
            meter.charge(extra)
        if what.apart:
            thread.apart += price + extra
        return out

    def _count(self, what: Steady, function: Call, key: Hashable, args: Any, kwargs: Any) -> Any:
        """Operation by operation; with a key, what it came to is the price from now on."""
        thread, meter = self._thread, self._meter
        apart, witness, start, crowd = thread.apart, thread.witness, meter.flops, meter.threads
        thread.quiet = thread.covered = False
        self._calls.turn(True)
        try:
            out = function(*args, **kwargs)
            total = meter.flops - start
            self._calls.turn(False)
            if key is not None and (crowd, meter.threads) == (0, 0):
                extra = 0 if what.extra is None else what.extra(thread.witness, out, *args, **kwargs)
                if extra is not None:
                    self._prices[key] = total - (thread.apart - apart) - extra
        finally:
            thread.witness = witness
        if what.apart:
            thread.apart = apart + total
        return out


_END = object()


def ambient() -> tuple[bool, bool, bool]:
    """What decides the cost of whatever is called."""
    return torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch._C._is_any_autocast_enabled()


Patch = tuple[Any, str, Any]
"""Owner, name and what is put there."""


def patches(prices: Prices, listed: tuple[Steady | Witness, ...]) -> Iterator[Patch]:
    """Where the listed functions are found in this package, and what is to stand there."""
    for what, function, owners in _found(listed, tuple(package())):
        if isinstance(what, Witness):
            new = prices.witnessed(function)
        else:
            new = (prices.iterated if what.steps else prices.counted)(what, function)
        for owner in owners:
            yield owner, what.name, new


@functools.lru_cache(maxsize=1)
def _found(
    listed: tuple[Steady | Witness, ...], modules: tuple[Any, ...]
) -> list[tuple[Steady | Witness, Call, list[Any]]]:
    found = []
    for what in listed:
        function = vars(what.owner)[what.name]
        owners = (
            [what.owner] if isinstance(what.owner, type) else [m for m in modules if vars(m).get(what.name) is function]
        )
        found.append((what, function, owners))
    return found


_package: list[Any] = []
_seen: list[Hashable] = [None]
"""How many modules were loaded when ``_package`` was found, and the latest of them."""


def package() -> list[Any]:
    """This package's modules that are loaded."""
    now = len(sys.modules), next(reversed(sys.modules))
    if _seen[0] != now:
        _package[:] = [m for n, m in list(sys.modules.items()) if n.startswith("fairfight.") and m is not None]
        _seen[0] = now
    return list(_package)
