"""The common suite: what every contender of every task promises, also those from outside.

from fairfight.arena.checks import check_contender

check_contender("detect", "mahalanobis")
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fairfight.arena.meter import BudgetExceeded, Meter
from fairfight.arena.sitting import perform, unpack
from fairfight.tasks import registry
from fairfight.tasks.registry import Contender
from fairfight.tasks.task import Case, Task


class BrokenPromise(AssertionError):
    """A contender does not keep what every contender promises."""


@dataclass(frozen=True)
class Sat:
    """One sitting, held in this process."""

    paper: bytes
    flops: int


def check_contender(task: str, contender: str, *, params: dict[str, Any] | None = None, capable: bool = True) -> None:
    """Hold a contender to what all promise, on the task's easy case.

    It obeys its budget; gives the same paper twice; leaves the subject as it was; copes with the smallest case; and, if
    it is no control, does its job on an easy organism without seeing things in the healthy twin.

    Args:
        task: Name of the task.
        contender: Name of the contender.
        params: Hyperparameters; its defaults if none are given.
        capable: Whether it must do its job on the easy case. Some methods are kept because they are known to fail.

    Raises:
        BrokenPromise: Naming every promise that was broken.
        UserError: No such task or contender.
    """
    what, who = registry.task(task), registry.contender(task, contender)
    case = what.build(what.easy(who.modalities[0]), 0)
    if case.void is not None:
        raise BrokenPromise(f"The easy case of {task} is void here: {case.void}")
    broken = list(_broken(what, who, case, {**who.defaults, **(params or {})}, capable))
    if broken:
        raise BrokenPromise("\n".join(f"{contender}: {b}" for b in broken))


def _broken(what: Task, who: Contender, case: Case, params: dict[str, Any], capable: bool) -> Iterator[str]:
    sat = []
    for i in range(len(case.briefs)):
        brief = _own(case.briefs[i])
        before = _state(brief)
        try:
            first = hold(what, who, brief, case, i, params, what.budget(brief))
        except BudgetExceeded:
            yield f"needs more than the default budget of {what.budget(brief)} operations"
            return
        if _state(brief) != before:
            yield "does not leave the subject as it was (parameters, buffers, modes, gradients or hooks changed)"
        again = hold(what, who, _own(case.briefs[i]), case, i, params, what.budget(brief))
        if first.paper != again.paper:
            yield "gives another paper for the same brief: draw from the brief's seed only"
        if first.flops != again.flops:
            yield f"spends {first.flops} operations once and {again.flops} the next time"
        sat.append(first)
    if sat[0].flops:
        try:
            hold(what, who, _own(case.briefs[0]), case, 0, params, sat[0].flops // 2)
            yield "goes on after its budget is spent"
        except BudgetExceeded:
            pass  # stopped, as it must be
    yield from _smallest(what, who, case, params, [s.paper for s in sat[1:]])
    if capable and who.kind in ("tool", "baseline", "combination"):
        metrics = what.grade(case.answer, [unpack(s.paper) for s in sat])
        yield from what.expect(metrics)


def hold(what: Task, who: Contender, brief: Any, case: Case, sitting: int, params: dict[str, Any], budget: int) -> Sat:
    """One sitting in this process, metered as in the arena."""
    answer = (case.answer[sitting],) if who.kind == "oracle" else ()
    meter = Meter(budget)
    paper = perform(what, who, brief, answer, params, lambda: (_own(case.exams[sitting]), ()), meter)
    return Sat(paper, meter.flops)


def _smallest(what: Task, who: Contender, case: Case, params: dict[str, Any], others: list[bytes]) -> Iterator[str]:
    """The first sitting on a brief cut down, graded together with the papers of the other sittings."""
    brief = what.smallest(_own(case.briefs[0]))
    try:
        sat = hold(what, who, brief, case, 0, params, what.budget(case.briefs[0]))
        what.grade(case.answer, [unpack(p) for p in (sat.paper, *others)])
    except Exception as error:
        yield f"does not cope with the smallest case: {type(error).__name__}: {error}"


def _own(thing: Any) -> Any:
    """A copy that shares nothing, as another process would get it."""
    return pickle.loads(pickle.dumps(thing, protocol=5))


def _state(brief: Any) -> str:
    """A digest of everything about the subject that a contender could leave changed."""
    module = getattr(getattr(brief, "subject", None), "module", None)
    if module is None:
        return ""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    for name, part in module.named_modules():
        hooks = (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
        digest.update(f"{name} {part.training} {[len(h) for h in hooks]}".encode())
    for name, p in module.named_parameters():
        digest.update(f"{name} {p.requires_grad} {p.grad is None}".encode())
    return digest.hexdigest()
