"""Backward passes, counted once for each graph and then added.

Autograd runs a graph operation by operation, past the counting mode. What that costs follows from the graph: which
functions are in it, how they hang together, and the shapes of the gradients between them. Who has a say in a backward
pass of its own (a hook, a custom function, a graph of the graph) has it counted operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction

from fairfight.arena.keys import Uncertain, is_strange
from fairfight.arena.steady import ambient

if TYPE_CHECKING:
    from fairfight.arena.calls import Calls
    from fairfight.arena.meter import Meter

Call = Callable[..., Any]

HOOKING = ("register_hook", "register_post_accumulate_grad_hook", "retain_grad")
"""Methods of tensors after which a backward pass does more than its graph says."""


class Backward:
    """Prices of the backward passes under one meter."""

    def __init__(self, meter: Meter, calls: Calls) -> None:
        self._meter, self._calls = meter, calls
        self._thread = calls.thread
        self._prices: dict[Hashable, int] = {}
        self._hooked = False

    def patches(self) -> Iterator[tuple[Any, str, Any]]:
        """Owner, name and what is to stand there."""
        yield torch.autograd, "_engine_run_backward", self._counted(vars(torch.autograd)["_engine_run_backward"])
        for name in HOOKING:
            yield Tensor, name, self._noticed(getattr(Tensor, name))

    def _noticed(self, hook: Call) -> Call:
        def noticed_hook(*args: Any, **kwargs: Any) -> Any:
            self._hooked = True
            return hook(*args, **kwargs)

        return noticed_hook

    def _counted(self, run: Call) -> Call:
        """The engine's entry such that a graph that is known is charged by its price and runs with the mode off."""
        thread, meter = self._thread, self._meter

        def counted_run(outputs: Any, *args: Any, **kwargs: Any) -> Any:
            if thread.quiet or thread.mode is None or not thread.on or thread.frame is not None or is_strange():
                return run(outputs, *args, **kwargs)
            if self._hooked or meter.threads:
                return run(outputs, *args, **kwargs)
            if meter.tripped:
                meter.charge(0)
            self._calls.turn(False)
            try:
                try:
                    key = (*ambient(), key_of_graph(outputs, *args, **kwargs))
                except (Uncertain, RuntimeError, TypeError, AttributeError):
                    key = None
                if key in self._prices:
                    meter.charge(self._prices[key])
                    thread.quiet = True
                    return run(outputs, *args, **kwargs)
                self._calls.turn(True)
                start = meter.flops
                out = run(outputs, *args, **kwargs)
                if key is not None and not self._hooked and not meter.threads:
                    self._prices[key] = meter.flops - start
                return out
            finally:
                thread.quiet = False
                self._calls.turn(True)

        return counted_run


def key_of_graph(
    outputs: tuple[Any, ...],
    gradients: tuple[Tensor | None, ...] = (),
    retain: bool | None = None,
    create: bool = False,
    inputs: tuple[Any, ...] = (),
    *_: Any,
    **__: Any,
) -> Hashable:
    """What of a call of autograd's engine decides its cost.

    Raises:
        Uncertain: Somebody else's code runs in it.
    """
    if create:
        raise Uncertain
    numbers: dict[Any, int] = {}
    nodes: list[Any] = []

    def number(node: Any) -> int:
        if node is None:
            return -1
        if node not in numbers:
            numbers[node] = len(nodes)
            nodes.append(node)
        return numbers[node]

    key: list[Hashable] = [number(_node(x)) for x in outputs]
    key += [None if g is None else (g.shape, g.stride(), g.dtype) for g in gradients]
    for node in nodes:  # grows meanwhile
        kind = type(node)
        if issubclass(kind, BackwardCFunction):
            raise Uncertain
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            if leaf._backward_hooks or leaf._post_accumulate_grad_hooks:
                raise Uncertain
            key.append((leaf.shape, leaf.stride(), leaf.grad is None))
        shapes = tuple([(tuple(m.shape), m.dtype) for m in node._input_metadata])
        key.append((kind, shapes, tuple([(number(n), i) for n, i in node.next_functions])))
    key += [numbers.get(_node(x), -1) for x in inputs]
    return tuple(key)


def _node(x: Any) -> Any:
    """Where a gradient of a tensor arrives."""
    if not isinstance(x, Tensor):
        raise Uncertain
    return x.grad_fn if x.grad_fn is not None else torch.autograd.graph.get_gradient_edge(x).node
