"""One training step of a TopK sparse autoencoder, side by side with its peers in one run.

    python benchmarks/dictionaries.py [--peers PYTHON] [--json] [--repeats N] [--threads N]

Length 256, 4,096 latents, k 32, 2,048 activations a step, Adam. Every contender trains on the same activations (sparse
mixtures of 1,024 directions, one in a hundred of which is there, with noise) and keeps its decoder's rows at unit
length. Repeats take turns, five steps each, so that other work on the machine meets all alike; what is given is tokens
a second of the median and of the best repeat, the same by the processor's time, which other work on the machine touches
less, and the share of variance unexplained after the same number of steps. EleutherAI's
``sparsify`` and SAELens run in an interpreter that has them (``--peers``); what is missing is said. SAELens gets its
plain optimiser, torch's Adam, since its training loop adds the logging on top.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

D, WIDTH, K, BATCH, STEPS = 256, 4096, 32, 2048, 5
RATE = 1e-3
VOLUME = 3**-0.5
"""Length of the encoder's first rows, as in sparsify, so that losses can be compared."""

Step = Callable[[torch.Tensor], float]
"""Takes a batch and trains one step; gives the share of variance that it left unexplained."""


def activations(n: int) -> torch.Tensor:
    """Sparse mixtures in units in which their mean squared length is one."""
    rng = torch.Generator().manual_seed(0)
    atoms = torch.nn.functional.normalize(torch.randn(1024, D, generator=rng), dim=1)
    codes = (torch.rand(n, 1024, generator=rng) < 0.01) * (0.5 + torch.rand(n, 1024, generator=rng))
    x = codes @ atoms + 0.03 * torch.randn(n, D, generator=rng)
    x -= x.mean(dim=0)
    return x / x.square().sum(dim=1).mean().sqrt()


def ours(low: bool) -> Step:
    from fairfight.parts.bases.sparse.step import Parameters, sparse_step

    rng = torch.Generator().manual_seed(1)
    rows = torch.nn.functional.normalize(torch.randn(WIDTH, D, generator=rng), dim=1)
    p = Parameters.starting_at(rows)
    p.encoder.mul_(VOLUME)
    silent = torch.zeros(WIDTH, dtype=torch.long)

    @torch.no_grad()
    def step(x: torch.Tensor) -> float:
        out = sparse_step(p, x, K, low=low, dead=silent >= 10**6, auxiliary=1 / 32)
        p.update(RATE)
        silent.add_(1).masked_fill_(out.fired, 0)
        return float(out.loss)

    return step


def dense() -> Step:
    """The plain way: autograd through a matrix of codes, torch's Adam."""
    rng = torch.Generator().manual_seed(1)
    rows = torch.nn.functional.normalize(torch.randn(WIDTH, D, generator=rng), dim=1)
    encoder, decoder = (VOLUME * rows).requires_grad_(), rows.clone().requires_grad_()
    bias, centre = torch.zeros(WIDTH, requires_grad=True), torch.zeros(D, requires_grad=True)
    adam = torch.optim.Adam([encoder, decoder, bias, centre], lr=RATE, fused=True)

    def step(x: torch.Tensor) -> float:
        best, where = torch.addmm(bias, x - centre, encoder.T).topk(K, dim=1, sorted=False)
        codes = torch.zeros(len(x), WIDTH).scatter(1, where, best.relu())
        loss = (codes @ decoder + centre - x).square().sum() / len(x)
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            decoder.div_(decoder.norm(dim=1, keepdim=True))
        return float(loss.detach())

    return step


def eleuther() -> Step:
    from sparsify import SparseCoder, SparseCoderConfig  # type: ignore[import-not-found]

    torch.manual_seed(1)
    sae = SparseCoder(D, SparseCoderConfig(num_latents=WIDTH, k=K))
    adam = torch.optim.Adam(sae.parameters(), lr=RATE, fused=True)

    def step(x: torch.Tensor) -> float:
        out = sae(x)
        adam.zero_grad()
        out.fvu.backward()
        sae.remove_gradient_parallel_to_decoder_directions()
        adam.step()
        sae.set_decoder_norm_to_unit_norm()
        return float(out.fvu.detach())

    return step


def saelens() -> Step:
    from sae_lens.saes.sae import TrainStepInput  # type: ignore[import-not-found]
    from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig  # type: ignore[import-not-found]

    torch.manual_seed(1)
    sae = TopKTrainingSAE(TopKTrainingSAEConfig(d_in=D, d_sae=WIDTH, k=K, device="cpu"))
    adam = torch.optim.Adam(sae.parameters(), lr=RATE, fused=True)
    dead = torch.zeros(WIDTH, dtype=torch.bool)

    def step(x: torch.Tensor) -> float:
        given = TrainStepInput(
            sae_in=x, coefficients={}, dead_neuron_mask=dead, n_training_steps=0, is_logging_step=False
        )
        out = sae.training_forward_pass(given)
        adam.zero_grad()
        out.loss.backward()
        adam.step()
        return float((out.sae_out.detach() - x).square().sum() / len(x))

    return step


CONTENDERS: dict[str, Callable[[], Step]] = {
    "fairfight, bfloat16 choice": lambda: ours(True),
    "fairfight, float32": lambda: ours(False),
    "dense, autograd": dense,
    "eai-sparsify": eleuther,
    "sae-lens": saelens,
}
PEERS = ("eai-sparsify", "sae-lens")


def serve(name: str, threads: int) -> None:
    """Answer each line on standard input with seconds and loss of a few steps, until it ends."""
    torch.set_num_threads(threads)
    x = activations(16 * BATCH).split(BATCH)
    say = sys.stdout
    sys.stdout = sys.stderr  # Peers print.
    step, at = CONTENDERS[name](), 0
    step(x[0])
    print("ready", file=say, flush=True)
    for _ in sys.stdin:
        start, cpu, loss = time.perf_counter(), time.process_time(), 0.0
        for _ in range(STEPS):
            at += 1
            loss = step(x[at % len(x)])
        print(json.dumps([time.perf_counter() - start, time.process_time() - cpu, loss]), file=say, flush=True)


def run(peers: str | None, repeats: int, threads: int) -> dict[str, Any]:
    """Tokens a second and share unexplained by contender; or why there is none."""
    results: dict[str, Any] = {}
    served: dict[str, subprocess.Popen[str]] = {}
    # Waiting threads sleep: on a busy machine those that spin take the time of those that work.
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "OMP_WAIT_POLICY": "passive"}
    environment["SPARSIFY_DISABLE_TRITON"] = "1"  # Its other way needs a GPU.
    for name in CONTENDERS:
        python = (peers or sys.executable) if name in PEERS else sys.executable
        command = [python, __file__, "--serve", name, "--threads", str(threads)]
        errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  (open as long as the process)
        process = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=errors, text=True, env=environment)
        assert process.stdout is not None
        if process.stdout.readline().strip() == "ready":
            served[name] = process
        else:
            process.wait()
            errors.seek(0)
            results[name] = f"does not run in {python}: {' '.join(errors.read().strip().splitlines()[-1:])}"
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in served}
    loss: dict[str, float] = {}
    names = list(served)
    for repeat in range(repeats):
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            process = served[name]
            assert process.stdin is not None
            assert process.stdout is not None
            print("go", file=process.stdin, flush=True)
            seconds, cpu, loss[name] = json.loads(process.stdout.readline())
            took[name].append((seconds / STEPS, cpu / STEPS))
    for name, process in served.items():
        process.communicate()
        results[name] = {
            "tokens/s": round(BATCH / median(wall for wall, _ in took[name])),
            "best": round(BATCH / min(wall for wall, _ in took[name])),
            "tokens/CPU s": round(BATCH / median(cpu for _, cpu in took[name])),
            "unexplained": loss[name],
        }
    return {name: results[name] for name in CONTENDERS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="an interpreter that has eai-sparsify and sae-lens")
    parser.add_argument("--repeats", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.threads)
        return
    results = run(options.peers, options.repeats, options.threads)
    if options.json:
        print(json.dumps(results))
        return
    print(f"{'':28}{'tokens/s':>10}{'best':>10}{'tokens/CPU s':>14}{'unexplained':>13}")
    for name, found in results.items():
        if isinstance(found, str):
            print(f"{name:28}{found}")
        else:
            speed = f"{found['tokens/s']:>10,}{found['best']:>10,}{found['tokens/CPU s']:>14,}"
            print(f"{name:28}{speed}{found['unexplained']:>13.3f}")


if __name__ == "__main__":
    main()
