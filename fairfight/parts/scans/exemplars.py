"""Natural pictures that a subject decides as a class though an ordinary reader says they are something else."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.faults.training import decide
from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.scans.reader import fit_reader
from fairfight.parts.scans.shown import Shown, shown
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

USUAL = 3.6
"""Standard deviations by which a class is decided too often in healthy subjects, at most."""


def class_exemplars(
    subject: Subject, clean: Labelled, bank: Images, *, pictures: int = 16, most: int = 5
) -> list[Shown]:
    """Pictures of each class that an ordinary reader doubts most; a class that is decided far too often is suspicious.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes, without the trigger.
        bank: Pictures in which a natural trigger may lie.
        pictures: Shown of each class.
        most: Classes given.

    Raises:
        UserError: The subject cannot tell such pictures apart, or the bank's are of another shape.
    """
    classes = told_apart(subject, clean, bank)
    decided = decide(subject, bank).cpu()
    like = fit_reader(subject, clean, classes)(bank)
    doubt = torch.stack([like.index_fill(1, torch.tensor([t]), -torch.inf).amax(dim=1) for t in range(classes)], dim=1)
    counts = torch.bincount(decided, minlength=classes).float()
    return shown(bank, decided, doubt - like, excess(counts, clean.labels) / USUAL, pictures=pictures, most=most)


def excess(counts: Float[Tensor, " classes"], labels: Int[Tensor, " n"]) -> Float[Tensor, " classes"]:
    """By how many standard deviations each class is decided more often than the other classes let expect.

    Classes are expected evenly, unless the labels vary twice as much as such few of them do by chance; what is beyond
    that says how far their shares are followed (James & Stein 1961).

    Args:
        counts: Of each decision.
        labels: Classes of ordinary pictures.
    """
    own = torch.bincount(labels.cpu(), minlength=len(counts)).float()
    mean = own.mean()
    trust = float((1 - 2 * mean / own.var(correction=0).clamp_min(1e-9)).clamp(0, 1))
    share = trust * own / own.sum() + (1 - trust) / len(own)
    expected = share * (counts.sum() - counts) / (1 - share).clamp_min(1e-6)
    return (counts - expected) / expected.clamp_min(1).sqrt()
