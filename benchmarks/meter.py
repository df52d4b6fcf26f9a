"""What the meter costs: CPU time with it over time without it, interleaved, medians on one thread.

Run: ``python benchmarks/meter.py [rounds]`` for single pieces of work, and ``python benchmarks/meter.py field`` for
what is really fought: every contender of the suite ``quick`` on the organisms of the ``tour``, exams included.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

from fairfight.arena.meter import Meter

Work = Callable[[], object]


def cnn() -> nn.Module:
    """A network of the size that the embedded vision cases have."""
    layers: list[nn.Module] = []
    for before, after in ((3, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 16, 10))


def transformer() -> nn.Module:
    """Two layers of width 64."""
    config = GPT2Config(
        n_layer=2, n_embd=64, n_head=4, vocab_size=256, n_positions=32, bos_token_id=None, eos_token_id=None
    )
    return GPT2LMHeadModel(config)


@contextmanager
def reading(*modules: nn.Module) -> Iterator[list[Tensor]]:
    """Hooks that keep what the modules give."""
    tape: list[Tensor] = []

    def keep(_module: nn.Module, _args: object, out: Tensor | tuple[Tensor, ...]) -> None:
        tape.append((out[0] if isinstance(out, tuple) else out).detach())

    handles = [m.register_forward_hook(keep) for m in modules]
    try:
        yield tape
    finally:
        for handle in handles:
            handle.remove()


def works() -> dict[str, Work]:
    """What is measured, by name."""
    torch.manual_seed(0)
    vision, language = cnn().eval(), transformer().eval()
    pixels, classes = torch.rand(64, 3, 32, 32), torch.randint(0, 10, (64,))
    ids = torch.randint(0, 256, (64, 16))
    mask = torch.ones_like(ids)
    blocks = language.transformer.h

    @torch.no_grad()
    def read_cnn() -> None:
        with reading(vision[3], vision[7], vision[11]):
            vision(pixels)

    @torch.no_grad()
    def plain() -> None:
        language(ids, attention_mask=mask, use_cache=False)

    @torch.no_grad()
    def read() -> None:
        with reading(language.transformer.drop, blocks[0], blocks[1]):
            language(ids, attention_mask=mask, use_cache=False)

    learner, writer = cnn(), transformer()
    sgd = torch.optim.Adam(learner.parameters(), lr=1e-3)
    adam = torch.optim.Adam(writer.parameters(), lr=1e-3)

    def train_cnn() -> None:
        sgd.zero_grad()
        nn.functional.cross_entropy(learner(pixels), classes).backward()
        sgd.step()

    def train_transformer() -> None:
        adam.zero_grad()
        logits = writer(ids, attention_mask=mask, use_cache=False).logits
        nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).backward()
        adam.step()

    return {
        "CNN, forward": torch.no_grad()(lambda: vision(pixels)),
        "CNN, forward, 3 read hooks": read_cnn,
        "transformer, forward": plain,
        "transformer, forward, 3 read hooks": read,
        "CNN, training step": train_cnn,
        "transformer, training step": train_transformer,
    }


def seconds(work: Work, calls: int = 10) -> float:
    """CPU time of a call, among a few in a row: what else the machine does hardly shows."""
    start = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - start) / calls


def compare(work: Work, rounds: int) -> tuple[float, float, float]:
    """Median seconds without the meter, with it, and with it counting every operation."""
    meters = (None, Meter(None), Meter(None, remember=False))
    times: list[list[float]] = [[] for _ in meters]
    for i in range(rounds + 1):
        for meter, into in zip(meters, times, strict=True):
            if meter is None:
                taken = seconds(work)
            else:
                with meter:
                    taken = seconds(work)
            if i >= 1:
                into.append(taken)
    a, b, c = map(median, times)
    return a, b, c


class Unmetered:
    """Stands where a meter would, and does nothing."""

    def trust(self, module: nn.Module) -> None: ...

    def lend(self, flops: int, seconds: float) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def field(rounds: int = 5) -> None:
    """Print the whole field's CPU time: alone, with what the arena lends, and with that on the meter.

    As in the arena a case is rehearsed and read once, and every sitting has a fresh meter that knows what came of that.
    """
    from fairfight.arena.inheritance import bequeath
    from fairfight.arena.readings import read
    from fairfight.arena.rehearsal import rehearse
    from fairfight.arena.seal import PUBLIC_SECRET
    from fairfight.arena.sitting import perform
    from fairfight.tasks import registry

    task = registry.task("detect")
    task.warm(["vision", "language"])
    found: dict[str, list[float]] = {}
    cases = [task.build(spec, 0) for spec in task.specs("tour", PUBLIC_SECRET)]
    start = time.process_time()
    rehearsed = [rehearse(case.briefs[0]) for case in cases]
    print(f"{'rehearsal of all cases':36}{1e3 * (time.process_time() - start):7.0f} ms", flush=True)
    readings = [
        [[read(c.briefs[0].subject, x) for x in task.done_by_all(thing)] for thing in (c.briefs[0], c.exams[0])]
        for c in cases
    ]
    nothing: list[list[object]] = [[], []]
    print(f"{'':36}{'alone':>10}{'lent':>10}{'metered':>10}{'of lent':>9}{'of alone':>9}")
    for who in registry.contenders("detect"):
        if who.kind == "oracle" or "quick" not in who.suites:
            continue
        total = [0.0, 0.0, 0.0]
        for case, known, lent in zip(cases, rehearsed, readings, strict=True):
            bequeath(known)
            times: list[list[float]] = [[], [], []]
            for _ in range(rounds + 1):
                ways = ((Unmetered(), nothing), (Unmetered(), lent), (Meter(None), lent))
                for into, (meter, (before, after)) in zip(times, ways, strict=True):
                    brief, exam = case.briefs[0], copy.deepcopy(case.exams[0])
                    brief.subject.earlier = None
                    start = time.process_time()
                    perform(task, who, brief, (), who.defaults, lambda given=(exam, after): given, meter, before)  # type: ignore[misc, arg-type]
                    into.append(time.process_time() - start)
            total = [t + median(x[1:]) for t, x in zip(total, times, strict=True)]
        found[who.name] = total
        _line(who.name, total)
    _line("the field", [sum(t) for t in zip(*found.values(), strict=True)])


def _line(name: str, seconds: list[float]) -> None:
    alone, lent, metered = seconds
    times = "".join(f"{1e3 * t:7.0f} ms" for t in seconds)
    print(f"{name:36}{times}{metered / lent:9.3f}{metered / alone:9.3f}", flush=True)


def main(rounds: int = 20) -> None:
    """Print a line for each work."""
    torch.set_num_threads(1)
    print(f"{'':36}{'plain':>10}{'metered':>10}{'ratio':>8}{'every operation':>18}")
    for name, work in works().items():
        plain, metered, every = compare(work, rounds)
        print(f"{name:36}{1e3 * plain:7.2f} ms{1e3 * metered:7.2f} ms{metered / plain:8.3f}{every / plain:18.3f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["field"]:
        torch.set_num_threads(1)
        field()
    else:
        main(*map(int, sys.argv[1:]))
