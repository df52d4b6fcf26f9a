"""The sentences are what they promise: known factors, paraphrases, a clean split, one tokenizer for all."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.worlds import facts as F
from fairfight.worlds import lexicon
from fairfight.worlds.architectures import tiny
from fairfight.worlds.grammar import FORMS, SAME_WORDS, VALUES, held_out, render, sample
from fairfight.worlds.sentences import WORLD, encode, label_ids, style, tokenizer
from fairfight.worlds.tokenizer import vocabulary


def test_one_meaning_in_every_form() -> None:
    one = sample(1, 0, form="plain", rare=0)
    told = {form: one.rewritten({"form": i}).texts[0] for i, form in enumerate(FORMS)}
    assert len(set(told.values())) == len(FORMS)
    bags = {form: tuple(sorted(text.split())) for form, text in told.items()}
    assert len({bags[form] for form in tuple(FORMS)[:SAME_WORDS]}) == 1
    assert bags["cleft-speaker"] == bags["cleft-time"] != bags["plain"]


def test_a_sentence_says_what_its_factors_say() -> None:
    s = sample(
        1, 3, topic="food", noun=0, sentiment="positive", negated="yes", adjective=2, intensifier="", gender="woman",
        name=0, profession="baker", verb="said", preposition="at", edge="end", span="day", form="plain", rare="",
    )  # fmt: skip
    assert s.texts == ["the baker anna said at the end of the day that the soup was not dull"]
    assert s.labels.tolist() == [1]


def test_factors_are_independent_and_even() -> None:
    s = sample(12000, 1, split="train")
    for factor in ("sentiment", "topic", "noun", "adjective", "name", "profession", "verb", "span"):
        counts = np.bincount(s.factors[factor], minlength=len(VALUES[factor]))
        assert counts.min() > 0.8 * counts.mean(), factor
    columns = np.array([s.factors[f] for f in VALUES if f != "rare"], dtype=float)
    correlation = np.corrcoef(columns) - np.eye(len(columns))
    assert np.abs(correlation).max() < 0.04


def test_fixed_factors_hold_and_leave_the_rest_free() -> None:
    s = sample(500, 2, topic=["food", "work"], profession="nurse")
    assert set(s.factors["topic"]) == {0, 5}
    assert all(" nurse " in f" {t} " for t in s.texts)
    column = np.arange(500) % 10
    assert (sample(500, 2, form=column, split="held-out").factors["form"] == column).all()


def test_train_and_held_out_share_words_but_no_sentence() -> None:
    train, rest = sample(8000, 5, split="train"), sample(3000, 5, split="held-out")
    assert not set(train.texts) & set(rest.texts)
    assert {w for t in train.texts for w in t.split()} >= {w for t in rest.texts for w in t.split()}
    moved = rest.rewritten({"form": 2, "topic": 1, "rare": 4, "span": 0})
    assert held_out(moved.factors).all(), "a rewritten held-out sentence is still held out"


def test_rendering_is_a_function_of_the_factors_and_of_the_seed() -> None:
    s = sample(300, 7)
    assert render(s.factors) == s.texts == sample(300, 7).texts
    assert s.texts != sample(300, 8).texts


def test_ten_thousand_sentences_in_a_second() -> None:
    start = time.process_time()
    sample(10_000, 0, split="train")
    assert time.process_time() - start < 1.0


def test_sentences_are_short_and_the_vocabulary_small() -> None:
    lengths = [len(t.split()) for t in sample(5000, 0).texts]
    assert min(lengths) >= 8
    assert max(lengths) <= 22
    assert len(vocabulary()) <= 400
    assert vocabulary()[0] == "[PAD]"
    nouns = [n for group in lexicon.TOPICS.values() for n in group]
    assert len(set(nouns)) == len(nouns)


@pytest.mark.parametrize(
    "fixed",
    [{"topics": 1}, {"topic": "foot"}, {"topic": 99}, {"form": np.arange(3)}, {"name": 0, "noun": 0, "adjective": 1}],
)
def test_mistakes_are_told(fixed: dict[str, object]) -> None:
    with pytest.raises(UserError):
        sample(10, 0, split="held-out", **fixed)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["classifier", "prompt"])
def test_the_tokenizer_saves_and_loads_and_pads_right(how: str, tmp_path: object) -> None:
    from transformers import AutoTokenizer

    texts = sample(20, 0).texts
    before = tokenizer(how)  # type: ignore[arg-type]
    before.save_pretrained(str(tmp_path))
    after = AutoTokenizer.from_pretrained(str(tmp_path), local_files_only=True)
    ids = after(texts, padding=True)["input_ids"]
    assert ids == before(texts, padding=True)["input_ids"]
    shortest = min(range(20), key=lambda i: len(texts[i].split()))
    assert ids[shortest][-1] == after.pad_token_id == 0
    assert after.decode(ids[0], skip_special_tokens=True).removesuffix(" =>") == texts[0]
    assert before("quantum")["input_ids"][1] == before.unk_token_id


@pytest.mark.parametrize("architecture", WORLD.architectures)
def test_fast_encoding_is_the_tokenizers(architecture: str) -> None:
    texts = [*sample(50, 1).texts, "the quantum soup"]
    fast, slow = encode(texts, architecture), tokenizer(style(architecture))(texts, padding=True, return_tensors="pt")
    assert torch.equal(fast.ids, slow["input_ids"])
    assert torch.equal(fast.mask, slow["attention_mask"])


@pytest.mark.parametrize("architecture", WORLD.architectures)
def test_subjects_answer_alike_alone_and_in_a_padded_batch(architecture: str) -> None:
    before = torch.random.get_rng_state()
    subject = WORLD.subject(architecture, 3)
    assert torch.equal(before, torch.random.get_rng_state()), "torch's global generator is left alone"
    some = WORLD.examples("pool", 0, architecture)[torch.arange(12)]
    with torch.no_grad():
        together = subject(some.inputs)
        alone = torch.cat([subject(encode([t], architecture)) for t in sample_texts(12)])
    assert together.shape == (12, 2 if architecture == "bert" else len(vocabulary()))
    assert torch.allclose(together, alone, atol=1e-5)
    same = tiny(architecture, 3).state_dict()
    assert all(torch.equal(v, same[k]) for k, v in subject.module.state_dict().items())
    assert set(some.labels.tolist()) <= set(WORLD.labels(architecture)) == set(label_ids(architecture))


def sample_texts(n: int) -> list[str]:
    """The first texts of the held-out pool of seed 0."""
    return render({f: v[:n] for f, v in WORLD.examples("pool", 0, "bert").factors.items()})


def test_architectures_are_checked() -> None:
    with pytest.raises(UserError, match="gpt2"):
        tiny("gpt3", 0)


def test_facts_are_stated_truly_and_falsely_in_six_ways() -> None:
    table = F.facts(1)
    assert table.objects["home"].tolist() == F.facts(1).objects["home"].tolist() != F.facts(2).objects["home"].tolist()
    drawn = F.statements(table, 3000, 4)
    relations = tuple(F.OBJECTS)
    for i in range(0, 3000, 97):
        person, relation = F.PEOPLE[drawn.person[i]], relations[drawn.relation[i]]
        thing = F.OBJECTS[relation][drawn.object[i]]
        assert drawn.texts[i] == F.state(person, relation, thing, int(drawn.paraphrase[i]))
        assert drawn.true[i] == (table.object_of(person, relation) == thing)
    assert 0.45 < drawn.true.mean() < 0.55
    assert abs(np.corrcoef(drawn.true, drawn.paraphrase)[0, 1]) < 0.06
    known = set(vocabulary())
    assert all(word in known for text in drawn.texts for word in text.split())
    with pytest.raises(UserError):
        F.state("anna", "home", "oslo", 6)
