"""One step of GCG beside a plain forward pass over the same candidates.

    python benchmarks/gcg.py [--candidates N] [--texts N] [--repeats N]

The subject is an untrained GPT-2 of the embedded sentences; what is tried stands near the end of each text. Repeats
take turns, and what is given is medians: the losses of all candidates with the beginning remembered, the gradient that
chooses them, and both together as a share of plain forward passes.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

import torch

from fairfight.parts.attacks.holes import Hole
from fairfight.parts.attacks.insertion import place
from fairfight.subject.inputs import Texts
from fairfight.worlds.world import world


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=128)
    parser.add_argument("--texts", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=9)
    given = parser.parse_args()
    torch.set_num_threads(1)
    here = world("sentences")
    subject = here.subject("gpt2", 0)
    texts = here.examples("pool", 0, "gpt2").inputs[: given.texts]
    assert isinstance(texts, Texts)
    way, target = place(subject, "last"), 10
    ours = Hole.of(subject, texts, target, 3, way)
    plain = Hole.of(subject, texts, target, 3, way, cached=False)
    drawn = torch.randint(10, 200, (given.candidates, 3), generator=torch.Generator().manual_seed(0))
    seconds: dict[str, list[float]] = {"remembered": [], "gradient": [], "plain": []}
    for _ in range(given.repeats):
        for name, run in (
            ("remembered", lambda: ours.losses(drawn)),
            ("gradient", lambda: ours.slopes(drawn[0])),
            ("plain", lambda: plain.losses(drawn)),
        ):
            start = perf_counter()
            run()
            seconds[name].append(perf_counter() - start)
    took = {name: median(each) for name, each in seconds.items()}
    for name, each in took.items():
        print(f"{name:12} {1000 * each:7.1f} ms")
    print(f"a step is {(took['remembered'] + took['gradient']) / took['plain']:.2f} of the plain forward pass")


if __name__ == "__main__":
    main()
