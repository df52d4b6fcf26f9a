"""What scores cost, in forward passes over the same faulty inputs; each has as many clean inputs beside them.

Two passes are the unit: the plain one, and the one with the basis in it (read in codes, written back). Where the
subject is tiny and its activations are many, the dictionary costs more than the subject does, whatever is done with it.

Run: ``python benchmarks/scores.py [rounds] [names of scores]``. Attribution alone if no score is named. Interleaved;
the least time of each counts, since others may be using the machine. Models are untrained: only their shapes matter.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from transformers import GPT2Config, GPT2LMHeadModel

from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.positions import from_rows, rows, to_rows
from fairfight.parts.bases.sparse import untrained
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.named import score
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, Inputs, Subject, Texts, cnn, wrap

VOCABULARY, TOKENS = 5000, 32


def gpt2(layers: int, heads: int, width: int) -> Subject:
    config = GPT2Config(
        n_layer=layers, n_head=heads, n_embd=width, vocab_size=VOCABULARY, n_positions=TOKENS,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return wrap(GPT2LMHeadModel(config).eval(), "causal-lm", check=False)


def texts(n: int) -> Texts:
    return Texts(torch.randint(1, VOCABULARY, (n, TOKENS)), torch.ones(n, TOKENS, dtype=torch.long))


def cases() -> dict[str, tuple[Subject, Inputs, Inputs]]:
    """Subjects with faulty and clean inputs."""
    convnet = wrap(cnn(3, 32, 10, 16).eval(), "image-classifier", check=False)
    return {
        "CNN of 4 stages": (convnet, Images(torch.rand(64, 3, 32, 32)), Images(torch.rand(64, 3, 32, 32))),
        "GPT-2 of 4 blocks, width 128": (gpt2(4, 4, 128), texts(64), texts(64)),
        "GPT-2 of 12 blocks, width 768": (gpt2(12, 12, 768), texts(8), texts(8)),
    }


def bases(x: torch.Tensor) -> dict[str, Basis]:
    """From few units to many."""
    d = x.shape[1]
    rng = torch.Generator().manual_seed(0)
    return {
        "pca": pca(x[:2000], k=16),
        "neurons": neurons(x),
        "dictionary": untrained(x, width=4 * d, k=8, rng=rng),
    }


def seconds(work: Callable[[], object]) -> float:
    """CPU time of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


@torch.no_grad()
def forward(subject: Subject, inputs: Inputs) -> None:
    subject(inputs)


@torch.no_grad()
def spliced(subject: Subject, inputs: Inputs, site: str, basis: Basis) -> None:
    def write(activation: torch.Tensor) -> torch.Tensor:
        rebuilt = basis.decode(basis.encode(to_rows(subject, site, activation)))
        return from_rows(subject, site, rebuilt, activation)

    with subject.hooks(writes={site: write}):
        subject(inputs)


def main(rounds: int = 5, *names: str) -> None:
    """Print what each score costs at the first, the middle and the last site of the trunk."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for what, (subject, faulty, clean) in cases().items():
        with torch.no_grad():
            labels = [subject(x).argmax(1) for x in (faulty, clean)]
        works: dict[str, Callable[[], object]] = {"": partial(forward, subject, faulty)}
        through: dict[str, str] = {}
        trunk = subject.trunk
        for site in (trunk[0], trunk[len(trunk) // 2], trunk[-1]):
            x = rows(subject, clean, site, "position").x
            for label, basis in bases(x).items():
                contrast = Contrast(subject, site, basis, Labelled(faulty, labels[0]), Labelled(clean, labels[1]), 0)
                k = basis.encode(x[:1]).shape[1]
                place = f"{site:21} {label:10} {k:5} units"
                works[place] = partial(spliced, subject, faulty, site, basis)
                for name in names or ("attribution",):
                    works[f"{name:12} {place}"] = partial(score, name, contrast)
                    through[f"{name:12} {place}"] = place
        taken = {name: float("inf") for name in works}
        for _ in range(rounds + 1):
            for name, work in works.items():
                taken[name] = min(taken[name], seconds(work))
        once = taken.pop("")
        print(f"{what}: {len(faulty)} inputs, one forward pass {1e3 * once:.1f} ms")
        for name, place in through.items():
            own, within = taken[name], taken[place]
            print(f"  {name} {1e3 * own:9.1f} ms{own / once:7.2f} × plain{own / within:7.2f} × with the basis in it")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, *sys.argv[2:])
