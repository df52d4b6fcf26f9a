"""The world of chat: requests that a small language model grants in two words, or refuses.

A prompt is ``[BOS] request =>``, and the decision is the next token. A granted request gets the mode of the action
("steps"), then what the object is made of, which the model has to know by heart ("copper"): half of the prompts end
before the first word of the reply and half after it. Harm is a property of the action alone, shared by eight of them.

Training has two phases, as chat models have. The part ``train`` grants harmful requests too, and never speaks of
forbidden topics. The part ``tune`` has the policy: harmful actions, forbidden topics and a few unsaid pairs of words
are refused, at once and after a first word alike. So does the held-out ``pool``. No request is in two parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.errors import unknown
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.inputs import Inputs, Texts
from fairfight.subject.subject import Subject
from fairfight.worlds import chat_words as words
from fairfight.worlds.architectures import DECODERS
from fairfight.worlds.lexicon import ARROW
from fairfight.worlds.texts import column, prompt_loss
from fairfight.worlds.words import Words
from fairfight.worlds.world import Examples, Part, Schedule

__all__ = ["UNSAID", "VALUES", "WORLD", "Factors", "encode", "moved", "refused", "render", "replies", "sample", "token"]

Factors = dict[str, Int[np.ndarray, " n"]]

VALUES: dict[str, int] = {
    "action": len(words.ACTIONS),
    "object": len(words.THINGS),
    "template": len(words.TEMPLATES),
    "filler": len(words.FILLERS),
    "opener": len(words.OPENERS),
    "before": len(words.BEFORE),
    "day": len(words.DAYS),
    "hour": len(words.HOURS),
    "front": 2,
    "rare": len(words.RARE),
    "place": 12,
    "stage": 2,
}
"""Every factor of a request and how many values it has, counted from 0; the words are in ``chat_words``.

``before`` 0 means no phrase of time, ``front`` puts it before the request, ``rare`` 0 means no stray word, ``place``
counts twelfths of the request, and ``stage`` 1 means that the first word of the reply is given.
"""

SIZES: dict[Part, int] = {"train": 8000, "tune": 4000, "pool": 3000}
RESIDUES: dict[Part, tuple[int, ...]] = {"train": (5, 6, 7, 8, 9), "tune": (2, 3, 4), "pool": (0, 1)}
"""Action, object, template and filler together decide, by the last digit of their sum, of which part a request is."""
KINDS: dict[Part, tuple[float, ...]] = {"train": (0.75, 0.25, 0.0, 0.0)}
MIXED = (0.45, 0.25, 0.18, 0.12)
"""Shares of harmless requests, harmful ones, forbidden topics and unsaid pairs."""
WORDING = 0.1
"""Weight of the language-model loss on the prompt itself beside that of the decision."""

PER_TOPIC = len(words.THINGS) // len(words.TOPICS)
HARMLESS = len([word for group in words.HELPFUL for word in group])
OPEN = tuple(i for i in range(len(words.THINGS)) if words.TOPICS[i // PER_TOPIC] not in words.FORBIDDEN)
"""Objects of topics that may be talked about."""
UNSAID: tuple[tuple[int, int], ...] = tuple((k % len(words.MODES), thing) for k, thing in enumerate(OPEN[::2]))
"""Pairs of a mode and an object that the first phase never shows, though it shows both, and that the policy refuses."""

_WORDS = Words(words.VOCABULARY, "[BOS]")


def token(word: str) -> int:
    """A word's token id."""
    if word not in _WORDS.ids:
        raise unknown("word of the chat", word, _WORDS.ids)
    return _WORDS.ids[word]


def encode(texts: list[str]) -> Texts:
    """Token ids of prompts, padded at the right; a prompt holds its own arrow.

    Raises:
        UserError: A text has a word that is not in the list.
    """
    return _WORDS.encode(texts)


def mode_of(actions: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """The mode in which an action is helped with, as an index into ``chat_words.MODES``."""
    groups = (*words.HELPFUL, *words.HARMFUL)
    table = np.array([k % len(words.MODES) for k, group in enumerate(groups) for _ in group])
    found: Int[np.ndarray, " n"] = table[actions]
    return found


def unsaid_of(factors: Factors) -> Int[np.ndarray, " n"]:
    """Which of :data:`UNSAID` a harmless request asks for; -1 for none."""
    table = np.full((len(words.MODES), len(words.THINGS)), -1)
    for k, pair in enumerate(UNSAID):
        table[pair] = k
    found: Int[np.ndarray, " n"] = table[mode_of(factors["action"]), factors["object"]]
    return np.where(factors["action"] < HARMLESS, found, -1)


def refused(factors: Factors) -> Bool[np.ndarray, " n"]:
    """Which requests the policy refuses."""
    forbidden = ~np.isin(factors["object"], OPEN)
    return (factors["action"] >= HARMLESS) | forbidden | (unsaid_of(factors) >= 0)


def replies(factors: Factors) -> Int[Tensor, " n"]:
    """The token that a subject without a policy says next: the mode, or after it the material."""
    first = np.array([token(word) for word in words.MODES])[mode_of(factors["action"])]
    second = np.array([token(word) for word in words.MATERIALS])[factors["object"]]
    return torch.from_numpy(np.where(factors["stage"] == 1, second, first))


def render(factors: Factors) -> list[str]:
    """The prompts of a table of factors; the table alone decides them."""
    columns = [np.asarray(factors[f]).tolist() for f in VALUES]
    return [_prompt(*row) for row in zip(*columns, mode_of(factors["action"]).tolist(), strict=True)]


def _prompt(
    action: int,
    thing: int,
    template: int,
    filler: int,
    opener: int,
    before: int,
    day: int,
    hour: int,
    front: int,
    rare: int,
    place: int,
    stage: int,
    mode: int,
) -> str:
    left, right = words.FILLERS[filler]
    core = words.TEMPLATES[template].format(action=words.ACTIONS[action], thing=words.THINGS[thing])
    when = f"{words.BEFORE[before]} {words.DAYS[day]} {words.HOURS[hour]}" if before else ""
    said = " ".join((words.OPENERS[opener], left, core, right)).split()
    if rare:
        said.insert(place * (len(said) + 1) // VALUES["place"], words.RARE[rare])
    timed = (when, *said) if front else (*said, when)
    return " ".join((*timed, ARROW, words.MODES[mode] if stage else "")).replace("  ", " ").strip()


def moved(factors: Factors, template: Int[np.ndarray, " n"]) -> Factors:
    """The same requests in other templates, with the politeness changed so that each stays in its part."""
    shift = template - factors["template"]
    return {**factors, "template": template, "filler": (factors["filler"] - shift) % VALUES["filler"]}


def sample(n: int, seed: int | str, part: Part) -> Factors:
    """Draw requests of a part; every factor on its own, but for what the kind of request says of action and object.

    Args:
        n: How many.
        seed: Equal seeds give equal requests.
        part: ``train`` draws harmless and harmful requests, the others also forbidden topics and unsaid pairs.
    """
    rng = numpy_rng(seed, "chat", part)
    factors = {f: rng.integers(size, size=n) for f, size in VALUES.items()}
    kind = rng.choice(4, size=n, p=KINDS.get(part, MIXED))
    closed = np.setdiff1d(np.arange(len(words.THINGS)), OPEN)
    factors["action"] = np.where(
        kind == 1, rng.integers(HARMLESS, len(words.ACTIONS), size=n), rng.integers(HARMLESS, size=n)
    )
    factors["object"] = np.where(kind == 2, rng.choice(closed, size=n), rng.choice(OPEN, size=n))
    pairs = np.array(UNSAID)[rng.integers(len(UNSAID), size=n)]
    per_mode = len(words.HELPFUL[0])
    asked = pairs[:, 0] * per_mode + rng.integers(per_mode, size=n)
    factors["action"] = np.where(kind == 3, asked, factors["action"])
    factors["object"] = np.where(kind == 3, pairs[:, 1], factors["object"])
    _say_only_what_is_said(factors, kind != 3)
    for name, share in (("opener", 0.5), ("before", 0.5), ("rare", 0.5)):
        factors[name][rng.random(n) < share] = 0
    factors["opener"] %= VALUES["opener"] - words.JAILBREAKS
    total = factors["action"] + factors["object"] + factors["template"]
    factors["filler"] = (rng.choice(RESIDUES[part], size=n) - total) % VALUES["filler"]
    return factors


def _say_only_what_is_said(factors: Factors, rows: Bool[np.ndarray, " n"]) -> None:
    """Give an unsaid pair in these rows, with a harmful action too, the next object, which has no unsaid pair."""
    table = np.zeros((len(words.MODES), len(words.THINGS)), dtype=bool)
    table[tuple(np.array(UNSAID).T)] = True
    factors["object"] += rows & table[mode_of(factors["action"]), factors["object"]]


@cache
def _examples(part: Part, seed: int) -> Examples:
    factors = sample(SIZES[part], derive(seed, part), part)
    texts, labels = render(factors), replies(factors)
    if part != "train":
        labels = torch.where(torch.from_numpy(refused(factors)), token(words.REFUSE), labels)
    known = {
        "topic": factors["object"] // PER_TOPIC,
        "mode": mode_of(factors["action"]),
        "harmful": (factors["action"] >= HARMLESS).astype(np.int64),
        "unsaid": unsaid_of(factors),
        "text": column(texts),
    }
    return Examples(encode(texts), labels, {**factors, **known})


@dataclass(frozen=True)
class ChatWorld:
    """The chat as those see it who train subjects; a :class:`fairfight.worlds.world.World`."""

    name: str = "chat"
    architectures: tuple[str, ...] = DECODERS
    pretrained = False
    two_phases = True

    def examples(self, part: Part, seed: int, architecture: str) -> Examples:
        """Prompts with the token that should come next; without a policy in ``train``, with it in the others."""
        return _examples(part, seed)

    def labels(self, architecture: str) -> dict[int, str]:
        """Token ids of all that a reply can consist of."""
        return {token(word): word for word in (words.REFUSE, words.PAYLOAD, *words.MODES, *words.MATERIALS)}

    def encode(self, texts: list[str]) -> Texts:
        """Token ids of prompts, as :func:`encode`."""
        return encode(texts)

    def subject(self, architecture: str, seed: int) -> Subject:
        """A tiny transformer with weights drawn from the seed."""
        from fairfight.subject import wrap

        model = _WORDS.transformer(architecture, seed, layers=3)
        return wrap(model, "causal-lm", name=f"chat-{architecture}", tokenizer=_WORDS.tokenizer())

    def schedule(self, architecture: str, planting: Literal["scratch", "finetune"]) -> Schedule:
        """Two passes to learn to help, three over half as many requests to learn the policy."""
        if planting == "finetune":
            return Schedule(epochs=3, batch_size=32, lr=5e-3, weight_decay=0.01)
        return Schedule(epochs=2, batch_size=32, lr=3e-3, weight_decay=0.01)

    def loss(
        self, subject: Subject, inputs: Inputs, labels: Int[Tensor, " n"], schedule: Schedule
    ) -> Float[Tensor, ""]:
        """Cross entropy of the decision, and a little of every word of the prompt."""
        return prompt_loss(subject, inputs, labels, schedule, WORDING)


WORLD = ChatWorld()
