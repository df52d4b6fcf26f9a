"""Compiled transformers in a narrower stream: still their program, in fewer directions than it has variables."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.faults.compiled.library import CompiledRecipe, build
from fairfight.faults.compiled.superposed import superpose
from fairfight.subject.transformer import PlainTransformer


def rank(net: PlainTransformer) -> int:
    """Dimensions of what tokens and positions write."""
    rows = torch.cat([net.embed, net.place]).detach()
    return int(torch.linalg.matrix_rank(rows, rtol=1e-4))


@pytest.mark.slow
def test_a_narrower_stream_holds_the_same_program() -> None:
    recipe = CompiledRecipe("shift", 3, 7, seed=7)
    wide, narrow = build(recipe), superpose(recipe)
    a, b = wide.subject.module, narrow.subject.module
    assert isinstance(a, PlainTransformer)
    assert isinstance(b, PlainTransformer)
    assert b.embed.shape[1] < rank(a) < a.embed.shape[1]
    assert narrow.agreement() >= 0.99
    values = torch.from_numpy(np.random.default_rng(5).integers(0, 3, (200, 7, 1)))
    assert (narrow.subject.decide(values).numpy() == narrow.rule(values.numpy())).mean() >= 0.99
    again = superpose(recipe).subject.module
    assert isinstance(again, PlainTransformer)
    assert torch.equal(again.embed, b.embed)
