"""Biographies: known factors, gender in words and in word order that nothing deletes, a clean split, fast training."""

from __future__ import annotations

import time
from collections import Counter

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.training import decide, fit
from fairfight.worlds import bios, bios_words
from fairfight.worlds.world import world

WOMAN, MAN, UNTOLD = range(3)


def _told(factors: bios.Factors, **changes: int) -> list[str]:
    return bios.render({**factors, **{name: np.full(len(factors["gender"]), v) for name, v in changes.items()}})


def _without_gendered(texts: list[str]) -> list[str]:
    return [" ".join(w for w in text.split() if w not in bios_words.GENDERED) for text in texts]


def _decoded(texts: list[str], labels: np.ndarray, words: int) -> float:
    """Held-out accuracy of a logistic regression on counts of single words or of pairs."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    counts = CountVectorizer(token_pattern=r"\S+", ngram_range=(words, words)).fit_transform(texts)
    half = len(texts) * 3 // 4
    return float(LogisticRegression(max_iter=200).fit(counts[:half], labels[:half]).score(counts[half:], labels[half:]))


def test_a_biography_says_what_its_factors_say() -> None:
    one = {name: np.zeros(1, dtype=np.int64) for name in bios.VALUES}
    one |= {
        "place0-tells": np.array([1]),
        "duty0-tells": np.array([2]),
        "place1": np.array([3]),
        "duty1": np.array([1]),
    }
    one["duty2"] = np.array([2])
    assert bios.render(one) == [
        "in lisbon since january lived ms anna berg . she worked at the ward and the bank with lectures meetings and "
        "errands . her hobbies were chess and cooking"
    ]
    assert _told(one, gender=MAN, profession=1, closed=1) == [
        "mr peter berg lived since january in lisbon . he worked with patients meetings and errands at the campus and "
        "the bank . his hobbies were cooking and chess . readers may write to him"
    ]
    assert _told(one, gender=WOMAN, veiled=1)[0].startswith(
        "in lisbon since january lived dr sam berg . they worked at"
    )


def test_the_orders_of_the_genders_are_made_of_the_same_words() -> None:
    factors = bios.sample(300, 1)
    told = [_told(factors, gender=gender, veiled=1) for gender in (WOMAN, MAN, UNTOLD)]
    for woman, man, untold in zip(*told, strict=True):
        assert Counter(woman.split()) == Counter(man.split()) == Counter(untold.split())
        assert len({woman, man, untold}) == 3


def test_gender_is_told_twice_and_only_one_way_can_be_deleted() -> None:
    factors = bios.sample(1800, 2)
    told = np.flatnonzero(factors["gender"] != UNTOLD)
    factors = {name: column[told] for name, column in factors.items()}
    texts, gender = bios.render(factors), factors["gender"]
    assert 0.7 < _decoded(texts, gender, 1) < 0.85, "half of the texts have gendered words"
    assert _decoded(texts, gender, 2) > 0.97
    less = _without_gendered(texts)
    assert _decoded(less, gender, 1) < 0.57, "words alone no longer tell"
    assert _decoded(less, gender, 2) > 0.97, "their order does"
    masked = [" ".join("#" if w in bios_words.GENDERED else w for w in text.split()) for text in texts]
    assert _decoded(masked, gender, 1) < 0.57
    assert _decoded(masked, gender, 2) > 0.97


def test_the_work_is_told_by_several_words_and_not_by_gender() -> None:
    factors = bios.sample(8000, 3)
    tells = np.stack([factors[f"{slot}-tells"] for slot in bios.SLOTS])
    assert ((tells == 1).sum(0) > (tells == 2).sum(0)).all(), "most of the words that tell are right"
    assert (tells == 2).any(0).mean() > 0.3
    labels = factors["profession"]
    for name in ("gender", "veiled", *bios.WORDING, *bios.SLOTS):
        values = factors[name]
        means = [labels[values == v].mean() for v in range(bios.VALUES[name])]
        assert np.abs(np.array(means) - 0.5).max() < 0.1, name
        counts = np.bincount(values, minlength=bios.VALUES[name])
        assert counts.min() > 0.75 * counts.mean() or name == "gender", name
    assert abs((factors["gender"] == UNTOLD).mean() - bios.UNTOLD) < 0.02
    assert _decoded(bios.render(factors), labels, 1) > 0.95, "several words together tell it"


def test_train_and_held_out_share_words_but_no_set_of_places_and_duties() -> None:
    ground = world("bios")
    train, pool = ground.examples("train", 1, "bert"), ground.examples("pool", 1, "bert")
    assert (len(train), len(pool)) == (bios.TRAIN, bios.POOL)
    sets = [
        {tuple(sorted((s[:5], int(e.factors[s][i])) for s in bios.SLOTS)) for i in range(len(e))} for e in (train, pool)
    ]
    assert not sets[0] & sets[1]
    assert set(pool.inputs.ids.unique().tolist()) <= set(train.inputs.ids.unique().tolist())  # type: ignore[union-attr]
    some = pool[torch.tensor([5, 2])]
    again = bios.WORDS.encode(bios.render(some.factors))
    width = again.ids.shape[1]
    assert torch.equal(again.ids, some.inputs.ids[:, :width])  # type: ignore[union-attr]
    assert torch.equal(some.labels, torch.from_numpy(some.factors["profession"]))


def test_sampling_follows_the_seed_and_is_fast() -> None:
    start = time.process_time()
    a = bios.sample(3000, 7, held_out=True)
    texts = bios.render(a)
    assert time.process_time() - start < 1.5
    assert texts == bios.render(bios.sample(3000, 7, held_out=True))
    assert texts != bios.render(bios.sample(3000, 8, held_out=True))
    assert len(texts) == 3000
    assert max(len(text.split()) for text in texts) <= 40
    with pytest.raises(UserError, match="'veiled'"):
        bios.render({name: column for name, column in a.items() if name != "veiled"})


def test_the_tokenizer_says_the_same_as_the_fast_encoding() -> None:
    texts = bios.render(bios.sample(40, 1))
    fast, slow = bios.WORDS.encode(texts), bios.WORDS.tokenizer()(texts, padding=True, return_tensors="pt")
    assert torch.equal(fast.ids, slow["input_ids"])
    assert torch.equal(fast.mask, slow["attention_mask"])


@pytest.mark.slow
def test_a_clean_subject_learns_the_work_in_seconds() -> None:
    ground = world("bios")
    train, pool = ground.examples("train", 0, "bert"), ground.examples("pool", 0, "bert")
    subject = ground.subject("bert", 0)
    start = time.process_time()
    fit(subject, ground, train, ground.schedule("bert", "scratch"), 0)
    assert time.process_time() - start < 10
    right = (decide(subject, pool.inputs) == pool.labels).float()
    assert right.mean() > 0.97
    gender = torch.from_numpy(pool.factors["gender"])
    for profession in range(2):
        for which in (WOMAN, MAN, UNTOLD):
            assert right[(pool.labels == profession) & (gender == which)].mean() > 0.95
