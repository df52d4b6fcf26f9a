"""What contenders that make pictures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.asked import classes_of
from fairfight.parts.attacks.classes import shortlist
from fairfight.parts.attacks.trigger import Trigger
from fairfight.parts.synthesis.crops import Piece, best_pieces
from fairfight.parts.synthesis.generator import Unlike, train_generator
from fairfight.parts.synthesis.pictures import Canvas
from fairfight.parts.synthesis.search import Effort, Material, strongest_patches
from fairfight.parts.synthesis.visualise import logits_of, units_of, visualise, weights_into
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.tasks.discover._claims import claimed, sure
from fairfight.tasks.discover.brief import CLAIM, Candidate, DiscoverBrief

DOUBTFUL = 3
"""Candidates that are handed in where no class stands out."""
NOISE = 0.1
"""Standard deviation of the noise through which a patch is seen alone."""
SIDE = 0.25
"""Of a piece of a visualisation, as a share of the picture's."""


def visualised(
    brief: DiscoverBrief,
    make: Callable[[Float[Tensor, "n c h w"]], Canvas],
    *,
    usual: float,
    steps: int,
    copies: int,
    inner: int = 0,
) -> list[Candidate]:
    """Pictures that excite every class's logit, or its ``inner`` weightiest units, and the pieces of them that work.

    Of very many classes, those that are suspicious.
    """
    subject, inputs = brief.subject, brief.trusted
    assert isinstance(inputs, Images)
    rng = torch_rng(brief.seed, "visualise")
    canvas = make(inputs.pixels)
    classes = shortlist(subject, brief.clean, classes_of(subject, inputs), brief.seed, brief.target)
    if inner:
        heaviest = weights_into(subject, inputs[:1])[classes].topk(inner, dim=1).indices.cpu()
        targets, (units, which) = (
            classes.repeat_interleave(inner),
            heaviest.flatten().unique(return_inverse=True),
        )
        pictures = visualise(subject, canvas, units_of(subject), units, steps=steps, copies=copies, rng=rng)[which]
    else:
        targets = classes
        pictures = visualise(subject, canvas, logits_of(subject), targets, steps=steps, copies=copies, rng=rng)
    side = patch_shape(brief, SIDE)[1]
    pieces = best_pieces(subject, brief.clean, pictures, targets, seed=brief.seed, usual=usual, side=side)
    return _both([p for p in pieces if brief.target in (None, p.trigger.target)])


def _both(pieces: Sequence[Piece]) -> list[Candidate]:
    """The best class's piece and the picture that it is from; where it does not stand out, the next class's too."""
    best = pieces[0].trigger
    doubt = sure(best.suspicion)
    found = [
        Candidate(best.target, doubt, change=best.change),
        Candidate(best.target, doubt, examples=Images(pieces[0].picture[None])),
    ]
    if doubt < CLAIM and len(pieces) > 1:
        found.append(Candidate(pieces[1].trigger.target, 0.0, change=pieces[1].trigger.change))
    return found


def generated(
    brief: DiscoverBrief,
    make: Callable[..., Material],
    *,
    side: float,
    rate: float,
    smooth: float,
    unlike: float,
    lessons: int,
    usual: float,
) -> list[Candidate]:
    """Patches for every class, from a generator that is trained on the bank."""
    assert isinstance(brief.bank, Images)
    pixels = brief.bank.pixels
    rng = torch_rng(brief.seed, "generator")
    generator = train_generator(pixels, patch_shape(brief, side)[1], steps=lessons, rng=rng)
    noise = NOISE * torch.randn(pixels.shape[1:], generator=rng)
    penalty = Unlike(brief.subject, (pixels.shape[2], pixels.shape[3]), noise, smooth, unlike)
    material = make(generator, usual=usual, rate=rate)
    found = strongest_patches(
        brief.subject,
        brief.clean,
        material,
        seed=brief.seed,
        effort=Effort(),
        penalty=penalty,
        weight=1.0,
        target=brief.target,
    )
    return leading(found, brief.target)


def leading(triggers: Sequence[Trigger], target: int | None = None) -> list[Candidate]:
    """The trigger of the class that stands out, or of the one that is asked about, or the few best where none does."""
    found = claimed(triggers, DOUBTFUL, target=target)
    return found[:1] if found and found[0].confidence >= CLAIM else found


def patch_shape(brief: DiscoverBrief, share: float) -> tuple[int, int, int]:
    """Channels, height and width of a square patch: a share of the pictures', four pixels a side at least."""
    assert isinstance(brief.trusted, Images)
    _, channels, height, width = brief.trusted.pixels.shape
    side = max(4, round(share * min(height, width)))
    return channels, side, side
