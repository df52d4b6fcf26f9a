"""What can be wrong with texts, labels, targets and tokenizers is said in one sentence, whatever sought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.attacks.beam import beam_search
from fairfight.parts.attacks.checking import check_target, check_texts, decisions
from fairfight.parts.attacks.conjunctions import find_conjunctions
from fairfight.parts.attacks.gcg import gcg
from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.hotflip import universal_triggers
from fairfight.parts.attacks.insertion import place
from fairfight.parts.attacks.recovery import recover
from fairfight.parts.attacks.saying import saying
from fairfight.parts.attacks.shortlist import tried
from fairfight.parts.attacks.tokens import sweep_tokens
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.embeddings import pointing
from fairfight.parts.vocabulary.frames import odd_decisions
from fairfight.parts.vocabulary.spans import moving_spans
from fairfight.subject import Images, Subject, Texts, wrap
from fairfight.worlds.world import world

Search = Callable[[Subject, Labelled], object]

SEARCHES: dict[str, Search] = {
    "gcg": lambda subject, clean: gcg(subject, clean, seed=0, steps=1),
    "hotflip": lambda subject, clean: universal_triggers(subject, clean, seed=0, rounds=1),
    "beam": lambda subject, clean: beam_search(subject, clean, texts(), seed=0),
    "sweep": lambda subject, clean: sweep_tokens(subject, clean, seed=0),
    "conjunctions": lambda subject, clean: find_conjunctions(subject, clean, seed=0),
    "recovery": lambda subject, clean: recover(subject, clean, seed=0),
    "shortlist": lambda subject, clean: tried(subject, clean, torch.tensor([20, 21]), seed=0),
    "odd": lambda subject, clean: odd_decisions(subject, clean, texts()),
}
every = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


@cache
def subject(architecture: str = "bert") -> Subject:
    return world("sentences").subject(architecture, 0)


def texts(architecture: str = "bert") -> Texts:
    found = world("sentences").examples("pool", 0, architecture).inputs[:8]
    assert isinstance(found, Texts)
    return found


def clean(labels: list[int] | None = None, some: Texts | None = None) -> Labelled:
    return Labelled(texts() if some is None else some, torch.tensor(labels or [0, 1] * 4))


def altered(row: int, column: int, token: int) -> Texts:
    known = texts()
    ids = known.ids.clone()
    ids[row, column] = token
    return Texts(ids, known.mask)


@every
@pytest.mark.parametrize("label", [2, -1, -100])
def test_a_label_out_of_range_is_named_with_the_range(search: Search, label: int) -> None:
    with pytest.raises(UserError, match=rf"no class {label} in sentences-bert: .* 0 to 1; leave texts without a label"):
        search(subject(), clean([0, 1, 0, 1, 0, 1, 0, label]))


@every
def test_a_subject_with_one_class_has_no_triggers(search: Search) -> None:
    from transformers import BertForSequenceClassification

    config = subject().module.config.__class__(**{**subject().module.config.to_dict(), "num_labels": 1})  # type: ignore[union-attr, operator]
    lonely = wrap(BertForSequenceClassification(config).eval(), "text-classifier", name="lonely", check=False)
    with pytest.raises(UserError, match="lonely knows one class only"):
        search(lonely, clean([0] * 8))


@every
def test_no_texts_are_too_few(search: Search) -> None:
    with pytest.raises(UserError, match="no clean texts: give at least four"):
        search(subject(), clean()[:0])


@every
def test_texts_of_one_label_are_told(search: Search) -> None:
    with pytest.raises(UserError, match=r"two (classes|labels) or more"):
        search(subject(), clean([1] * 8))


@every
@pytest.mark.parametrize("token", [999_999, -3])
def test_tokens_that_the_subject_does_not_know_are_named(search: Search, token: int) -> None:
    with pytest.raises(UserError, match=rf"sentences-bert has no token {token}, .* its own tokenizer"):
        search(subject(), clean(some=altered(2, 1, token)))


@every
def test_an_empty_text_is_pointed_at(search: Search) -> None:
    known = texts()
    mask = known.mask.clone()
    mask[3] = 0
    with pytest.raises(UserError, match="Text 3 is empty"):
        search(subject(), clean(some=Texts(known.ids, mask)))


@pytest.mark.parametrize("given", [texts(), None, replace(clean(), labels=clean().labels.clone()).labels])
def test_texts_without_labels_are_told(given: Any) -> None:
    with pytest.raises(UserError, match="have no labels: give each the class"):
        check_texts(subject(), given)


def test_pictures_are_no_texts() -> None:
    pictures = Labelled(Images(torch.rand(8, 1, 8, 8)), torch.tensor([0, 1] * 4))
    with pytest.raises(UserError, match="reads texts: give token ids"):
        sweep_tokens(subject(), pictures, seed=0)
    scenes = world("scenes").subject("cnn", 0)
    with pytest.raises(UserError, match="decides on pictures"):
        sweep_tokens(scenes, clean(), seed=0)


def test_a_bank_without_texts_or_with_foreign_ones_is_told() -> None:
    odd = odd_decisions(subject(), clean(), texts())
    for bank, said in ((texts()[:0], "no texts to search with"), (altered(0, 1, 10**6), "has no token 1000000")):
        with pytest.raises(UserError, match=said):
            beam_search(subject(), clean(), bank, seed=0)
        with pytest.raises(UserError, match=said):
            odd_decisions(subject(), clean(), bank)
        with pytest.raises(UserError, match=said):
            moving_spans(subject(), clean(), bank, odd, seed=0)


@pytest.mark.parametrize("architecture", ["bert", "gpt2"])
def test_a_target_that_does_not_exist_is_told(architecture: str) -> None:
    known = subject(architecture)
    beyond = decisions(known)
    assert beyond == known(texts(architecture)[:1]).shape[1]
    check_target(known, beyond - 1)
    for target in (beyond, -1):
        said = rf"no {'class' if architecture == 'bert' else 'token'} {target} in sentences-{architecture}"
        with pytest.raises(UserError, match=said):
            Hole.of(known, texts(architecture), target, 2, place(known, "last"))
        with pytest.raises(UserError, match=said):
            pointing(known, torch.tensor([0, target]))


def test_one_token_has_no_rival() -> None:
    with pytest.raises(UserError, match="give at least two"):
        tried(subject(), clean(), torch.tensor([20]), seed=0)


def test_a_trigger_is_said_in_words_that_the_tokenizer_has() -> None:
    known = subject()
    assert known.tokenizer is not None
    put = saying(known, "at the end of the day", "first")
    assert known.tokenizer.decode(put.tokens) == "at the end of the day"
    changed = put(texts())
    assert changed.ids[0, 1:7].tolist() == list(put.tokens)
    with pytest.raises(UserError, match="sentences-bert has no tokens for 'grüße ☃': write the trigger in words"):
        saying(known, "the grüße day ☃")
    with pytest.raises(UserError, match="has no tokens for ''"):
        saying(known, "")
    with pytest.raises(UserError, match="has no tokenizer"):
        saying(replace(known, tokenizer=None), "day")
