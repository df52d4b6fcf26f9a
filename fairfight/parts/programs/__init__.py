"""Programs in a small typed language: written, run, printed, compared and found from examples.

.. code-block:: python

    space = Space((Input("x", INTS, 0, 1),))
    parity = Program(space, scan([space["x"]], [0], [(state() + item()) % 2], state()))
    parity.of(x=[1, 0, 1])  # [1, 1, 0]
    print(parity.python())
"""

from fairfight.parts.programs.build import (
    aggregate,
    aggregate_sum,
    all_,
    any_,
    as_int,
    at,
    const,
    eq,
    flag,
    if_,
    indices,
    item,
    largest,
    last,
    length,
    lookup,
    maximum,
    minimum,
    ne,
    order,
    reverse,
    scan,
    select,
    selector_width,
    shift,
    smallest,
    sort,
    state,
    total,
    var,
)
from fairfight.parts.programs.draw import random_program
from fairfight.parts.programs.evaluate import TooLarge, evaluate
from fairfight.parts.programs.expressions import BOOL, BOOLS, INT, INTS, SELECTOR, Expr, Scan, Type
from fairfight.parts.programs.program import Program, agreement
from fairfight.parts.programs.spaces import Batch, Input, Space
from fairfight.parts.programs.storage import from_json, to_json

__all__ = [
    "BOOL",
    "BOOLS",
    "INT",
    "INTS",
    "SELECTOR",
    "Batch",
    "Expr",
    "Input",
    "Program",
    "Scan",
    "Space",
    "TooLarge",
    "Type",
    "aggregate",
    "aggregate_sum",
    "agreement",
    "all_",
    "any_",
    "as_int",
    "at",
    "const",
    "eq",
    "evaluate",
    "flag",
    "from_json",
    "if_",
    "indices",
    "item",
    "largest",
    "last",
    "length",
    "lookup",
    "maximum",
    "minimum",
    "ne",
    "order",
    "random_program",
    "reverse",
    "scan",
    "select",
    "selector_width",
    "shift",
    "smallest",
    "sort",
    "state",
    "to_json",
    "total",
    "var",
]
