"""What exact patching of every attention head costs, in forward passes over the same inputs.

Run: ``python benchmarks/patching.py [rounds]``. Interleaved; the least time of each counts, since others may be using
the machine. The model has the shape of a small GPT-2: six blocks of six heads.
Beside ours stands what patching costs that runs the whole model once a head and, in an interpreter that has
TransformerLens (below version 4), its own ``get_act_patch_attn_head_out_all_pos`` on a model of the same shape, in its
own forward passes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

from fairfight.parts.scores.patching import patch_heads
from fairfight.subject import Subject, Texts, wrap

BLOCKS, HEADS, WIDTH, VOCABULARY, TOKENS, N = 6, 6, 384, 5000, 32, 16


def model() -> Subject:
    """Untrained, since only its shape matters."""
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=BLOCKS, n_head=HEADS, n_embd=WIDTH, vocab_size=VOCABULARY, n_positions=TOKENS,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return wrap(GPT2LMHeadModel(config).eval(), "causal-lm", check=False)


def texts() -> Texts:
    """Some tokens, without padding."""
    return Texts(torch.randint(1, VOCABULARY, (N, TOKENS)), torch.ones(N, TOKENS, dtype=torch.long))


def one_by_one(subject: Subject, inputs: Texts, others: Texts) -> Tensor:
    """A whole pass a head."""
    sites = [f"blocks.{i}.heads" for i in range(BLOCKS)]
    with subject.hooks(sites) as tape:
        subject(others)
        given = dict(tape)
    found = []
    for site in sites:
        for head in range(HEADS):

            def exchange(x: Tensor, site: str = site, head: int = head) -> Tensor:
                x = x.clone()
                x[:, :, head] = given[site][:, :, head]
                return x

            with subject.hooks(writes={site: exchange}):
                found.append(subject(inputs)[:, 0])
    return torch.stack(found)


def transformer_lens(inputs: Texts, others: Texts) -> dict[str, Callable[[], object]]:
    """One pass and the patching of all heads by TransformerLens; nothing where it is not installed."""
    try:
        from transformer_lens import HookedTransformer, HookedTransformerConfig, patching
    except ImportError:
        print("TransformerLens is not installed here: run this in an interpreter that has it beside Fairfight.")
        return {}
    config = HookedTransformerConfig(
        n_layers=BLOCKS, n_heads=HEADS, d_model=WIDTH, d_head=WIDTH // HEADS, d_vocab=VOCABULARY, n_ctx=TOKENS,
        act_fn="gelu_new", seed=0, device="cpu",
    )  # fmt: skip
    lens = HookedTransformer(config).eval()
    _, cache = lens.run_with_cache(others.ids)
    metric = lambda logits: logits[:, -1, 0].mean()  # noqa: E731
    patch = patching.get_act_patch_attn_head_out_all_pos
    return {
        "TransformerLens: one pass": lambda: lens(inputs.ids),
        "TransformerLens: all heads": lambda: patch(lens, inputs.ids, cache, metric),
    }


def seconds(work: Callable[[], object]) -> float:
    """CPU time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


@torch.no_grad()
def main(rounds: int = 7) -> None:
    """Print each in forward passes."""
    torch.set_num_threads(1)
    subject, inputs, others = model(), texts(), texts()
    works: dict[str, Callable[[], object]] = {
        "one forward pass": lambda: subject(inputs),
        "patch_heads": lambda: patch_heads(subject, inputs, others, lambda logits: logits[:, 0]),
        "patch_heads, large stacks": lambda: patch_heads(subject, inputs, others, lambda x: x[:, 0], rows=512),
        "a whole pass a head": lambda: one_by_one(subject, inputs, others),
    }
    works |= transformer_lens(inputs, others)
    taken: dict[str, list[float]] = {name: [] for name in works}
    for i in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work)
            if i:
                taken[name].append(spent)
    once = min(taken["one forward pass"])
    print(f"{BLOCKS} blocks of {HEADS} heads, {N} inputs of {TOKENS} tokens")
    for name, times in taken.items():
        own = min(taken["TransformerLens: one pass"]) if name.startswith("TransformerLens") else once
        print(f"{name:28}{1e3 * min(times):9.1f} ms{min(times) / own:8.1f} ×")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
