"""What calls of modules cost, written down once: the records that :mod:`fairfight.arena.calls` keeps."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn
    from torch.utils._python_dispatch import TorchDispatchMode

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


@dataclass
class Known:
    """What is known before a sitting, and what it adds."""

    bills: dict[int, tuple[weakref.ref[nn.Module], dict[Hashable, Bill]]] = field(default_factory=dict)
    """Of modules, by id."""
    prices: dict[Hashable, int] = field(default_factory=dict)
    """Of listed functions (:mod:`fairfight.arena.steady`)."""
    kept: dict[int, object] = field(default_factory=dict)
    """What keys name by its id, so that the id stays its own."""


class ThreadState(threading.local):
    """How far the calls of one thread have come."""

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
    covered: bool = False
    """Inside a function that is charged as a whole, apart from those in it whose cost depends on values."""
    apart: int = 0
    """What such functions have been charged so far."""
    witness: Any = None
    """What the last function gave that a cost depends on."""


def expected(frame: Frame, module: nn.Module) -> Piece | None:
    """The piece of the bill that the part is about to repeat, if all has gone by the bill so far."""
    pieces = frame.bill.pieces
    if frame.learning or frame.lost or frame.at >= len(pieces):
        return None
    piece = pieces[frame.at]
    return piece if piece.part == id(module) else None
