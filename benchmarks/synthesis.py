"""Seconds that pictures for all classes take at once, and one class after the other.

    python benchmarks/synthesis.py [--repeats N]

Scenes of 32 by 32 pixels, a fresh network of four stages with eight classes, one thread. Feature visualisation draws
96 steps of two copies a class. What is given is processor seconds, of the best repeat; repeats take turns.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch

from fairfight.parts.synthesis.pictures import Canvas, cppn, fourier
from fairfight.parts.synthesis.visualise import logits_of, visualise
from fairfight.seeds import torch_rng
from fairfight.subject import Subject, cnn, wrap
from fairfight.worlds import scenes

CLASSES, STEPS, COPIES = 8, 96, 2


def spent(run: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def draw_classes(subject: Subject, canvas: Canvas, classes: torch.Tensor) -> torch.Tensor:
    """A picture for each class."""
    return visualise(subject, canvas, logits_of(subject), classes, steps=STEPS, copies=COPIES, rng=torch_rng(0))


def main() -> None:
    """Print a line for each way to make pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats: int = parser.parse_args().repeats
    torch.set_num_threads(1)
    torch.manual_seed(0)
    subject = wrap(cnn(classes=CLASSES).eval(), "image-classifier", name="fresh")
    pixels = scenes.sample(64, 0).pixels
    classes = torch.arange(CLASSES)
    for canvas in (fourier(pixels), cppn(pixels)):
        draw = partial(draw_classes, subject, canvas)
        together, apart = [], []
        for _ in range(repeats):
            together.append(spent(partial(draw, classes)))
            apart.append(sum(spent(partial(draw, c[None])) for c in classes))
        print(f"{canvas.name:8} together {min(together):.2f} s   one by one {min(apart):.2f} s")


if __name__ == "__main__":
    main()
