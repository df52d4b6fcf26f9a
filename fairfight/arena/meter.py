"""The FLOP meter: counts what torch does inside it and stops what overspends.

Counting is by operation, at torch's dispatcher, where backward passes and other libraries' use of torch come past too.
A price depends on shapes alone, so the total is the same on every machine that takes the same path through torch.
Calls of known modules are counted once per shape and then added (see :mod:`fairfight.arena.calls`).

Not seen: work outside torch (NumPy, SciPy, scikit-learn), which is bounded in CPU seconds instead. The meter is
there to hold honest code to its budget; code that sets out to unhook it from inside its process can.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar

from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop
from torch.utils._python_dispatch import TorchDispatchMode

from fairfight.arena.backward import Backward
from fairfight.arena.calls import Calls
from fairfight.arena.flops import price_of
from fairfight.arena.formulas import Price
from fairfight.arena.inheritance import inherited
from fairfight.arena.keyring import Keyring
from fairfight.arena.listed import LISTED
from fairfight.arena.steady import Prices, package, patches
from fairfight.arena.surveys import Surveyor
from fairfight.parts.reuse import is_reusable

STEADY_OPTIMIZERS: tuple[type[Optimizer], ...] = (Adagrad, Adam, AdamW, RMSprop, SGD)
"""Their steps do the same work each time."""


class BudgetExceeded(BaseException):
    """More operations than the budget allows. Not an ``Exception``: a contender's ``except Exception`` lets it pass."""


class Meter:
    """Counts floating-point operations while it is entered, in every thread started meanwhile.

    .. code-block:: python

        with Meter(limit=10**12) as meter:
            submission = contender(brief)
        meter.flops

    Args:
        limit: The budget; None counts without a limit.
        share: How much of reusable work (:mod:`fairfight.parts.reuse`) counts against the limit.
        remember: Count known modules once per shape. Without it, the same totals take longer.
    """

    _active: ClassVar[Meter | None] = None

    def __init__(self, limit: int | None, *, share: float = 1.0, remember: bool = True) -> None:
        self.limit = limit
        self.flops = 0
        """Counted so far, all in full."""
        self.reusable = 0
        """The part of it that was marked as reusable."""
        self._discount = 1.0 - share
        self.tripped = False
        """Whether the budget was overspent. It stays so: what catches the exception has lost all the same."""
        self._surveyor = Surveyor()
        self.known = inherited()
        """Prices it began with and has learned."""
        self._calls = Calls(self, self._surveyor, self.known) if remember else None
        self.threads = 0
        """How many other threads are being counted."""
        self.lent_seconds = 0.0
        """CPU time of what was lent."""
        self._lock = threading.Lock()
        self._mode: TorchDispatchMode | None = None
        self._undo: list[tuple[Any, str, Any]] = []
        self._before: set[int] = set()

    def trust(self, module: nn.Module) -> None:
        """Count modules of these types (the module's and its parts') once per shape too.

        Only for modules whose work depends on the shapes of their inputs and not on the values.
        """
        self._surveyor.trust(module)

    def charge(self, flops: int) -> None:
        """Add to the bill.

        Raises:
            BudgetExceeded: The budget is overspent, now or before.
        """
        with self._lock:
            self.flops += flops
            if is_reusable():
                self.reusable += flops
        if self.tripped or (self.limit is not None and self.flops - self._discount * self.reusable > self.limit):
            self.tripped = True
            raise BudgetExceeded(f"the budget of {self.limit} floating-point operations is spent")

    def lend(self, flops: int, seconds: float) -> None:
        """Charge for what was computed before, and is given instead of being computed again.

        Raises:
            BudgetExceeded: The budget is overspent, now or before.
        """
        with self._lock:
            self.lent_seconds += seconds
        if self._calls is None or not self._calls.thread.quiet:  # else it is in the price of who asks
            self.charge(flops)

    def __enter__(self) -> Meter:
        if Meter._active is not None:
            raise RuntimeError("a meter is running already: one process has one")
        Meter._active = self
        self._mode = _Counting(self)
        self._mode.__enter__()  # type: ignore[no-untyped-call]
        self._patch(threading.Thread, "start", _counted_start(self, threading.Thread.start))
        if self._calls is not None:
            self._calls.join_thread(self._mode)
            for optimizer in STEADY_OPTIMIZERS:
                self._patch(optimizer, "step", self._calls.counted_step(optimizer.step))
            # Not ``__call__`` itself: setting a special method has Python go through all subclasses.
            self._patch(nn.Module, "_call_impl", self._calls.counted(nn.Module._call_impl))
            keyring = Keyring(self._surveyor, self.known.kept)
            prices = Prices(self, self._calls, keyring, self.known.prices)
            self._before = {id(m) for m in package()}
            for patch in [*Backward(self, self._calls).patches(), *patches(prices, LISTED)]:
                self._patch(*patch)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        late = [m for m in package() if id(m) not in self._before] if self._calls is not None else []
        while self._undo:
            owner, name, before = self._undo.pop()
            for module in late:  # imported meanwhile
                if vars(module).get(name) is vars(owner).get(name):
                    setattr(module, name, before)
            setattr(owner, name, before)
        if self._mode is not None:
            self._mode.__exit__(kind, error, at)  # type: ignore[no-untyped-call]
        if self._calls is not None:
            self._calls.leave_thread()
        self._mode = None
        Meter._active = None
        if self.tripped and kind is None:
            raise BudgetExceeded(
                f"the budget of {self.limit} floating-point operations was spent, and that was hushed up"
            )

    def _patch(self, owner: Any, name: str, value: Any) -> None:
        self._undo.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)


@dataclass(frozen=True)
class _Rule:
    operator: Any
    price: Price | None
    composite: bool
    """In inference mode composite operators arrive whole; what they are made of has the prices."""


# By identity, since operators are hashed in Python, and slowly; each rule keeps its operator alive.
_rules: dict[int, _Rule] = {}


def _look_up(operator: Any) -> _Rule:
    rule = _rules[id(operator)] = _Rule(operator, price_of(operator), bool(operator._can_decompose()))
    return rule


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Charges each operation of one thread."""

    def __init__(self, meter: Meter) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.meter = meter

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Else the first operation under the mode imports torch's compiler, which takes seconds.
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        meter = self.meter
        if meter.tripped:
            meter.charge(0)
        rule = _rules.get(id(func)) or _look_up(func)
        kwargs = kwargs or {}
        if rule.composite:
            with self:
                out = func.decompose(*args, **kwargs)
            if out is not NotImplemented:
                return out
        out = func(*args, **kwargs)
        if rule.price is not None:
            if "out" in kwargs:  # what is written is priced as what comes out
                kwargs = {k: v for k, v in kwargs.items() if k != "out"}
            meter.charge(rule.price(out, *args, **kwargs))
        return out


def _counted_start(meter: Meter, start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """``Thread.start`` such that the thread's work is counted: dispatch modes are a thread's own."""

    def counted_start(thread: threading.Thread) -> None:
        run = thread.run

        def counted_run() -> None:
            try:
                with _Counting(meter) as mode:
                    if meter._calls is not None:
                        meter._calls.join_thread(mode)
                    run()
            except BudgetExceeded:
                pass  # The meter knows; the thread that waits for this one hears it at its next operation.
            finally:
                with meter._lock:
                    meter.threads -= 1

        thread.run = counted_run  # type: ignore[method-assign]
        with meter._lock:
            meter.threads += 1
        start(thread)

    return counted_start
