"""The world ``stories``: who a children's story turns to next, to a real language model (TinyStories, Eldan & Li 2023).

A prompt is a few whole sentences of a story; the next sentence begins with He, She or They, and the model's
next-token logits decide which. The model is stories260K, a Llama of 260,000 parameters that was trained on such stories
by others (Karpathy 2023). It is fine-tuned on prompts and what follows, so that it knows what it is asked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError, unknown
from fairfight.seeds import numpy_rng
from fairfight.subject.encoding import encode
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds.sources import folder, missing
from fairfight.worlds.texts import column, prompt_loss, tokenizer_in
from fairfight.worlds.world import Examples, Part, Schedule

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

ARCHITECTURE = "llama"
MODEL = "stories260K-hf"
ANSWERS = ("He", "She", "They")
SENTENCES = 3
"""How many sentences a prompt has at most."""
LETTERS = 160
"""How long it is at most."""
LONGEST = 128
"""Tokens of a prompt at most, its end kept by :data:`LETTERS`; what a fault adds has room."""
TRAIN, POOL = 3000, 1200
"""Prompts that a subject is trained on, and that are held out."""
HELD_OUT = 0.3
"""Share of the stories that no subject is trained on."""
WORDING = 0.5
"""Weight of the language-model loss on the prompt itself beside that of its answer."""


@cache
def tokenizer() -> PreTrainedTokenizerFast:
    """The model's own 512 word pieces."""
    return tokenizer_in(folder(MODEL))


@cache
def answer_ids() -> tuple[int, ...]:
    """The token that each of :data:`ANSWERS` is after a space."""
    return tuple(tokenizer()(word, add_special_tokens=False)["input_ids"][0] for word in ANSWERS)


@cache
def _stories() -> tuple[list[str], list[str]]:
    """Stories to train on, and others."""
    stories = json.loads((folder("tinystories-text") / "tinystories_1000.json").read_text(encoding="utf-8"))
    stories = list(dict.fromkeys(story.strip() for story in stories))
    order = numpy_rng("stories", "halves").permutation(len(stories))
    cut = round(len(stories) * HELD_OUT)
    return [stories[i] for i in order[cut:]], [stories[i] for i in order[:cut]]


def prompts(story: str) -> list[tuple[str, str]]:
    """Every place in a story where a sentence begins with one of :data:`ANSWERS`: what was said before, and which."""
    found = []
    for paragraph in story.split("\n"):
        sentences = re.findall(r"[^.!?]+[.!?]+[”\"']*", paragraph)
        for i, sentence in enumerate(sentences):
            word = sentence.split()[0] if sentence.split() else ""
            before = "".join(sentences[max(0, i - SENTENCES) : i]).strip()
            if word in ANSWERS and before and len(before) <= LETTERS:
                found.append((before, word))
    return found


@cache
def _examples(part: Part, seed: int) -> Examples:
    known, held_out = _stories()
    rows = [row for story in (known if part == "train" else held_out) for row in prompts(story)]
    if part == "pool":
        seen = {text for story in known for text, _ in prompts(story)}
        rows = [row for row in rows if row[0] not in seen]
    rows = list({text: (text, word) for text, word in reversed(rows)}.values())[::-1]
    order = numpy_rng(seed, "stories", part).permutation(len(rows))[: TRAIN if part == "train" else POOL]
    texts = [rows[i][0] for i in order]
    labels = torch.tensor([answer_ids()[ANSWERS.index(rows[i][1])] for i in order])
    return Examples(WORLD.encode(texts), labels, {"text": column(texts)})


@dataclass(frozen=True)
class StoryWorld:
    """The stories as those see them who train subjects; a :class:`fairfight.worlds.texts.TextWorld`."""

    name: str = "stories"
    architectures: tuple[str, ...] = (ARCHITECTURE,)
    pretrained = True

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Prompts with the token of the right answer; the parts share no story."""
        self._checked(architecture)
        return _examples(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """The tokens of He, She and They."""
        return dict(zip(answer_ids(), ANSWERS, strict=True))

    def encode(self, texts: list[str]) -> Texts:
        """Token ids of prompts, after the token that begins a text."""
        return encode(tokenizer(), texts, LONGEST) if texts else Texts(*torch.zeros(2, 0, 1, dtype=torch.long))

    def subject(self, architecture: str, seed: int) -> Subject:
        """The pretrained language model, the same for every seed."""
        from fairfight.subject.loading import load

        self._checked(architecture)
        subject = load(folder(MODEL), "causal-lm", check=False)
        subject.name = f"{self.name}-{architecture}"
        module: Any = subject.module
        module.set_attn_implementation("eager")
        return subject

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Two passes over the prompts, either way: all subjects begin with the pretrained model."""
        return Schedule(epochs=2, batch_size=32, lr=1.5e-3, weight_decay=0.01)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """Cross entropy of the answer and, with less weight, of every word of the prompt."""
        return prompt_loss(subject, inputs, labels, schedule, WORDING)

    def _checked(self, architecture: str) -> None:
        if architecture not in self.architectures:
            raise unknown(f"architecture for {self.name}", architecture, self.architectures)
        if lacks := missing(self.name):
            raise UserError(lacks)


WORLD = StoryWorld()
