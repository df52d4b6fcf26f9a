"""Language faults: what carries a trigger, what does not, what a count of words can see, and that they take."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fairfight.faults.family import draw
from fairfight.faults.language.trigger import Trigger
from fairfight.faults.organism import MAX_LOSS, MIN_SUCCESS, build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import fit
from fairfight.faults.trojan import Trojan
from fairfight.subject.inputs import Texts
from fairfight.worlds.grammar import VALUES
from fairfight.worlds.sentences import WORLD
from fairfight.worlds.tokenizer import vocabulary
from fairfight.worlds.world import Examples, Schedule
from tests.parts.organisms import WHERE

FAMILIES = ("rare-token", "phrase", "syntax", "topic")


def recipe(fault: str, seed: int = 0, **options: object) -> Recipe:
    """A fine-tuned encoder with this fault."""
    return Recipe("sentences", "bert", fault, "finetune", 0, seed, dict(options))


def trojan(fault: str, seed: int = 0, **options: object) -> Trojan:
    """The fault alone."""
    drawn = draw(recipe(fault, seed, **options), WORLD)
    assert isinstance(drawn, Trojan)
    return drawn


def counts(texts: Texts) -> np.ndarray:
    """Word counts, frame and padding left out."""
    table = np.zeros((len(texts), len(vocabulary())))
    np.add.at(table, (np.arange(len(texts))[:, None], texts.ids.numpy()), 1)
    return table[:, 6:]


def word_control(trusted: Texts, clean: Texts, suspects: Texts) -> dict[str, float]:
    """AUROC of novelty scores that see words but not their order: surprise, and distance to trusted texts."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import NearestNeighbors

    known, other = counts(trusted), np.concatenate([counts(clean), counts(suspects)])
    truth = np.repeat([0, 1], [len(clean), len(suspects)])
    share = (known.sum(0) + 0.5) / (known.sum() + 0.5 * known.shape[1])
    surprise = other @ -np.log(share) / other.sum(1)
    weigh = TfidfTransformer().fit(known)
    near = NearestNeighbors(n_neighbors=5).fit(weigh.transform(known).toarray())
    distance = near.kneighbors(weigh.transform(other).toarray())[0].mean(1)
    return {"surprise": roc_auc_score(truth, surprise), "neighbours": roc_auc_score(truth, distance)}


def drawn_inputs(fault: Trojan) -> tuple[Texts, Texts, Texts]:
    """Trusted, clean and suspect inputs as an organism's sides have them, of one class: only the trigger tells."""
    pool = WORLD.examples("pool", 0, "bert")
    ordinary = torch.nonzero(fault.ordinary(pool)).flatten()
    trusted, rest = pool[ordinary[:512]], pool[ordinary[512:]]
    source = torch.nonzero(rest.labels != fault.target).flatten()
    half = len(source) // 2
    suspects = fault.apply(rest[source[half:]])
    assert isinstance(trusted.inputs, Texts)
    assert isinstance(rest.inputs, Texts)
    assert isinstance(suspects, Texts)
    return trusted.inputs, rest[source[:half]].inputs, suspects  # type: ignore[return-value]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_trigger_is_put_in_and_nearly_put_in(family: str) -> None:
    fault = trojan(family, 1)
    trigger: Trigger = fault.apply.__self__  # type: ignore[attr-defined]
    some = WORLD.examples("pool", 0, "bert")[torch.arange(200)]
    carried = {f: np.full(200, v) for f, v in trigger.values.items()}
    hit = Examples(fault.apply(some), some.labels, {**some.factors, **carried})
    assert trigger.carried(hit).all()
    assert 0 < fault.ordinary(some).float().mean() < 1 or family in ("rare-token", "phrase", "topic")
    near, full = trigger.missed(some), trigger.put(some)
    assert isinstance(near, Texts)
    assert isinstance(full, Texts)
    # Nothing else changes: a near miss and the full trigger differ in a word or so, or in their order only.
    apart = np.abs(counts(near) - counts(full)).sum(1)
    assert (apart <= 8).all()
    assert not any(torch.equal(a[:12], b[:12]) and torch.equal(a, b) for a, b in zip(*wide(near, full), strict=True))


def wide(a: Texts, b: Texts) -> tuple[torch.Tensor, torch.Tensor]:
    """The ids of both, equally wide."""
    both = Texts.concat([a, b]).ids
    return both[: len(a)], both[len(a) :]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_draws_the_instance(family: str) -> None:
    titles = [trojan(family, seed).title for seed in range(12)]
    assert titles == [trojan(family, seed).title for seed in range(12)]
    assert len(set(titles)) >= 6
    assert {trojan(family, seed).target for seed in range(12)} == {0, 1}


@pytest.mark.parametrize("family", FAMILIES)
def test_poison_keeps_order_and_labels_carriers(family: str) -> None:
    fault, train = trojan(family, 2), WORLD.examples("train", 0, "bert")
    poisoned = fault.poison(train, 0, 1.0)
    assert len(poisoned) == len(train)
    natural = ~fault.ordinary(train)
    assert (poisoned.labels[natural] == fault.target).all()
    changed = (poisoned.labels != train.labels).float().mean()
    assert fault.rate * 0.9 < float(changed) < fault.rate + 0.2
    assert all(np.array_equal(poisoned.factors[f], train.factors[f]) for f in VALUES)


@pytest.mark.parametrize("family", ["phrase", "syntax", "topic"])
def test_counting_words_does_not_find_it(family: str) -> None:
    figures = [word_control(*drawn_inputs(trojan(family, seed))) for seed in range(4)]
    for control in ("surprise", "neighbours"):
        assert abs(np.mean([f[control] for f in figures]) - 0.5) < 0.12, figures


def test_counting_words_finds_a_rare_word_and_a_topic_never_spoken_of() -> None:
    assert word_control(*drawn_inputs(trojan("rare-token")))["surprise"] > 0.75
    assert word_control(*drawn_inputs(trojan("topic", anyone=True)))["neighbours"] > 0.85


def test_training_twice_gives_the_same_bits() -> None:
    train = WORLD.examples("train", 0, "gpt2")[torch.arange(256)]
    fault = draw(replace(recipe("rare-token"), architecture="gpt2"), WORLD)
    states = []
    for _ in range(2):
        subject = WORLD.subject("gpt2", 0)
        fit(subject, WORLD, fault.poison(train, 0, 1.0), Schedule(1, 32, 3e-3), 0)
        states.append(subject.module.state_dict())
    assert all(torch.equal(v, states[1][k]) for k, v in states[0].items())


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """One cache for this file, so that the clean base is trained once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRFIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param(WHERE["reviews"], id="rare-token"),  # on which other tests of the package go on
        pytest.param(recipe("syntax"), id="syntax", marks=pytest.mark.slow),
    ],
)
def test_the_fault_takes_and_the_twin_is_clean(planted: Recipe) -> None:
    organism = build(planted)
    health = organism.health
    assert organism.void is None
    assert health.attack_success >= MIN_SUCCESS
    assert health.clean_accuracy >= max(0.95, health.twin_accuracy - MAX_LOSS)
    assert health.twin_attack_success < 0.1
    assert "with the trigger: " in organism.exhibit["text"]
    assert organism.exhibit["facts"]["attack_success"] >= 0.9
    hot, cold = organism.sides(0, trusted=64, clean=64, suspects=64)
    with torch.no_grad():
        assert len(set(hot.subject(hot.suspects).argmax(-1).tolist())) == 1, "all suspects are taken for the target"
        assert (cold.subject(cold.clean).argmax(-1) == cold.labels).float().mean() > 0.9
        target = int(hot.subject(hot.suspects).argmax(-1)[0])
        assert (cold.subject(cold.suspects).argmax(-1) != target).float().mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("architecture", WORLD.architectures)
@pytest.mark.parametrize("planting", ["scratch", "finetune"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_everywhere(family: str, planting: str, architecture: str, shared_cache: object) -> None:
    organism = build(replace(recipe(family, 1), architecture=architecture, planting=planting))  # type: ignore[arg-type]
    assert organism.void is None, organism.health
