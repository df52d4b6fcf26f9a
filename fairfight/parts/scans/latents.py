"""Latents of a dictionary that carry a class in the bank and in no clean picture (Bricken et al. 2023)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.bases.positions import to_rows
from fairfight.parts.bases.sparse.autoencoder import SparseAutoencoder
from fairfight.parts.bases.sparse.training import train
from fairfight.parts.scans.gradients import slopes_at
from fairfight.parts.scans.reader import middle
from fairfight.parts.scans.shown import FURTHER, LEAST, Shown, shown
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

USUAL = 0.045
"""Share of the bank to whose pictures of one class a latent does something new, in healthy subjects, at most."""


def latents_of_bank(
    subject: Subject,
    clean: Labelled,
    bank: Images,
    *,
    seed: int,
    width: int = 128,
    k: int = 6,
    steps: int = 150,
    pictures: int = 16,
    most: int = 5,
) -> list[Shown]:
    """Pictures in which one latent does more for the decision than in any clean picture.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes, without the trigger.
        bank: Pictures in which a natural trigger may lie.
        seed: Of the dictionary.
        width: Latents.
        k: Latents that fire at one place.
        steps: In which the dictionary is trained.
        pictures: Shown of each class.
        most: Classes given.

    Raises:
        UserError: The subject cannot tell such pictures apart, or the bank's are of another shape.
    """
    told_apart(subject, clean, bank)
    assert isinstance(clean.inputs, Images)
    everything, n = Images.concat([bank, clean.inputs]), len(bank)
    site = middle(subject)
    found = slopes_at(subject, everything, site)
    places, pull = (to_rows(subject, site, x) for x in (found.acts, found.slopes))
    dictionary = train(places, width=width, k=k, steps=steps, batch=512, seed=seed)
    does = effects(dictionary, places, pull, len(everything))
    decided = found.logits.argmax(dim=1).cpu()
    beyond = (does[:n] - FURTHER * does[n:].amax(dim=0).clamp_min(0) - LEAST).cpu()
    classes = found.logits.shape[1]
    leads, best = torch.zeros(classes), torch.zeros(n, classes)
    for target in decided[:n].unique().tolist():
        own = beyond[decided[:n] == target]
        latent = int(((own > 0).sum(dim=0) + own.clamp_min(0).mean(dim=0).tanh()).argmax())
        leads[target] = float((own[:, latent] > 0).sum()) / n / USUAL
        best[:, target] = beyond[:, latent]
    return shown(bank, decided[:n], best, leads, pictures=pictures, most=most)


def effects(
    dictionary: SparseAutoencoder, places: Float[Tensor, "rows d"], pull: Float[Tensor, "rows d"], n: int
) -> Float[Tensor, "n width"]:
    """To first order, what each latent adds to each picture's decision, over all its places.

    Args:
        dictionary: Of the layer.
        places: Its activations.
        pull: The decision's slope at these.
        n: Pictures.
    """
    codes = dictionary.encode(places)
    return (codes * (pull @ dictionary.decoder.T)).view(n, -1, codes.shape[1]).sum(dim=1)
