"""Known modules, counted once per input shape and then added.

The first call of a module with inputs of a given shape runs under the counting mode and leaves a *bill*: what the
whole call cost, and what its own code cost between the calls of its parts. Later calls of the same shape run with the
mode off. A module without hooks in it is charged as a whole; one with hooks somewhere in it is charged piece by piece
as its parts are called, and the hooks themselves run with the mode on. A call that ends early (a hook that raises, to
stop at the deepest layer that is read) is charged for the pieces that it reached.

Only modules of trusted types take part: those that torch.nn and transformers define, and what the meter is told to
trust. Any other module, and a known one that is called with something else than tensors and plain values, is counted
operation by operation, its parts as they deserve.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any

from torch import nn
from torch._C import _pop_torch_dispatch_stack as pop_mode
from torch._C import _push_on_torch_dispatch_stack as push_mode

from fairfight.arena.bills import Bill, Frame, Key, Known, Piece, ThreadState, expected
from fairfight.arena.keys import Uncertain, has_hooks, is_strange, key_of_step

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils._python_dispatch import TorchDispatchMode

    from fairfight.arena.meter import Meter
    from fairfight.arena.surveys import Surveyor

Call = Callable[..., Any]


class Calls:
    """The bills of one meter, and how modules are called under it."""

    def __init__(self, meter: Meter, surveyor: Surveyor, known: Known) -> None:
        self._meter = meter
        self.thread = self._thread = ThreadState()
        self._surveyor = surveyor
        self._steps: dict[Hashable, int] = {}
        self._bills = known.bills

    def join_thread(self, mode: TorchDispatchMode) -> None:
        """Tell the calling thread's own counting mode, which has just been entered."""
        self._thread.__dict__.clear()
        self._thread.mode = mode
        self._thread.surveys = {}

    def leave_thread(self) -> None:
        """The calling thread's mode has been left."""
        self._thread.__dict__.clear()

    def counted(self, call: Call) -> Call:
        """``nn.Module._call_impl``, which every call comes to, such that known modules are charged by their bills."""
        thread = self._thread

        def counted_call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
            if thread.quiet or thread.mode is None:
                return call(module, *args, **kwargs)
            frame = thread.frame
            if frame is not None and self._goes_as_before(frame, module):
                thread.quiet = True
                try:
                    out = call(module, *args, **kwargs)
                finally:
                    thread.quiet = False
                self._resume(frame)
                return out
            if thread.on and is_strange():
                return call(module, *args, **kwargs)
            return self._call(call, module, args, kwargs)

        return counted_call

    def counted_step(self, step: Call) -> Call:
        """An optimiser's ``step`` such that it is charged by what it cost with such gradients and states before."""
        thread, meter, prices = self._thread, self._meter, self._steps

        def counted_step(optimizer: Optimizer, closure: Call | None = None) -> Any:
            if thread.quiet or closure is not None or not thread.on or thread.mode is None or is_strange():
                return step(optimizer) if closure is None else step(optimizer, closure)
            if meter.tripped:
                meter.charge(0)
            key = key_of_step(optimizer)
            if key not in prices:
                start = meter.flops
                out = step(optimizer)
                prices[key] = meter.flops - start
                return out
            meter.charge(prices[key])
            self.turn(False)
            thread.quiet = True
            try:
                return step(optimizer)
            finally:
                thread.quiet = False
                self.turn(True)

        return counted_step

    def _call(self, call: Call, module: nn.Module, args: Any, kwargs: Any) -> Any:
        """A call as a part of the call around it, with the module's own hooks apart."""
        if self._meter.tripped:
            self._meter.charge(0)
        thread = self._thread
        parent, was_on = thread.frame, thread.on
        if parent is None:
            thread.surveys = {}
        piece = None if parent is None else expected(parent, module)
        # As expected, inputs need no look: they come from inputs and outputs of the same shapes as before.
        key = self._surveyor.key_of(args, kwargs) if piece is None else piece.key
        if parent is not None:
            self._part_begins(parent, module, key, piece)
        start = self._meter.flops
        try:
            if not self._surveyor.is_known(module):
                self._counted_exactly()
                out = call(module, *args, **kwargs)
                thread.open = True
            elif has_hooks(module.__dict__):
                out = self._with_hooks(call, module, key, args, kwargs)
                thread.open = True
            else:
                out = self._forward(partial(call, module), module, key, args, kwargs)
            if parent is not None and not parent.lost:
                thread.frame = parent
                self._part_ended(parent, start, out)
            return out
        finally:
            thread.frame = parent
            if parent is not None:
                self._resume(parent)
            else:
                self.turn(was_on)

    def _with_hooks(self, call: Call, module: nn.Module, key: Key, args: Any, kwargs: Any) -> Any:
        """The original call runs the hooks, with the mode on; between them it finds ours in place of the forward."""
        self._counted_exactly()
        own = module.__dict__
        forward = module.forward
        kept = not own["_forward_pre_hooks"] and not own["_backward_hooks"] and not own["_backward_pre_hooks"]

        def counted_forward(*args: Any, **kwargs: Any) -> Any:
            return self._forward(forward, module, key if kept else self._surveyor.key_of(args, kwargs), args, kwargs)

        own["forward"] = counted_forward
        try:
            return call(module, *args, **kwargs)
        finally:
            del own["forward"]

    def _forward(self, run: Call, module: nn.Module, key: Key, args: Any, kwargs: Any) -> Any:
        """A known module's own forward, by its bill where there is one."""
        thread, meter = self._thread, self._meter
        frame, was_on = thread.frame, thread.on
        try:
            if key is None:
                self._counted_exactly()
                out = run(*args, **kwargs)
                thread.open = True
                return out
            try:
                shape, free = thread.surveys.get(id(module)) or self._surveyor.survey(module, thread.surveys)
            except Uncertain:
                self._counted_exactly()
                thread.open = True
                return run(*args, **kwargs)
            place = (key, shape)
            bills = self._bills_of(module)
            bill = bills.get(place)
            if bill is not None and free and bill.total is not None:
                meter.charge(bill.total)
                self.turn(False)
                thread.open = False
                thread.quiet = True
                try:
                    return run(*args, **kwargs)
                finally:
                    thread.quiet = False
            if bill is None or free:
                bill = bills[place] = Bill()
            return self._by_pieces(run, bill, free, args, kwargs)
        finally:
            thread.frame = frame
            self.turn(was_on)

    def _by_pieces(self, run: Call, bill: Bill, free: bool, args: Any, kwargs: Any) -> Any:
        thread, meter = self._thread, self._meter
        frame = thread.frame = Frame(bill, learning=not bill.pieces and bill.rest is None, mark=meter.flops)
        self.turn(frame.learning)
        start = meter.flops
        out = run(*args, **kwargs)
        thread.open = not free
        if frame.learning:
            bill.rest = meter.flops - frame.mark
            bill.total = meter.flops - start if free else None
        elif not frame.lost and frame.at == len(bill.pieces):
            meter.charge(bill.rest or 0)
        return out

    def _goes_as_before(self, frame: Frame, module: nn.Module) -> bool:
        """Whether the next piece of the bill is this part, with nobody else's code in it; charges both if so."""
        piece = expected(frame, module)
        if piece is None or piece.total is None or piece.open or has_hooks(module.__dict__):
            return False
        survey = self._thread.surveys.get(piece.part)
        if survey is None or not survey[1]:
            return False
        frame.at += 1
        self._meter.charge(piece.own + piece.total)
        return True

    def _resume(self, frame: Frame) -> None:
        """Own code goes on after a part."""
        bill = frame.bill
        if not frame.lost and frame.at == len(bill.pieces) and bill.rest is None:
            # Earlier calls ended in this part; what follows is new.
            frame.learning = True
        frame.mark = self._meter.flops
        self.turn(frame.learning or frame.lost)

    def _part_begins(self, parent: Frame, module: nn.Module, key: Key, piece: Piece | None) -> None:
        if parent.learning:
            parent.bill.pieces.append(Piece(self._meter.flops - parent.mark, id(module), key))
        elif piece is not None:
            self._meter.charge(piece.own)
        elif not parent.lost:
            self._lose(parent)
        parent.at += 1

    def _part_ended(self, parent: Frame, start: int, out: Any) -> None:
        """Take note of what a part cost, and whether own code may still cost what it did."""
        piece = parent.bill.pieces[parent.at - 1]
        if not self._thread.open:
            piece.total = self._meter.flops - start
            if piece.out is not None and not piece.open:
                return
        key = self._surveyor.key_of((out,), {})
        if piece.out is None:
            piece.out, piece.open = key, self._thread.open
        if key is None or key != piece.out:
            self._lose(parent)

    def _lose(self, frame: Frame) -> None:
        if frame.learning:
            del frame.bill.pieces[frame.at :]
        frame.lost, frame.learning = True, False

    def _counted_exactly(self) -> None:
        self._thread.frame = None
        self.turn(True)

    def turn(self, on: bool) -> None:
        """Put this thread's counting mode on or take it off."""
        thread = self._thread
        if on != thread.on and thread.mode is not None:
            if on:
                push_mode(thread.mode)
            else:
                pop_mode(None)
            thread.on = on

    def _bills_of(self, module: nn.Module) -> dict[Hashable, Bill]:
        known = self._bills.get(id(module))
        if known is None or known[0]() is not module:
            known = self._bills[id(module)] = (weakref.ref(module), {})
        return known[1]
