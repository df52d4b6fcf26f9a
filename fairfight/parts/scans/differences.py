"""What sets a bank's pictures of a class apart from clean ones in activation space, by its effect on the decision.

A natural trigger lies in the bank and not in clean pictures, so that pictures decided as its target differ from clean
ones of that class along a direction. It is a trigger's if it does more for these decisions than in any clean picture.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.densities.gaussian import ledoit_wolf
from fairfight.parts.scans.gradients import slopes_at
from fairfight.parts.scans.reader import middle
from fairfight.parts.scans.shown import FURTHER, LEAST, Shown, shown
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

USUAL = 0.1
"""Share of the bank to whose pictures of one class the direction does something new, in healthy subjects, at most."""
FEWEST = 2
"""Pictures of a class, of the bank and clean, that a difference is taken from."""


def difference_directions(
    subject: Subject, clean: Labelled, bank: Images, *, seed: int, pictures: int = 16, most: int = 5
) -> list[Shown]:
    """Pictures whose decision rests on what sets the bank's pictures of that class apart from clean ones.

    The difference is taken from one half of the bank and looked for in the other, and the other way round.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes, without the trigger.
        bank: Pictures in which a natural trigger may lie.
        seed: Draws the halves.
        pictures: Shown of each class.
        most: Classes given.

    Raises:
        UserError: The subject cannot tell such pictures apart, or the bank's are of another shape.
    """
    told_apart(subject, clean, bank)
    assert isinstance(clean.inputs, Images)
    n, site = len(bank), middle(subject)
    found = slopes_at(subject, Images.concat([bank, clean.inputs]), site)
    acts = subject.pool(found.acts, clean.inputs, "mean").float().cpu()
    # One vector is moved at every place, so slopes add up over places.
    places = found.acts[0].numel() // acts.shape[1]
    slopes = subject.pool(found.slopes, clean.inputs, "mean").float().cpu() * places
    decided = found.logits.argmax(dim=1).cpu()
    half = torch.zeros(n, dtype=torch.bool)
    half[torch.randperm(n, generator=torch_rng(seed, "halves"))[::2]] = True
    cover, _ = ledoit_wolf(acts[n:] - acts[n:].mean(dim=0))
    cover = cover + 1e-3 * cover.diag().mean() * torch.eye(len(cover))
    new = torch.full((n, found.logits.shape[1]), -torch.inf)
    for target in decided[:n].unique().tolist():
        usual = acts[n:][decided[n:] == target]
        for learn in (half, ~half):
            mine = acts[:n][learn & (decided[:n] == target)]
            if min(len(mine), len(usual)) >= FEWEST:
                effect = _effect(acts, slopes, mine.mean(dim=0), usual.mean(dim=0), cover)
                new[~learn, target] = novelty(effect, decided == target, n)[~learn]
    counts = torch.stack([(new[decided[:n] == t, t] > 0).sum() for t in range(new.shape[1])]).float()
    return shown(bank, decided[:n], new, counts / n / USUAL, pictures=pictures, most=most)


def novelty(effect: Float[Tensor, " m"], own: Bool[Tensor, " m"], n: int) -> Float[Tensor, " n"]:
    """By how much an effect exceeds what there is in any clean picture of the class.

    Args:
        effect: On pictures of the bank, then on clean ones.
        own: Which are decided as the class.
        n: Pictures of the bank.
    """
    usual = effect[n:][own[n:]].amax().clamp_min(0)
    beyond: Tensor = effect[:n] - FURTHER * usual - LEAST
    return beyond


def _effect(
    acts: Float[Tensor, "m d"],
    slopes: Float[Tensor, "m d"],
    mine: Float[Tensor, " d"],
    usual: Float[Tensor, " d"],
    cover: Float[Tensor, "d d"],
) -> Float[Tensor, " m"]:
    """To first order, what the part along a difference does for each decision; its length is read by Fisher's rule."""
    difference = mine - usual
    reads = torch.linalg.solve(cover, difference)
    along = (acts - usual) @ reads / (difference @ reads).clamp_min(1e-9)
    does: Tensor = along * (slopes @ difference)
    return does
