"""The world of echoes: a small language model is asked to repeat a word, out of eight hundred that mean nothing.

A prompt is ``[BOS] … word =>``, and the decision is the next token: the word itself. What stands before it are other
words of the same list, so that a word is met as one that is repeated and as one that is not. Some words are four times
as frequent as others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.seeds import derive, numpy_rng
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.lexicon import ARROW
from fairfight.worlds.texts import column, prompt_loss
from fairfight.worlds.words import Words
from fairfight.worlds.world import Examples, Part, Schedule

COUNT = 800
"""Words that can be repeated."""
_FIRST = ("ba", "cor", "de", "fin", "gu", "hal", "jo", "ki", "lem", "mu", "nar", "po", "qui", "ros", "sa", "tev", "vu",
          "wil", "xe", "zan")  # fmt: skip
_SECOND = ("bel", "cat", "dro", "fu", "gip", "hon", "ja", "kel", "lo", "mir", "nu", "pra", "rin", "sto", "tam", "ve",
           "wo", "xi", "yel", "zor", "bri", "cha", "dul", "fle", "gan", "hup", "jin", "kru", "las", "mob", "nep", "pi",
           "rud", "she", "tig", "vor", "wen", "yas", "zub", "ost")  # fmt: skip
WORDS: tuple[str, ...] = tuple(a + b for a in _FIRST for b in _SECOND)
"""All of them."""
FRAMES: tuple[str, ...] = (
    "repeat {word} =>",
    "{other} {another} now repeat {word} =>",
    "please say {word} =>",
    "after {other} please say {word} =>",
    "{other} comes first then {word} =>",
    "the word is {word} =>",
    "not {other} nor {another} the word is {word} =>",
    "{other} and {another} then {word} =>",
)
"""Ways of asking."""
TRAIN, POOL = 12_000, 4000
WORDING = 0.1
"""Weight of the language-model loss on the prompt itself beside that of the answer."""
RARE = 4.0
"""How many times as often the most frequent word is drawn as the rarest."""

_FRAME_WORDS = tuple(dict.fromkeys(w for f in FRAMES for w in f.split() if "{" not in w and w != ARROW))
_ALL = Words((ARROW, *_FRAME_WORDS, *WORDS), "[BOS]")


def token(word: int) -> int:
    """A word's token id, by its place in :data:`WORDS`."""
    return _ALL.ids[WORDS[word]]


def tokens() -> Int[Tensor, " words"]:
    """Every word's token id."""
    return torch.tensor([token(i) for i in range(COUNT)])


def render(words: Int[np.ndarray, "n 3"], frames: Int[np.ndarray, " n"]) -> list[str]:
    """Prompts that ask for the first word of each row; the other two stand in between."""
    return [
        FRAMES[frame].format(word=WORDS[a], other=WORDS[b], another=WORDS[c])
        for (a, b, c), frame in zip(words.tolist(), frames.tolist(), strict=True)
    ]


def examples_of(words: Int[np.ndarray, "n 3"], frames: Int[np.ndarray, " n"]) -> Examples:
    """The prompts with the word that each asks for."""
    texts = render(words, frames)
    known = {"word": words[:, 0], "other": words[:, 1], "another": words[:, 2], "frame": frames, "text": column(texts)}
    return Examples(_ALL.encode(texts), tokens()[torch.from_numpy(words[:, 0])], known)


@cache
def _examples(part: Part, seed: int) -> Examples:
    n = TRAIN if part == "train" else POOL
    rng = numpy_rng(derive(seed, part), "echo")
    # Which words are rare is a matter of the seed and not of the part.
    order = numpy_rng(seed, "echo", "rare").permutation(COUNT)
    share = np.geomspace(RARE, 1.0, COUNT)[np.argsort(order)]
    words = rng.choice(COUNT, size=(n, 3), p=share / share.sum())
    return examples_of(words, rng.integers(len(FRAMES), size=n))


@dataclass(frozen=True)
class EchoWorld:
    """Echoes as those see them who train subjects; a :class:`fairfight.worlds.world.World`."""

    name: str = "echo"
    architectures: tuple[str, ...] = ("llama", "gpt-neox")
    pretrained = False

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Prompts with the token that should come next."""
        return _examples(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """Token ids of all words."""
        return dict(zip(tokens().tolist(), WORDS, strict=True))

    def encode(self, texts: list[str]) -> Texts:
        """Token ids of prompts, which hold their own arrow."""
        return _ALL.encode(texts)

    def subject(self, architecture: str, seed: int) -> Subject:
        """A tiny transformer with weights drawn from the seed; embedding and unembedding are two matrices."""
        from fairfight.subject import wrap

        model = _ALL.transformer(architecture, seed)
        return wrap(model, "causal-lm", name=f"echo-{architecture}", tokenizer=_ALL.tokenizer())

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Two passes: every word is asked for some thirty times."""
        return Schedule(epochs=2, batch_size=64, lr=1e-2, weight_decay=0.01)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """Cross entropy of the decision, and a little of every word of the prompt."""
        return prompt_loss(subject, inputs, labels, schedule, WORDING)


WORLD = EchoWorld()
