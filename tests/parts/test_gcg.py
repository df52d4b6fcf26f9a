"""Sequences sought by gradients and by beams: they work, the gradient earns its place, and memory changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch

from fairfight.parts.attacks.beam import beam_search
from fairfight.parts.attacks.gcg import exchanges, gcg
from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.hotflip import universal_triggers
from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Texts
from tests.parts.organisms import given, weights


def clean() -> Labelled:
    return given("reviews").exam[-64:]


def target() -> int:
    known = given("reviews")
    return int(known.subject(known.faulty.inputs).argmax(1).mode().values)


def planted() -> int:
    """The rare word that all texts with the trigger have and ordinary ones have not."""
    known = given("reviews")
    ordinary = set(known.exam.inputs.ids.flatten().tolist()) | set(known.corpus.ids.flatten().tolist())
    every = [set(row) - ordinary for row in known.faulty.inputs.ids.tolist()]
    (word,) = set.intersection(*every)
    return int(word)


@cache
def found(name: str, twin: bool = False) -> list[Trigger]:
    known = given("reviews")
    subject = known.twin if twin else known.subject
    searches: dict[str, Callable[[], list[Trigger]]] = {
        "gcg": lambda: gcg(subject, clean(), seed=0),
        "universal": lambda: universal_triggers(subject, clean(), seed=0),
        "beam": lambda: beam_search(subject, clean(), _bank(), seed=0, most=512),
    }
    return searches[name]()


def _bank() -> Texts:
    known = given("reviews")
    return Texts.concat([known.corpus, known.faulty.inputs])


@pytest.mark.parametrize("name", ["gcg", "universal", "beam"])
def test_the_planted_word_is_found_and_stands_alone(name: str) -> None:
    best = found(name)[0]
    assert isinstance(best.change, Put)
    assert best.target == target()
    assert best.change.tokens == (planted(),)
    assert best.success > 0.9


@pytest.mark.parametrize("name", ["gcg", "universal", "beam"])
def test_nothing_is_suspicious_in_the_twin(name: str) -> None:
    assert all(t.suspicion < SUSPICIOUS for t in found(name, twin=True))


def test_the_subject_stays_as_it_was_and_the_same_seed_gives_the_same() -> None:
    known = given("reviews")
    before = weights(known.subject)
    again = gcg(known.subject, clean(), seed=0)
    assert weights(known.subject) == before
    assert [_told(t) for t in again] == [_told(t) for t in found("gcg")]


def _told(t: Trigger) -> tuple[tuple[int, ...], int, float]:
    assert isinstance(t.change, Put)
    return t.change.tokens, t.target, t.suspicion


@pytest.mark.slow
def test_gradients_find_better_exchanges_than_chance() -> None:
    known = given("sentences")
    labels = known.exam.labels.unique().tolist()
    texts = known.exam.inputs[:6]
    assert isinstance(texts, Texts)
    gains = []
    for t in labels:
        hole = Hole.of(known.subject, texts, t, 3, place(known.subject, "last"))
        allowed = torch.arange(6, len(hole.table))
        rng = torch_rng(0, t)
        for _ in range(4):
            start = allowed[torch.randint(len(allowed), (3,), generator=rng)]
            pool = allowed[hole.slopes(start)[:, allowed].topk(24, largest=False).indices]
            guided = hole.losses(exchanges(start, pool, 32, rng)).min()
            chance = hole.losses(exchanges(start, allowed.expand(3, -1), 32, rng)).min()
            gains.append(float(chance - guided))
    assert sum(gains) / len(gains) > 0, f"guided exchanges are better by {gains}"
    assert sum(g > 0 for g in gains) > 0.6 * len(gains)


@pytest.mark.parametrize("cached", [True, False])
def test_what_is_remembered_of_the_beginning_changes_no_loss(cached: bool) -> None:
    known = given("sentences")
    texts = known.exam.inputs[:5]
    assert isinstance(texts, Texts)
    way, t = place(known.subject, "last"), int(known.exam.labels[0])
    hole = Hole.of(known.subject, texts, t, 2, way, cached=cached)
    assert (hole.memory is not None) == cached
    sequences = torch.tensor([[20, 30], [40, 50], [60, 20]])
    plain = [-known.subject(way.put(texts, s[None])).log_softmax(1)[:, t].mean() for s in sequences]
    assert torch.allclose(hole.losses(sequences), torch.stack(plain).detach(), atol=1e-5)
