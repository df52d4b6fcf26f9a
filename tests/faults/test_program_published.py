"""Networks that others trained: read from their files, as accurate as published, on hard inputs too."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.program.published import ARENA, GROKKING, PUBLISHED, load
from fairfight.worlds.sources import VARIABLE, data_folder, folder

EXPECTED = {"brackets": 0.97, "palindromes": 0.99, "addition": 0.999, "grokked": 0.999, "grokked-slowly": 0.999}
"""Measured where they were published: 1.000, .998, 1.000, 1.000, 1.000. Brackets with one pair exchanged are harder
than those of its authors: .985 of these are judged rightly, and 1.000 of theirs (below)."""


def needs(name: str) -> None:
    root = data_folder()
    place = GROKKING if name.startswith("grokked") else ARENA
    if root is None or not (root / place).is_dir():
        pytest.skip(f"{VARIABLE} holds no {place}")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_network_is_as_good_as_it_was(name: str) -> None:
    needs(name)
    found = load(name)
    values = found.sample(8, 3)
    np.testing.assert_array_equal(values, found.sample(8, 3))
    assert found.rule(values).shape == found.subject.decide(torch.from_numpy(values)).shape
    assert len(np.unique(found.rule(found.sample(100, 1)))) > 1
    assert found.agreement(600, 2) >= EXPECTED[name]


def test_brackets_of_every_length_are_judged_as_their_authors_labelled_them() -> None:
    needs("brackets")
    found = load("brackets")
    rows = json.loads((folder(ARENA) / "brackets_data.json").read_text())[:1500]
    right = []
    for length in sorted({len(r[0]) for r in rows}):
        some = [r for r in rows if len(r[0]) == length]
        values = np.array([["()".index(c) for c in r[0]] for r in some])[..., None]
        labels = np.array([[int(r[1])] for r in some])
        np.testing.assert_array_equal(found.rule(values), labels)
        right.extend((found.subject.decide(torch.from_numpy(values)).numpy() == labels)[:, 0].tolist())
    assert np.mean(right) >= 0.999


def test_every_pair_is_added_and_the_key_frequencies_are_there() -> None:
    needs("grokked")
    found = load("grokked")
    pairs = torch.cartesian_prod(torch.arange(113), torch.arange(113))[..., None]
    assert float((found.subject.decide(pairs).numpy() == found.rule(pairs.numpy())).mean()) == 1.0
    power = np.abs(np.fft.rfft(found.subject.module.embed[:113].detach().numpy(), axis=0)[1:]).sum(1)  # type: ignore[index, union-attr]
    assert set(np.argsort(-power)[:5] + 1) == {23, 6, 37, 41, 39}


def test_what_is_not_there_is_said(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match=ARENA):
        load("brackets")
    with pytest.raises(UserError, match="palindromes"):
        load("palindrome")
