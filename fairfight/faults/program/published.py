"""Transformers that others trained and whose program is known: ARENA's (McDougall 2023) and Nanda et al.'s (2023)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import UserError, unknown
from fairfight.seeds import numpy_rng
from fairfight.subject.lens_files import from_lens, linear
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.transformer import Block, PlainTransformer, sites
from fairfight.worlds.sources import folder

ARENA, GROKKING = "arena-algorithmic-transformers", "grokking-nanda"
MODULUS, LETTERS, HALF, DIGITS, BRACKETS = 113, 31, 10, 4, 40

Sampler = Callable[[int, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class PublishedProgram:
    """A network that somebody trained, what it takes, and what it was trained to say."""

    name: str
    subject: SequenceSubject
    text: str
    rule: Callable[[np.ndarray], np.ndarray]
    """Inputs [n, length, channels] to answers [n, places]."""
    lengths: tuple[int, int]
    """Of the sequences that it was trained on, and so understands."""
    sampler: Sampler
    border: Sampler
    """Draws inputs that a small change would give another answer."""

    def sample(self, n: int, seed: int, *path: Any) -> np.ndarray:
        """Inputs [n, length, channels] of one length, as hard as those that it was trained on."""
        return self.sampler(n, numpy_rng(seed, "published program", self.name, *path))

    def near(self, n: int, seed: int, *path: Any) -> np.ndarray:
        """Inputs near the border of the rule, where a rule that is nearly the same gives other answers."""
        return self.border(n, numpy_rng(seed, "published program", self.name, "near", *path))

    def agreement(self, n: int, seed: int) -> float:
        """Share of answers that are the rule's on fresh inputs."""
        values = self.sample(n, seed, "agreement")
        return float((self.subject.decide(torch.from_numpy(values)).numpy() == self.rule(values)).mean())


def load(name: str) -> PublishedProgram:
    """A published network by name: ``brackets``, ``palindromes``, ``addition``, ``grokked`` or ``grokked-slowly``.

    Raises:
        UserError: There is no such network, or its files are not on this machine.
    """
    if name not in PUBLISHED:
        raise unknown("published program", name, PUBLISHED)
    return PUBLISHED[name](name)


class Adder(nn.Module):
    """Digits of two numbers to the digits of their sum, each written by the network before it is asked for the next."""

    def __init__(self, net: PlainTransformer) -> None:
        """Around a network over ``a + b = c``."""
        super().__init__()
        self.net = net
        self.blocks = net.blocks

    def forward(self, values: Int[Tensor, "n 4 2"]) -> Float[Tensor, "n 4 outputs"]:
        """Logits of each digit of the sum, the highest first."""
        plus, equals = (torch.full((len(values), 1), t) for t in (10, 11))
        tokens = torch.cat([values[:, :, 0], plus, values[:, :, 1], equals], 1)
        given = []
        for _ in range(values.shape[1]):
            given.append(self.net.tokens(tokens)[:, -1])
            tokens = torch.cat([tokens, given[-1].argmax(-1, keepdim=True)], 1)
        return torch.stack(given, 1)


def _weights(place: str, file: str) -> dict[str, Tensor]:
    path: Path = folder(place) / file
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        found: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")
        return found
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{path} cannot be read as weights: take the file that docs/real.md names.") from error


def _arena(file: str, **frame: Any) -> PlainTransformer:
    """A network from a state dict of TransformerLens."""
    return from_lens(_weights(ARENA, file), **frame)


@torch.no_grad()
def _grokked(file: str) -> PlainTransformer:
    """A network of Nanda et al.: one layer, nothing normalised, weights as output by input."""
    s = _weights(GROKKING, file)
    heads, d_head, width = s["blocks.0.attn.W_Q"].shape
    net = PlainTransformer(
        vocabulary=MODULUS + 1, length=3, width=width, layers=1, heads=heads, d_head=d_head,
        hidden=len(s["blocks.0.mlp.b_in"]), outputs=MODULUS + 1, causal=True, after=(MODULUS,), reads=(-1, None),
    )  # fmt: skip
    net.embed.copy_(s["embed.W_E"].T)
    net.place.copy_(s["pos_embed.W_pos"])
    block = net.blocks[0]
    assert isinstance(block, Block)
    assert block.up is not None
    assert block.down is not None
    for mine, theirs in (("q", "Q"), ("k", "K"), ("v", "V")):
        getattr(block, mine).copy_(s[f"blocks.0.attn.W_{theirs}"].transpose(1, 2))
    block.o.copy_(s["blocks.0.attn.W_O"].T.reshape(heads, d_head, width))
    linear(block.up, s["blocks.0.mlp.W_in"], s["blocks.0.mlp.b_in"])
    linear(block.down, s["blocks.0.mlp.W_out"], s["blocks.0.mlp.b_out"])
    linear(net.unembed, s["unembed.W_U"].T, torch.zeros(MODULUS + 1))
    return net.eval()


def _brackets(name: str) -> PublishedProgram:
    net = _arena("brackets_model_state_dict.pt", before=(0,), after=(2,), shift=3, reads=(0, 1))
    space = Space(0, 1, 1, BRACKETS, BRACKETS)

    def rule(values: np.ndarray) -> np.ndarray:
        depth = np.cumsum(1 - 2 * values[..., 0], 1)
        whole: np.ndarray = (depth[:, -1:] == 0) & (depth.min(1, keepdims=True) >= 0)
        return whole.astype(np.int64)

    def drawn(n: int, rng: np.random.Generator) -> np.ndarray:
        """A third balanced, a third with two brackets of those exchanged, a third with as many of both at random."""
        rows = np.stack([_dyck(rng) for _ in range(n)])
        for i in range(n // 3, n):
            if i < 2 * n // 3:
                a, b = rng.integers(BRACKETS, size=2)
                rows[i, [a, b]] = rows[i, [b, a]]
            else:
                rows[i] = rng.permutation(rows[i])
        return rows[..., None]

    def near(n: int, rng: np.random.Generator) -> np.ndarray:
        """Half of them balanced, half with two brackets of a balanced string exchanged."""
        rows = np.stack([_dyck(rng) for _ in range(n)])
        for row in rows[n // 2 :]:
            a, b = rng.integers(BRACKETS, size=2)
            row[[a, b]] = row[[b, a]]
        return rows[..., None]

    text = "whether a string of brackets (0 opens, 1 closes) is balanced"
    return PublishedProgram(name, _subject(net, space, (0, 1), 3), text, rule, (2, BRACKETS), drawn, near)


def _dyck(rng: np.random.Generator) -> np.ndarray:
    """A balanced string: a shuffled one, turned so that it never goes under nothing (the cycle lemma)."""
    steps = rng.permutation(np.repeat([0, 1], BRACKETS // 2))
    depth = np.cumsum(1 - 2 * steps)
    turn = int(depth.argmin()) + 1
    return np.roll(steps, -turn).astype(np.int64)


def _palindromes(name: str) -> PublishedProgram:
    net = _arena("palindrome_classifier.pt", causal=True, before=(LETTERS,), after=(LETTERS + 1,), reads=(-1, None))
    space = Space(0, LETTERS - 1, 1, 2 * HALF, 2 * HALF)

    def rule(values: np.ndarray) -> np.ndarray:
        same: np.ndarray = (values == values[:, ::-1]).all(1)
        return same.astype(np.int64)

    def drawn(n: int, rng: np.random.Generator) -> np.ndarray:
        half = rng.integers(LETTERS, size=(n, HALF, 1))
        other = np.where(rng.random(half.shape) < 0.5, rng.integers(LETTERS, size=half.shape), half)
        other[::2] = half[::2]
        return np.concatenate([half, other[:, ::-1]], 1)

    def near(n: int, rng: np.random.Generator) -> np.ndarray:
        """Half of them palindromes, half with one letter changed."""
        half = rng.integers(LETTERS, size=(n, HALF, 1))
        rows = np.concatenate([half, half[:, ::-1]], 1)
        for row in rows[n // 2 :]:
            place = rng.integers(2 * HALF)
            row[place] = (row[place] + rng.integers(1, LETTERS)) % LETTERS
        return rows

    text = f"whether {2 * HALF} letters are their own reverse"
    return PublishedProgram(name, _subject(net, space, (0, 1), 2), text, rule, (2 * HALF, 2 * HALF), drawn, near)


def _addition(name: str) -> PublishedProgram:
    net = Adder(_arena("sum_model.pt", causal=True))
    space = Space(0, 9, 2, DIGITS, DIGITS)
    tens = 10 ** np.arange(DIGITS)[::-1]

    def rule(values: np.ndarray) -> np.ndarray:
        total = (values.sum(2) * tens).sum(1)
        digits: np.ndarray = total[:, None] // tens % 10
        return digits

    def drawn(n: int, rng: np.random.Generator) -> np.ndarray:
        values = rng.integers(10, size=(n, DIGITS, 2))
        values[:, 0] = rng.integers(5, size=(n, 2))
        return values

    def near(n: int, rng: np.random.Generator) -> np.ndarray:
        """Digits that add up to about nine, so that carries are handed on."""
        values = drawn(n, rng)
        values[:, 1:, 1] = np.clip(9 - values[:, 1:, 0] + rng.integers(-1, 2, (n, DIGITS - 1)), 0, 9)
        return values

    text = "the digits of the sum of two numbers under 5000, the highest first"
    subject = SequenceSubject(net, "published transformer", space, (0, 11), sites(len(net.blocks)))
    return PublishedProgram(name, subject, text, rule, (DIGITS, DIGITS), drawn, near)


def _modular(file: str) -> Callable[[str], PublishedProgram]:
    def make(name: str) -> PublishedProgram:
        subject = _subject(_grokked(file), Space(0, MODULUS - 1, 1, 2, 2), (0, MODULUS), 1)

        def drawn(n: int, rng: np.random.Generator) -> np.ndarray:
            return rng.integers(MODULUS, size=(n, 2, 1))

        return PublishedProgram(
            name,
            subject,
            f"the sum of two numbers mod {MODULUS}",
            lambda values: values.sum(1) % MODULUS,
            (2, 2),
            drawn,
            drawn,
        )

    return make


def _subject(net: PlainTransformer, space: Space, answers: tuple[int, int], layers: int) -> SequenceSubject:
    return SequenceSubject(net, "published transformer", space, answers, sites(layers))


PUBLISHED: dict[str, Callable[[str], PublishedProgram]] = {
    "brackets": _brackets,
    "palindromes": _palindromes,
    "addition": _addition,
    "grokked": _modular("wd_10-1_mod_addition_loss_curve.safetensors"),
    "grokked-slowly": _modular("mod_addition_no_wd.safetensors"),
}
"""How each is loaded; the last was trained without weight decay."""
