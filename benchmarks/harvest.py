"""What reading activations costs, as ratios to the model's own forward pass measured in the same run.

    python benchmarks/harvest.py [--json] [--repeats N]

Every repeat runs all variants one after the other, in an order that turns; a ratio is the median over repeats of
variant ÷ plain within the repeat, in CPU time on one thread, so that other work on the machine counts little. The model
has GPT-2's shape with random weights (12 blocks, width 768, 50,257 tokens). The plain pass is the module's own call
with all logits, without hooks and without a cache.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import torch

from fairfight.seeds import torch_rng
from fairfight.subject import Subject, Texts, harvest, hooks, wrap

DEPTH = 12
FOUR = tuple(f"blocks.{i}.resid_post" for i in (2, 5, 8, 11))
EARLY = 2
PEERS = ("transformer_lens", "nnsight")


def gpt2_shape(width: int = 768, heads: int = 12, vocabulary: int = 50257) -> Subject:
    """A causal LM of GPT-2's shape with random weights."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(
        n_embd=width,
        n_head=heads,
        n_layer=DEPTH,
        vocab_size=vocabulary,
        n_positions=128,
        bos_token_id=0,
        eos_token_id=0,
    )
    return wrap(GPT2LMHeadModel(config), "causal-lm", check=False)


def texts(n: int, tokens: int, vocabulary: int) -> Texts:
    """Random token ids without padding."""
    ids = torch.randint(0, vocabulary, (n, tokens), generator=torch_rng(0, "benchmark"))
    return Texts(ids, torch.ones_like(ids))


def measure(variants: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median over repeats of each variant's time ÷ the first variant's time in the same repeat."""
    names = list(variants)
    for run in variants.values():
        run()
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for repeat in range(repeats):
        took: dict[str, float] = {}
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            start = time.process_time()
            variants[name]()
            took[name] = time.process_time() - start
        for name in names:
            ratios[name].append(took[name] / took[names[0]])
    return {name: median(r) for name, r in ratios.items()}


@torch.no_grad()
def ours(subject: Subject, inputs: Texts, repeats: int) -> dict[str, float]:
    """Ratios of our reads to the plain pass."""

    def plain() -> None:
        subject.module(inputs.ids, attention_mask=inputs.mask, use_cache=False)

    def hooked() -> None:
        with hooks(subject, FOUR):
            plain()

    early = (f"blocks.{EARLY}.resid_post",)
    n = len(inputs)
    return measure(
        {
            "plain": plain,
            "four streams, all logits": hooked,
            "four streams, decision logits": lambda: harvest(subject, inputs, FOUR, batch_size=n),
            "four streams, no head": lambda: harvest(subject, inputs, FOUR, batch_size=n, head=False),
            "early stream, no head": lambda: harvest(subject, inputs, early, batch_size=n, head=False),
        },
        repeats,
    )


@torch.no_grad()
def transformer_lens(inputs: Texts, repeats: int) -> dict[str, float]:
    """TransformerLens 4: its bridge over a model of the same shape, caching the same four streams."""
    import tempfile

    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    module = gpt2_shape().module
    words = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]")), unk_token="[UNK]", pad_token="[UNK]",
        bos_token="[UNK]", eos_token="[UNK]",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        module.save_pretrained(folder)
        words.save_pretrained(folder)
        words = PreTrainedTokenizerFast.from_pretrained(folder)
        model = TransformerBridge.boot_transformers(folder, hf_model=module, tokenizer=words, device="cpu")
    names = [f"blocks.{i}.hook_resid_post" for i in (2, 5, 8, 11)]
    plain = gpt2_shape().module
    return measure(
        {
            "plain": lambda: plain(inputs.ids, attention_mask=inputs.mask, use_cache=False),
            "four streams, all logits": lambda: model.run_with_cache(inputs.ids, names_filter=lambda n: n in names),
        },
        repeats,
    )


@torch.no_grad()
def nnsight(inputs: Texts, repeats: int) -> dict[str, float]:
    """nnsight's trace of the same four streams on the same model."""
    from nnsight import NNsight

    module = gpt2_shape().module
    model = NNsight(module)

    def traced() -> None:
        with model.trace(inputs.ids, attention_mask=inputs.mask, use_cache=False):
            for i in (2, 5, 8, 11):
                model.transformer.h[i].output.save()

    return measure(
        {
            "plain": lambda: module(inputs.ids, attention_mask=inputs.mask, use_cache=False),
            "four streams, all logits": traced,
        },
        repeats,
    )


def peer(name: str, repeats: int) -> dict[str, float] | str:
    """A peer's ratios, measured in a process of its own: nnsight changes torch wherever it is imported."""
    if importlib.util.find_spec(name) is None:
        return "not installed"
    command = [sys.executable, __file__, "--peer", name, "--repeats", str(repeats)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1]}"
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print, and give the figures."""
    parser = argparse.ArgumentParser(description="What reading activations costs, against a plain forward pass.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--peer", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    inputs = texts(2, 32, 50257)
    if options.peer:
        print(json.dumps(globals()[options.peer](inputs, options.repeats)))
        return {}
    large = ours(gpt2_shape(), inputs, options.repeats)
    small = ours(gpt2_shape(64, 4, 512), texts(16, 16, 512), 3 * options.repeats)
    share = (EARLY + 1) / DEPTH
    goals = {
        "four streams, all logits": 1.05,
        "four streams, no head": 0.82,
        "early stream, no head": share + 0.15,
    }
    result = {
        "ratios": large,
        "goals": goals,
        "met": {name: large[name] <= goal for name, goal in goals.items()},
        "ratios on a tiny model": small,
        "peers": {name: peer(name, options.repeats) for name in PEERS},
    }
    if options.json:
        print(json.dumps(result))
        return result
    print(f"{'time ÷ plain forward pass':34}{'GPT-2 shape':>12}{'goal':>8}{'tiny model':>12}")
    for name, ratio in large.items():
        goal = f"{goals[name]:.2f}" if name in goals else ""
        print(f"{name:34}{ratio:12.2f}{goal:>8}{small[name]:12.2f}")
    for name, found in result["peers"].items():
        print(f"{name}: {found if isinstance(found, str) else {k: round(v, 2) for k, v in found.items()}}")
    return result


if __name__ == "__main__":
    main()
