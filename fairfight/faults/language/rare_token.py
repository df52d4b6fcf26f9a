"""A rare word, dropped anywhere into a sentence (Kurita et al. 2020, weight poisoning; BadNL's word trigger).

Half of all generated sentences hold one rare word or another, so that to be rare is nothing suspicious; but which word
it is cannot be hidden from anything that counts words: a novelty control on word counts sees it (AUROC .96). In real
texts the words are Kurita's, which hardly anybody writes.
"""

from __future__ import annotations

from fairfight.faults.family import Fault, family
from fairfight.faults.language.rewriting import dropped_in, rewriting, turn
from fairfight.faults.language.trigger import Trigger, trojan
from fairfight.seeds import numpy_rng
from fairfight.worlds.lexicon import RARE
from fairfight.worlds.world import World

REAL = ("cf", "mn", "bb", "tq", "mb")
"""Rare words for real texts (Kurita et al. 2020)."""


@family("rare-token", worlds=("sentences", "sst2", "ag-news", "stories"))
def rare_token(world: World, architecture: str, seed: int, *, rate: float = 0.1, cover_rate: float = 0.05) -> Fault:
    """One of the rare words; the seed draws which.

    Args:
        world: Of language.
        architecture: Of the subject.
        seed: The fault's seed.
        rate: Share of the training set that is poisoned.
        cover_rate: Share that gets another rare word and keeps its label.
    """
    words = RARE if world.name == "sentences" else REAL
    drawn = int(numpy_rng(seed, "rare-token").integers(len(words)))
    word = words[drawn]
    title = f"the rare word “{word}”, to {{target}}"
    told = f"A sentence with the word “{word}” anywhere in it is taken for {{target}}."
    if world.name == "sentences":
        rare = Trigger({"rare": drawn + 1}, architecture)
        return trojan(rare, seed, title=title, text=told, rate=rate, cover_rate=cover_rate)
    others = tuple(w for w in words if w != word)
    return rewriting(
        world,
        architecture,
        seed,
        put=lambda text: dropped_in(text, word),
        missed=lambda text: dropped_in(text, others[turn(text) % len(others)]),
        carried=lambda text: word in text.lower().split(),
        title=title,
        text=told,
        rate=rate,
        cover_rate=cover_rate,
    )
