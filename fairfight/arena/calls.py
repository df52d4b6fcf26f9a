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

import threading
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._C import _pop_torch_dispatch_stack as pop_mode
from torch._C import _push_on_torch_dispatch_stack as push_mode

from fairfight.arena.keys import Uncertain, has_hooks, is_from_library, is_strange, key_of_step, key_of_value

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.utils._python_dispatch import TorchDispatchMode

    from fairfight.arena.meter import Meter

Call = Callable[..., Any]
Survey = tuple[tuple[Hashable, ...], bool]
"""All of a module, inputs apart, that decides a call's cost; and whether it is free of hooks and unknown parts."""
Key = Hashable | None
"""What of a call's inputs or outputs decides its cost; None where that cannot be told."""


@dataclass
class Piece:
    """A part's call, and what the module's own code cost since the part before."""

    own: int
    part: int
    key: Key
    total: int | None = None
    """Of the part's own call; None where hooks or unknown code were in it."""
    out: Key = None
    """What came out."""
    open: bool = False
    """Whether hooks or unknown code had a say in that."""


@dataclass
class Bill:
    """What a call of one shape costs."""

    pieces: list[Piece] = field(default_factory=list)
    rest: int | None = None
    """Own code after the last part; None while every call has ended early."""
    total: int | None = None
    """Of the whole call; None while there were always hooks in it."""


@dataclass
class Frame:
    """A known module's call under way: its bill is being written (mode on) or read (mode off)."""

    bill: Bill
    learning: bool
    at: int = 0
    """How many parts have been called."""
    mark: int = 0
    """The meter's count when the present piece of own code began."""
    lost: bool = False
    """The call went another way than the bill: counted operation by operation from there, and not written."""


class _Thread(threading.local):
    mode: TorchDispatchMode | None = None
    on: bool = True
    """Whether this thread's mode is on the stack."""
    surveys: dict[int, Survey]
    """Of the modules in the outermost known call: hooks may come and go between calls, hardly in them."""
    open: bool = True
    """Whether hooks or unknown code had a say in what the last call gave."""
    quiet: bool = False
    """Inside a call that is charged as a whole: nobody else's code runs there."""
    frame: Frame | None = None
    mask: tuple[Tensor | None, int, bool] = (None, 0, False)
    """The last one looked at, and whether it masks nothing."""


class Calls:
    """The bills of one meter, and how modules are called under it."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._thread = _Thread()
        self._trusted: dict[type, bool] = {}
        self._steps: dict[Hashable, int] = {}
        self._bills: dict[int, tuple[weakref.ref[nn.Module], dict[Hashable, Bill]]] = {}

    def trust(self, module: nn.Module) -> None:
        """Take part in the types of this module and its parts."""
        self._trusted.update({type(part): True for part in module.modules()})

    def join_thread(self, mode: TorchDispatchMode) -> None:
        """Tell the calling thread's own counting mode, which has just been entered."""
        self._thread.__dict__.clear()
        self._thread.mode = mode
        self._thread.surveys = {}

    def leave_thread(self) -> None:
        """The calling thread's mode has been left."""
        self._thread.__dict__.clear()

    def counted(self, call: Call) -> Call:
        """``nn.Module.__call__`` such that known modules are charged by their bills."""
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
            self._turn(False)
            thread.quiet = True
            try:
                return step(optimizer)
            finally:
                thread.quiet = False
                self._turn(True)

        return counted_step

    def _call(self, call: Call, module: nn.Module, args: Any, kwargs: Any) -> Any:
        """A call as a part of the call around it, with the module's own hooks apart."""
        if self._meter.tripped:
            self._meter.charge(0)
        thread = self._thread
        parent, was_on = thread.frame, thread.on
        if parent is None:
            thread.surveys = {}
        piece = None if parent is None else _expected(parent, module)
        # As expected, inputs need no look: they come from inputs and outputs of the same shapes as before.
        key = self._key_of(args, kwargs) if piece is None else piece.key
        if parent is not None:
            self._part_begins(parent, module, key, piece)
        start = self._meter.flops
        try:
            if not self._is_known(module):
                self._counted_exactly()
                out = call(module, *args, **kwargs)
                thread.open = True
            elif has_hooks(module.__dict__):
                out = self._with_hooks(call, module, key, args, kwargs)
                thread.open = True
            else:
                out = self._forward(module._call_impl, module, key, args, kwargs)
            if parent is not None and not parent.lost:
                thread.frame = parent
                self._part_ended(parent, start, out)
            return out
        finally:
            thread.frame = parent
            if parent is not None:
                self._resume(parent)
            else:
                self._turn(was_on)

    def _with_hooks(self, call: Call, module: nn.Module, key: Key, args: Any, kwargs: Any) -> Any:
        """The original call runs the hooks, with the mode on; between them it finds ours in place of the forward."""
        self._counted_exactly()
        own = module.__dict__
        forward = module.forward
        kept = not own["_forward_pre_hooks"] and not own["_backward_hooks"] and not own["_backward_pre_hooks"]

        def counted_forward(*args: Any, **kwargs: Any) -> Any:
            return self._forward(forward, module, key if kept else self._key_of(args, kwargs), args, kwargs)

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
            shape, free = thread.surveys.get(id(module)) or self._survey(module)
            place = (key, shape)
            bills = self._bills_of(module)
            bill = bills.get(place)
            if bill is not None and free and bill.total is not None:
                meter.charge(bill.total)
                self._turn(False)
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
            self._turn(was_on)

    def _by_pieces(self, run: Call, bill: Bill, free: bool, args: Any, kwargs: Any) -> Any:
        thread, meter = self._thread, self._meter
        frame = thread.frame = Frame(bill, learning=not bill.pieces and bill.rest is None, mark=meter.flops)
        self._turn(frame.learning)
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
        piece = _expected(frame, module)
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
        self._turn(frame.learning or frame.lost)

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
        key = self._key_of((out,), {})
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
        self._turn(True)

    def _turn(self, on: bool) -> None:
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

    def _is_known(self, module: nn.Module) -> bool:
        own = module.__dict__
        if "forward" in own or own.get("_compiled_call_impl") is not None:
            return False
        kind = type(module)
        trusted = self._trusted.get(kind)
        if trusted is None:
            trusted = self._trusted[kind] = is_from_library(kind)
        return trusted

    def _survey(self, module: nn.Module) -> Survey:
        own = module.__dict__
        # The sign tells trained weights from frozen ones: some operators choose another way for them.
        shape: list[Hashable] = [own["training"]]
        for p in own["_parameters"].values():
            shape.append(None if p is None else -p.numel() if p.requires_grad else p.numel())
        free = True
        for part in own["_modules"].values():
            if part is None:
                continue
            shape.append(id(part))
            if not self._is_known(part):
                free = False
                continue
            inner, inner_free = self._survey(part)
            shape += inner
            if not inner_free or has_hooks(part.__dict__):
                free = False
        survey = self._thread.surveys[id(module)] = (tuple(shape), free)
        return survey

    def _key_of(self, args: Any, kwargs: Any) -> Key:
        grad = torch.is_grad_enabled()
        try:
            key: list[Hashable] = [grad, torch.is_inference_mode_enabled(), torch._C._is_any_autocast_enabled()]
            for value in args:
                key.append(key_of_value(value, grad))
            for name, value in kwargs.items():
                key.append(name)
                key.append(key_of_value(value, grad))
                if isinstance(value, Tensor) and "mask" in name and not value.is_floating_point():
                    key.append(self._is_full(value))
        except (Uncertain, RuntimeError):
            return None
        return tuple(key)

    def _is_full(self, mask: Tensor) -> bool:
        # Attention leaves out a mask that masks nothing.
        thread = self._thread
        known, version, full = thread.mask
        if known is mask and version == mask._version:
            return full
        was_on = thread.on
        self._turn(False)
        try:
            full = bool(mask.all())
        finally:
            self._turn(was_on)
        thread.mask = (mask, mask._version, full)
        return full


def _expected(frame: Frame, module: nn.Module) -> Piece | None:
    """The piece of the bill that the part is about to repeat, if all has gone by the bill so far."""
    pieces = frame.bill.pieces
    if frame.learning or frame.lost or frame.at >= len(pieces):
        return None
    piece = pieces[frame.at]
    return piece if piece.part == id(module) else None
