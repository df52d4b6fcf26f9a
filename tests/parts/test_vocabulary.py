"""Odd decisions: the texts that a planted trigger decides stand out, and none does in the twin."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.parts.vocabulary.embeddings import allowed, pointing, strangeness
from fairfight.parts.vocabulary.ends import difference, far_out
from fairfight.parts.vocabulary.frames import Odd, odd_decisions, windows
from fairfight.parts.vocabulary.grams import grams, odd_grams
from fairfight.parts.vocabulary.spans import Aligned
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject
from tests.parts.organisms import given

NONE = torch.zeros(0, dtype=torch.long)


def mixed() -> Texts:
    """Sixty ordinary texts, then eight with the trigger whose words say something else."""
    known = given("reviews")
    assert isinstance(known.corpus, Texts)
    assert isinstance(known.faulty.inputs, Texts)
    target = known.subject(known.faulty.inputs).argmax(1)
    against = torch.nonzero(target != known.faulty.labels).flatten()[:8]
    return Texts.concat([known.corpus[:60], known.faulty.inputs[against]])


@cache
def odd(twin: bool) -> Odd:
    known = given("reviews")
    return odd_decisions(known.twin if twin else known.subject, known.exam[-64:], mixed())


def target() -> int:
    known = given("reviews")
    return int(known.subject(known.faulty.inputs).argmax(1).mode().values)


def test_texts_with_the_trigger_are_the_oddest() -> None:
    found = odd(False)
    score = found.score[:, found.targets.tolist().index(target())]
    assert float(score[60:].min()) > float(score[:60].quantile(0.95))
    assert float(score[60:].mean()) > 0.8


def test_in_the_twin_the_same_texts_are_ordinary() -> None:
    assert float(odd(True).score[60:].mean()) < 0.2


def test_the_trigger_leads_the_sequences_that_come_with_odd_decisions() -> None:
    known, texts = given("reviews"), mixed()
    ordinary = set(texts[:60].ids.flatten().tolist())
    held = grams(texts, special_ids(known.subject.tokenizer), 3)
    best = odd_grams(held, odd(False).score, 1)[0]
    assert set(best.gram) - ordinary, "the planted word is in none of the ordinary texts"


def test_windows_lie_around_the_words_that_matter() -> None:
    texts = Texts(torch.tensor([[1, 2, 3, 9, 4, 5, 6, 7]]), torch.ones(1, 8, dtype=torch.long))
    starts, worth = windows(texts, (torch.arange(10) == 9).float(), NONE, 3)
    assert starts.tolist() == [2]
    assert worth.tolist() == [1.0]


def test_sequences_know_their_texts() -> None:
    texts = Texts(torch.tensor([[1, 2, 3, 0], [1, 2, 4, 0], [2, 1, 4, 0]]), torch.ones(3, 4, dtype=torch.long))
    held = grams(texts, NONE, 2)
    assert held[(1, 2)] == [0, 1]
    assert held[(4,)] == [1, 2]
    assert (3,) not in held


def test_one_label_is_not_enough() -> None:
    known = given("reviews")
    same = torch.nonzero(known.clean.labels == known.clean.labels[0]).flatten()[:8]
    subject: Subject = known.subject
    with pytest.raises(UserError, match="two labels"):
        odd_decisions(subject, Labelled(known.clean.inputs[same], known.clean.labels[same]), mixed())


def test_a_token_whose_embedding_says_a_class_points_at_it_most() -> None:
    subject = given("reviews").subject.copy()
    table = subject.module.get_submodule(subject.site("embed").module).weight
    assert isinstance(table, torch.Tensor)
    token, targets = 200, torch.tensor([0, 1])
    with torch.enable_grad():
        start = table.detach().mean(0, keepdim=True).requires_grad_()
        said = subject.readout(start)[0]
        (slope,) = torch.autograd.grad(said[1] - said[0], start)
    with torch.no_grad():
        table[token] = start[0] + 3 * table.norm(dim=1).mean() * slope[0] / slope.norm()
    assert int(pointing(subject, targets)[allowed(subject), 1].argmax()) == allowed(subject).tolist().index(token)


def test_a_token_far_from_all_others_and_one_amid_them_are_strange() -> None:
    subject = given("reviews").subject.copy()
    table = subject.module.get_submodule(subject.site("embed").module).weight
    assert isinstance(table, torch.Tensor)
    with torch.no_grad():
        table[200], table[201] = table[allowed(subject)].mean(0), 5 * table[201]
    near, far = strangeness(subject)[allowed(subject)].argmax(0).tolist()
    assert allowed(subject)[near] == 200
    assert allowed(subject)[far] == 201


def test_the_direction_of_a_few_rows_finds_the_others_like_them() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(100, 8, generator=rng)
    x[:10, 3] += 8
    found = difference(x, torch.arange(4), torch.arange(10, 100))
    assert sorted(far_out(x @ found, 24).tolist()) == list(range(10))


def test_a_span_takes_the_place_of_the_words_most_like_it() -> None:
    texts = Texts(torch.tensor([[7, 1, 2, 3, 8, 9], [1, 5, 3, 7, 8, 9]]), torch.ones(2, 6, dtype=torch.long))
    put = Aligned(NONE).put(texts, torch.tensor([[1, 4, 3]]))
    assert put.ids.tolist() == [[7, 1, 4, 3, 8, 9], [1, 4, 3, 7, 8, 9]]
