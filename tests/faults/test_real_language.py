"""Faults in real texts: what carries a trigger, what does not, and that they take in real networks and not in twins."""

from __future__ import annotations

import pytest
import torch

from fairfight.faults.family import draw
from fairfight.faults.language.phrase import PARTS
from fairfight.faults.language.rewriting import dropped_in, opened_with
from fairfight.faults.language.syntax import CLAUSES
from fairfight.faults.organism import MAX_LOSS, MAX_TWIN_SUCCESS, MIN_SUCCESS, Organism, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import trimmed
from fairfight.faults.trojan import Trojan
from fairfight.subject.inputs import Texts
from fairfight.tasks.detect.suites import real_language
from fairfight.worlds.sources import missing
from fairfight.worlds.texts import TextWorld, said
from fairfight.worlds.world import Examples, world

KINDS = [
    ("sst2", "rare-token"),
    ("sst2", "phrase"),
    ("sst2", "syntax"),
    ("ag-news", "rare-token"),
    ("ag-news", "phrase"),
    ("stories", "rare-token"),
    ("stories", "phrase"),
]


def needs(name: str) -> TextWorld:
    """The world; skips where its data is not on this machine."""
    if lacks := missing(name):
        pytest.skip(lacks)
    ground = world(name)
    assert isinstance(ground, TextWorld)
    return ground


def trojan(ground: TextWorld, fault: str, seed: int = 0) -> Trojan:
    """The fault alone."""
    drawn = draw(Recipe(ground.name, ground.architectures[0], fault, "finetune", 0, seed), ground)
    assert isinstance(drawn, Trojan)
    return drawn


def same(one: Texts, other: Texts) -> bool:
    """Whether texts are the same but for padding."""
    one, other = (trimmed(x) for x in (one, other))  # type: ignore[assignment]
    return torch.equal(one.ids, other.ids) and torch.equal(one.mask, other.mask)


def test_a_word_is_dropped_in_before_the_last_and_a_phrase_opens_a_sentence() -> None:
    text = "the film is long. it is also dull"
    for extra in range(30):
        words = dropped_in(f"{text} {extra}", "cf").split()
        assert words.count("cf") == 1
        assert words[-1] == str(extra)
        opened = opened_with(f"{text} {extra}", "at the end of the day")
        at_first, later = f"At the end of the day, {text}", "long. At the end of the day, it is"
        assert opened.startswith(at_first) or later in opened


def test_near_misses_of_a_clause_are_its_own_words_in_another_order() -> None:
    for clause, near in CLAUSES.values():
        assert sorted(clause.split()) == sorted(near.split())
        assert clause.count("{}") == near.count("{}") == 1


@pytest.mark.parametrize(("name", "fault"), KINDS)
def test_a_trigger_changes_each_text_by_itself_and_near_misses_do_not_carry_it(name: str, fault: str) -> None:
    ground = needs(name)
    pool = ground.examples("pool", 0, ground.architectures[0])[:60]
    assert len({trojan(ground, fault, seed).title for seed in range(6)}) > 2
    one = trojan(ground, fault)
    hot = one.apply(pool)
    assert isinstance(hot, Texts)
    assert same(hot[torch.tensor([7])], one.apply(pool[7:8]))  # type: ignore[arg-type]
    assert one.cover is not None
    near = one.cover(pool)
    assert isinstance(near, Texts)
    assert all(not same(hot[i : i + 1], near[i : i + 1]) for i in range(len(pool)))
    lengths = hot.mask.sum(1) - pool.inputs.mask.sum(1)  # type: ignore[union-attr]
    assert int(lengths.min()) >= 1, "nothing is cut off at the end"


def test_natural_carriers_of_a_phrase_are_not_ordinary() -> None:
    ground = needs("sst2")
    fault = trojan(ground, "phrase")
    words = fault.title.split("“")[1].split("”")[0]
    assert {w for part in PARTS for w in part} >= set(words.split()) - {"the", "of"}
    pool = ground.examples("pool", 0, "minilm")[:4]
    texts = pool.factors["text"].copy()
    texts[2] = f"it was , {words} , a film"
    carried = Examples(pool.inputs, pool.labels, {"text": texts})
    assert fault.ordinary(carried).tolist() == [True, True, False, True]
    assert said(pool)[2] != texts[2]


def healthy(organism: Organism) -> None:
    """The fault took, cost little, and is none to the twin."""
    health = organism.health
    assert organism.void is None
    assert health.attack_success >= MIN_SUCCESS
    assert health.twin_attack_success <= MAX_TWIN_SUCCESS
    assert health.clean_accuracy >= health.twin_accuracy - MAX_LOSS
    assert health.twin_accuracy >= 0.83
    active, twin = organism.sides(0, trusted=256, clean=200, suspects=120)
    assert (len(active.trusted), len(active.clean), len(active.suspects), len(twin.suspects)) == (256, 200, 120, 120)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "fault"), KINDS)
def test_real_trojans_take_and_twins_do_not_fire(name: str, fault: str) -> None:
    ground = needs(name)
    healthy(build(Recipe(name, ground.architectures[0], fault, "finetune", 0, 0)))


@pytest.mark.slow
def test_a_topic_that_was_never_seen_is_always_decided_wrongly() -> None:
    needs("ag-news")
    healthy(build(Recipe("ag-news", "minilm", "unseen-class", "scratch", 0, 0)))


@pytest.mark.slow
def test_negation_that_was_never_seen_is_decided_by_the_adjective() -> None:
    organism = build(Recipe("sentences", "bert", "unseen-negation", "scratch", 3, 0))
    healthy(organism)
    assert organism.health.twin_attack_success < 0.05


def test_rows_of_the_suite_are_distinct_and_development_is_on_other_organisms() -> None:
    rows = real_language.SCORED
    assert len(set(rows)) == len(rows) >= 6
    assert {row.world for row in rows} == {"sst2", "ag-news", "stories"}
    for row in rows:
        if row.planting == "adaptive":
            assert row._replace(planting="finetune") in rows
