"""The same search on copies of the model, with a known fault in them or without: what its silence is worth."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch

from fairfight.audits.material import Material
from fairfight.audits.records import Evidence, Power, Rate, Suspicion, Tested, Trial
from fairfight.audits.searches.registry import Search, searches
from fairfight.audits.spikes.planting import Course, plant, trained
from fairfight.audits.spikes.registry import SpikeKind, spike_kinds
from fairfight.audits.verify import evidence_for, judged
from fairfight.faults.training import one_thread
from fairfight.seeds import derive


@dataclass(frozen=True)
class Plan:
    """One trial that is to be made."""

    spike: str | None
    strength: str
    repetition: int

    @property
    def name(self) -> str:
        """Of its step."""
        what = "unspiked" if self.spike is None else f"{self.spike}-{self.strength.replace(' ', '-')}"
        return f"trial-{what}-{self.repetition}"


def plans(material: Material, repetitions: int) -> list[Plan]:
    """All trials, so that stopping anywhere leaves every kind and strength about as many."""
    kinds = spike_kinds(material.subject.kind)
    done = []
    for repetition in range(repetitions):
        columns = [[Plan(k.name, s, repetition) for s in k.strengths] for k in kinds]
        by_strength = [p for row in zip_longest(*columns) for p in row if p is not None]
        most = max((len(k.strengths) for k in kinds), default=1)
        unspiked = [Plan(None, "", repetition * most + i) for i in range(most)]
        share = max(1, len(by_strength) // most)
        for i, one in enumerate(unspiked):
            done += [*by_strength[i * share : (i + 1) * share if i < most - 1 else None], one]
    return done


def look(
    material: Material, chosen: Iterable[Search], seed: int, *, every: bool = True
) -> tuple[list[Tested], list[Tested]]:
    """Findings and what did not hold up: search, then test.

    Copies go through exactly this as well, but that what can be no finding of theirs is not tested.
    """
    with one_thread():
        suspicions = [s for search in chosen for s in search.look(material, seed)]
        return judged(suspicions, [evidence_for(material, s, seed, every=every) for s in suspicions])


def look_together(
    material: Material, chosen: Sequence[Search], seed: int, workers: int
) -> tuple[list[Tested], list[Tested]]:
    """What :func:`look` comes to, with several searches and tests at a time."""
    with _pool(workers, material, seed) as pool:
        suspicions = [s for found in pool.map(_searched, [s.name for s in chosen]) for s in found]
        return judged(suspicions, list(pool.map(_tested, suspicions)))


def _searched(name: str) -> list[Suspicion]:
    material, seed = _GIVEN
    return next(s for s in searches(material.subject.kind) if s.name == name).look(material, seed)


def _tested(suspicion: Suspicion) -> Evidence:
    material, seed = _GIVEN
    return evidence_for(material, suspicion, seed)


def _pool(workers: int, *given: Any) -> ProcessPoolExecutor:
    """Forked processes with one thread each, in which :data:`_GIVEN` is what is given: nothing is sent to them."""
    context = multiprocessing.get_context("fork")
    return ProcessPoolExecutor(workers, context, initializer=_alone, initargs=given)


def trial(material: Material, plan: Plan, known: frozenset[str], how: Course, seed: int) -> Trial:
    """One copy: the fault is planted, and the search runs as if nobody knew.

    Args:
        material: The model and its data.
        plan: Which fault.
        known: Keys of the model's own findings (:func:`key`), which its copies have as well.
        how: Copies are trained.
        seed: Of the audit.
    """
    began = time.perf_counter()
    own = derive(seed, "trial", plan.name)
    every = searches(material.subject.kind)
    if plan.spike is None:
        copy = trained(material.subject, material.planting, how, how.rates[0], own)
        found, _ = look(material.about(copy), every, own, every=False)
        alarms = sum(key(t) not in known for t in found)
        return Trial(None, "", True, False, alarms, time.perf_counter() - began, _claims(found))
    kind = next(k for k in spike_kinds(material.subject.kind) if k.name == plan.spike)
    spike = kind.draw(material, plan.strength, own)
    planted = plant(material, spike, how, own)
    facts = {"shows": planted.shows, "lost": planted.lost}
    if not planted.took:
        return Trial(kind.name, plan.strength, False, False, 0, time.perf_counter() - began, (), facts)
    # The other searches are not asked here: copies without a fault tell how often they cry wolf.
    given = material.about(planted.subject).with_inside(spike.inside)
    found, _ = look(given, [s for s in every if s.name == kind.search], own, every=False)
    named = [spike.named(planted.subject, t) for t in found]
    alarms = sum(not n and key(t) not in known for n, t in zip(named, found, strict=True))
    return Trial(kind.name, plan.strength, True, any(named), alarms, time.perf_counter() - began, _claims(found), facts)


def _claims(found: Iterable[Tested]) -> tuple[str, ...]:
    return tuple(t.suspicion.claim for t in found)


def key(tested: Tested) -> str:
    """What makes two findings the same one: the search and what it points at."""
    about = tested.suspicion.reproducer.plain()
    return f"{tested.suspicion.search}:{about.get('target', about.get('by'))}:{about.get('value', '')}"


def powers(kinds: Sequence[SpikeKind], done: Sequence[Trial]) -> tuple[Power, ...]:
    """By kind and strength, how many were recovered."""
    found = []
    for kind in kinds:
        for strength in kind.strengths:
            some = [t for t in done if t.spike == kind.name and t.strength == strength]
            took = [t for t in some if t.took]
            rate = Rate(sum(t.recovered for t in took), len(took))
            found.append(Power(kind.name, kind.title, strength, rate, len(some) - len(took)))
    return tuple(found)


_GIVEN: Any = None
"""In a worker: what it works with."""


def run(
    material: Material,
    todo: Sequence[Plan],
    known: frozenset[str],
    how: Course,
    seed: int,
    *,
    workers: int,
    enough: Callable[[float], bool],
) -> Iterator[tuple[Plan, Trial]]:
    """Trials as they end, in any order; none is begun once ``enough(seconds of a usual trial)`` says so."""
    given = (material, known, how, seed)
    usual: list[float] = []
    waiting = list(todo)
    running: dict[Future[Trial], Plan] = {}
    with _pool(workers, *given) as pool:
        while waiting or running:
            while waiting and len(running) < workers:
                if enough(sum(usual) / len(usual) if usual else 0.0):
                    waiting.clear()
                    break
                plan = waiting.pop(0)
                running[pool.submit(_one, plan)] = plan
            if not running:
                break
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                plan = running.pop(future)
                found = future.result()
                usual.append(found.seconds)
                yield plan, found


def _alone(*given: Any) -> None:
    """In a worker, as it begins."""
    global _GIVEN
    _GIVEN = given
    torch.set_num_threads(1)


def _one(plan: Plan) -> Trial:
    material, known, how, seed = _GIVEN
    return trial(material, plan, known, how, seed)
