"""Digits: real images, split by seed without overlap."""

from __future__ import annotations

import torch

from fairfight.worlds import digits
from fairfight.worlds.world import world


def test_every_digit_is_there_enlarged_without_inventing_pixels() -> None:
    every = digits.load()
    assert len(every) == 1797
    assert set(every.labels.tolist()) == set(range(10))
    pixels = every.inputs.pixels
    assert pixels.shape[1:] == (1, 16, 16)
    assert pixels.min() == 0
    assert pixels.max() == 1
    blocks = pixels.unfold(2, 2, 2).unfold(3, 2, 2)
    assert torch.equal(blocks, blocks[..., :1, :1].expand_as(blocks))


def test_parts_are_disjoint_cover_everything_and_follow_the_seed() -> None:
    ground = world("digits")
    train, pool = (ground.examples(part, 5, "cnn") for part in ("train", "pool"))

    def keys(examples: object) -> list[bytes]:
        return [row.numpy().tobytes() for row in examples.inputs.pixels]  # type: ignore[attr-defined]

    assert len(train) + len(pool) == len(digits.load())
    assert sorted(keys(train) + keys(pool)) == sorted(keys(digits.load()))
    assert keys(train) == keys(ground.examples("train", 5, "cnn"))
    assert keys(train) != keys(ground.examples("train", 6, "cnn"))
    assert torch.equal(torch.from_numpy(train.factors["digit"]), train.labels)


def test_initial_weights_follow_the_seed_and_leave_the_global_generator_alone() -> None:
    ground = world("digits")
    before = torch.get_rng_state()
    a, b, c = (ground.subject("cnn", seed).module.state_dict() for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert not torch.equal(a["head.weight"], c["head.weight"])
