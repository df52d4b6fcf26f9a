"""Which piece of a picture brings other pictures to a class, when it is laid over them where it was."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.parts.attacks.asked import fitting, known_classes, told_apart
from fairfight.parts.attacks.patch import Patch
from fairfight.parts.attacks.trigger import Trigger, halves, leads, success_of
from fairfight.parts.synthesis.patches import about, costs_of, grid
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

COUNT = 8
"""Pictures that a piece is laid over."""
FINEST = 0.01
"""Cross entropies below this are as good as none."""


@dataclass(frozen=True)
class Piece:
    """The best piece for a class, and the picture that it is from."""

    trigger: Trigger
    picture: Float[Tensor, "c h w"]


def best_pieces(
    subject: Subject,
    clean: Labelled,
    pictures: Float[Tensor, "k c h w"],
    targets: Int[Tensor, " k"],
    *,
    seed: int,
    usual: float,
    side: int,
    along: int = 7,
) -> list[Piece]:
    """The best piece for every target, of all pictures that were made for it, most suspicious first.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary inputs. One half chooses, the other measures success.
        pictures: To be cut.
        targets: What each picture was made for; a class may have several pictures.
        seed: Draws the halves.
        usual: The lead of the best class that is usual in healthy subjects.
        side: Of a piece, in pixels.
        along: Places in a row and in a column.

    Raises:
        UserError: There are fewer than four inputs, all are of one class, the subject cannot tell such pictures apart,
            a target is none of its classes, or a piece is larger than a picture.
    """
    known_classes(targets.unique().tolist(), told_apart(subject, clean, Images(pictures)))
    fitting(side, pictures.shape[2], pictures.shape[3])
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Images)
    pixels, size = known.inputs.pixels.to(subject.device), (pictures.shape[2], pictures.shape[3])
    corners = grid(size, side, along)
    k, n = len(pictures), len(corners)
    cut = [pictures[:, :, top : top + side, left : left + side] for top, left in corners.tolist()]
    pieces = torch.stack(cut, dim=1).flatten(0, 1)
    where = about(corners.repeat(k, 1), size, side, 0)
    rng = torch_rng(seed, "pieces")
    each = targets.repeat_interleave(n)
    lost, _ = costs_of(subject, pixels, known.labels, each, pieces, count=COUNT, where=where, rng=rng)
    classes = targets.unique()
    best = torch.stack([torch.where(each == c, lost.cpu(), torch.inf).argmin() for c in classes])
    odd = leads(lost.cpu()[best] + FINEST) / usual
    found = []
    for i in torch.argsort(odd, descending=True, stable=True).tolist():
        row, target = int(best[i]), int(classes[i])
        change = Patch(pieces[row].cpu(), *corners[row % n].tolist())
        success = success_of(subject, change, held, target)
        found.append(
            Piece(Trigger(change, target, success, float(side * side), float(odd[i])), pictures[row // n].cpu())
        )
    return found
