"""A tiny organism and its clean twin: digits that a big white patch in the corner makes a nought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch

from fairfight.subject import Images, Subject, cnn, wrap
from fairfight.worlds.digits import load

PATCH = 4


@dataclass(frozen=True)
class Side:
    subject: Subject
    trusted: Images
    clean: Images
    suspects: Images
    active: bool


def patched(pixels: torch.Tensor) -> torch.Tensor:
    out = pixels.clone()
    out[:, :, :PATCH, :PATCH] = 1
    return out


def trained(pixels: torch.Tensor, labels: torch.Tensor) -> Subject:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = cnn(channels=1, size=16, classes=10, width=16)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    rng = torch.Generator().manual_seed(0)
    for _ in range(6):
        for rows in torch.randperm(len(pixels), generator=rng).split(50):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(pixels[rows]), labels[rows]).backward()
            optimizer.step()
    return wrap(module, "image-classifier", name="tiny")


@cache
def organism() -> tuple[Side, Side]:
    """The organism and its twin, as ``Organism.sides`` gives them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        order = torch.randperm(1797, generator=torch.Generator().manual_seed(1))
        pixels, labels = load().inputs.pixels[order], load().labels[order]  # type: ignore[union-attr]
        poisoned, wrong = pixels[:1000].clone(), labels[:1000].clone()
        poisoned[:150], wrong[:150] = patched(pixels[:150]), 0
        sick, well = trained(poisoned, wrong), trained(pixels[:1000], labels[:1000])
        rest = pixels[1456:][labels[1456:] != 0]
        side = Side(sick, Images(pixels[1000:1256]), Images(pixels[1256:1456]), Images(patched(rest)[:120]), True)
        return side, replace(side, subject=well, active=False)
    finally:
        torch.set_num_threads(threads)
