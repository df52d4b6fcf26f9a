"""A published result, measured anew: does a network of coordinates (CPPN) show a target's trigger better than Fourier?

Run: ``python benchmarks/visualisations.py [--networks N] [--pictures N] [--families patch object]``. In Casper et al.
2023 people recognised triggers in CPPN visualisations of the target class three times as often as in Fourier ones. Here
each network has a trigger of its own, its target is told, and pictures of the target's logit are drawn in both ways:
moved about at every step, as the contenders do, and kept still. Two judges look at each whole picture (``picture``) and
at the piece of it that best brings other pictures to the target (``piece``): given are the odds that they give the true
one of eight triggers and how often they choose it, the piece's success and its share of the true trigger's pixels. Then
CPPN less Fourier with the 95 % interval, networks drawn anew.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
import torch

from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.parts.synthesis.crops import best_pieces
from fairfight.parts.synthesis.pictures import cppn, fourier
from fairfight.parts.synthesis.visualise import Wobble, logits_of, visualise
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.tasks.discover._draw import sittings
from fairfight.tasks.discover.brief import DiscoverAnswer, DiscoverBrief
from fairfight.tasks.discover.grading import Seen, choice, effect, likeness
from fairfight.tasks.discover.suites.row import Sizes
from fairfight.verdict.stats.bootstrap import hierarchical_interval

DRAWN = {"fourier": partial(fourier, rate=0.05), "cppn": partial(cppn, rate=0.01)}
"""With the contenders' rates."""
MOVED = {"moved": Wobble(), "still": Wobble(shift=0, turn=0, zoom=0)}
STEPS, COPIES, SIDE = 96, 2, 8
COLUMNS = ("picture: odds", "chosen", "piece: odds", "chosen", "success", "recall")


def judged(answer: DiscoverAnswer, seen: Seen) -> tuple[float, float]:
    """Odds of the true trigger, and share of judges who choose it."""
    odds = [choice(judge, [seen]) for judge in answer.judges]
    return float(np.mean([o[answer.truth] for o in odds])), float(np.mean([o.argmax() == answer.truth for o in odds]))


def measure(brief: DiscoverBrief, answer: DiscoverAnswer, way: tuple[str, str], count: int) -> list[float]:
    """A value for each of ``COLUMNS``."""
    assert isinstance(brief.trusted, Images)
    subject, targets = brief.subject, torch.full((count,), answer.target)
    pictures = visualise(
        subject,
        DRAWN[way[0]](brief.trusted.pixels),
        logits_of(subject),
        targets,
        steps=STEPS,
        copies=COPIES,
        rng=torch_rng(brief.seed, *way),
        wobble=MOVED[way[1]],
    )
    whole = [judged(answer, Seen(answer.target, 1.0, Images(p[None]), None)) for p in pictures]
    best = best_pieces(subject, brief.clean, pictures, targets, seed=brief.seed, usual=1.0, side=SIDE)[0].trigger
    piece = Seen(answer.target, 1.0, best.change(answer.bases), answer.bases)
    return [
        *np.mean(whole, axis=0),
        *judged(answer, piece),
        effect(answer, piece)[0],
        likeness(answer, piece)[1],
    ]


def main() -> None:
    """Print a table a family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=12)
    parser.add_argument("--pictures", type=int, default=4)
    parser.add_argument("--families", nargs="+", default=["patch", "object"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    ways = [(made, moved) for moved in MOVED for made in DRAWN]
    for family in given.families:
        rows = []
        for i in range(given.networks):
            organism = build(Recipe("scenes", "cnn", family, "scratch", seed=5000 + i, fault_seed=700 + i))
            if organism.void is not None:
                print(f"void: {organism.void}")
                continue
            brief, _, answer = next(s for s in sittings(organism, Sizes(), i) if s[2].side == "organism")
            rows.append([measure(brief, answer, way, given.pictures) for way in ways])
            print(organism.exhibit["title"], flush=True)
        table = np.array(rows).transpose(1, 2, 0)  # ways, columns, networks
        print(f"\n{family}, {table.shape[2]} networks: {', '.join(COLUMNS)}")
        for way, values in zip(ways, table, strict=True):
            print(f"{' '.join(way):14}", *(f"{v:5.2f}" for v in values.mean(axis=1)))
        for moved in MOVED:
            apart = table[ways.index(("cppn", moved))] - table[ways.index(("fourier", moved))]
            gap = hierarchical_interval(apart[:, :, None])
            cells = [f"{m:+.2f} [{a:+.2f}, {b:+.2f}]" for m, a, b in zip(gap.estimate, gap.low, gap.high, strict=True)]
            print(f"cppn less fourier, {moved}: {'; '.join(cells)}\n")


if __name__ == "__main__":
    main()
