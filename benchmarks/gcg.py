"""One step of GCG beside a plain forward pass over the same candidates, and beside a step of nanogcg.

    python benchmarks/gcg.py [--candidates N] [--length N] [--rounds N]

Two causal language models: the untrained GPT-2 of the embedded sentences, and one twenty times as large.
A step is the gradient, the draw of candidates, their losses and the choice of the best; what is sought stands before
the last token of a text. Both are given the same text, as many candidates of as many tokens, and the same one-token
target. Rounds take turns, and what is given is medians of CPU time, as shares of one plain pass of the candidates
(whose head is read at the decision alone, which is the cheapest there is).

The row of nanogcg (0.3) needs an interpreter that has it: ``pip install --no-deps nanogcg`` into one that runs
Fairfight. It was written for an older transformers, so remembered keys are handed to it in the form that it knows.
"""

from __future__ import annotations

import argparse
import gc
import io
import logging
from collections.abc import Callable
from contextlib import redirect_stderr
from statistics import median
from time import process_time
from typing import Any

import torch
from transformers import DynamicCache, GPT2Config, GPT2LMHeadModel

from fairfight.parts.attacks.gcg import exchanges
from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.insertion import place
from fairfight.subject import Subject, Texts, wrap
from fairfight.worlds.words import Words
from fairfight.worlds.world import world

BEST = 24
"""Tokens at each place among which candidates are drawn."""
BLOCKS, HEADS, WIDTH, VOCABULARY, TOKENS = 4, 8, 256, 2000, 24
"""The larger model's shape, and how long its text is."""

Model = tuple[str, Subject, Texts, list[str]]
"""A name, a subject, texts whose last token is asked, and the words by their ids."""


def embedded() -> Model:
    """The world of sentences: 48 wide, two blocks."""
    here = world("sentences")
    subject = here.subject("gpt2", 0)
    texts = here.examples("pool", 0, "gpt2").inputs[:4]
    assert isinstance(texts, Texts)
    assert subject.tokenizer is not None
    words = [str(subject.tokenizer.decode([i])) for i in range(len(subject.tokenizer))]
    return "embedded sentences", subject, texts, words


def larger() -> Model:
    """Untrained, since only its shape matters."""
    words = Words(tuple(f"w{i}" for i in range(VOCABULARY)), "[BOS]")
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=BLOCKS, n_head=HEADS, n_embd=WIDTH, vocab_size=len(words.ids), n_positions=128,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    subject = wrap(GPT2LMHeadModel(config).eval(), "causal-lm", tokenizer=words.tokenizer(), check=False)
    texts = words.encode([" ".join(f"w{7 * i}" for i in range(TOKENS))])
    return f"{BLOCKS} blocks of {HEADS} heads", subject, texts, list(words.ids)


class Older:
    """A model whose caches are handed over as transformers did when nanogcg was written."""

    def __init__(self, model: Any) -> None:
        """Wrap the model."""
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, past_key_values: Any = None, **given: Any) -> Any:
        past = None if past_key_values is None else DynamicCache([tuple(layer) for layer in past_key_values])
        out = self._model(past_key_values=past, **given)
        if out.past_key_values is not None:
            out.past_key_values = [(layer.keys, layer.values) for layer in out.past_key_values.layers]
        return out


def nanogcg_step(model: Model, candidates: int, length: int) -> dict[str, Callable[[], float]]:
    """Seconds of one step of nanogcg; nothing where it is missing.

    As it comes, and spared two things that have nothing to do with the model: the check that every candidate is the
    same once it is decoded and encoded again, and the search of the whole process for garbage.
    """
    try:
        from nanogcg.gcg import GCG, GCGConfig
    except ImportError:
        print("nanogcg is not installed here: `pip install --no-deps nanogcg` where Fairfight runs gives its row.")
        return {}
    logging.getLogger("nanogcg").setLevel(logging.ERROR)
    _, subject, texts, words = model
    row = [words[i] for i in texts.ids[0, : int(texts.mask[0].sum())].tolist()]
    said = " ".join(row[1:-1]) + " {optim_str} " + row[-1]

    def timed(steps: int, spared: bool) -> float:
        config = GCGConfig(
            num_steps=steps, optim_str_init=" ".join(words[20:20 + length]), search_width=candidates, topk=BEST,
            filter_ids=not spared,
        )  # fmt: skip
        attack = GCG(Older(subject.module), Words(tuple(words[6:]), "[BOS]").tokenizer(), config)
        if spared:
            gc.freeze()  # it collects garbage after every pass: nothing that is here already is looked at then
        start = process_time()
        with redirect_stderr(io.StringIO()):  # its progress bar
            attack.run(said, words[10])
        took = process_time() - start
        gc.unfreeze()
        return took

    def a_step(spared: bool) -> float:
        return (timed(4, spared) - timed(1, spared)) / 3

    return {"nanogcg": lambda: a_step(False), "nanogcg, spared": lambda: a_step(True)}


def our_step(hole: Hole, candidates: int, length: int) -> float:
    """Seconds of one step."""
    rng = torch.Generator().manual_seed(0)
    sequence = torch.arange(20, 20 + length)
    start = process_time()
    pool = hole.slopes(sequence).topk(BEST, largest=False).indices
    tried = exchanges(sequence, pool, candidates, rng)
    tried[hole.losses(tried).argmin()]
    return process_time() - start


def plain_pass(hole: Hole, candidates: int, length: int) -> float:
    """Seconds of all candidates run through the whole model."""
    tried = torch.randint(10, 200, (candidates, length), generator=torch.Generator().manual_seed(0))
    start = process_time()
    hole.losses(tried)
    return process_time() - start


def measured(model: Model, candidates: int, length: int, rounds: int) -> None:
    """Print one table."""
    name, subject, texts, _ = model
    way, target = place(subject, "last"), 10
    works: dict[str, tuple[int, Callable[[], float]]] = {}
    for count in sorted({1, len(texts)}):
        ours = Hole.of(subject, texts[:count], target, length, way)
        whole = Hole.of(subject, texts[:count], target, length, way, cached=False)
        works[f"plain pass, {count} text(s)"] = count, lambda h=whole: plain_pass(h, candidates, length)  # type: ignore[misc]
        works[f"fairfight, {count} text(s)"] = count, lambda h=ours: our_step(h, candidates, length)  # type: ignore[misc]
    works |= {key: (1, work) for key, work in nanogcg_step(model, candidates, length).items()}
    taken: dict[str, list[float]] = {key: [] for key in works}
    for i in range(rounds + 1):
        for key, (_, work) in works.items():
            spent = work()
            if i:
                taken[key].append(spent)
    print(f"{name}, {candidates} candidates of {length} tokens in a text of {int(texts.mask[0].sum())}")
    for key, (count, _) in works.items():
        own = median(taken[f"plain pass, {count} text(s)"])
        print(f"  {key:28}{1e3 * median(taken[key]):9.1f} ms{median(taken[key]) / own:8.2f} ×")


def main() -> None:
    """Print a table for either model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=128)
    parser.add_argument("--length", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for make in (embedded, larger):
        measured(make(), given.candidates, given.length, given.rounds)


if __name__ == "__main__":
    main()
