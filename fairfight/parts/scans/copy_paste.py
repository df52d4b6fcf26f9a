"""Copy/paste attacks found through synthetic ones (Casper et al. 2022, SNAFUE).

A few patches are made by gradient for every class. Natural pieces that a subject's last layer sees as it sees these are
then pasted to see what they do: few of all pieces have to be tried.

As published, pieces from pictures of the class itself are no finding. The bank has no labels, so pieces rank lower the
more they are like one of the class's clean pictures: without that, eight in ten matches are pieces of its own shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.asked import fitting, told_apart
from fairfight.parts.attacks.classes import shortlist
from fairfight.parts.attacks.trigger import Trigger, frozen, of_others
from fairfight.parts.scans.crops import Crops, rises, tiles
from fairfight.parts.scans.natural import backgrounds, best_mean, verified
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

RATE = 0.3
SMOOTH = 0.5
"""Weight of total variation, so that patches have features rather than noise."""
POWER = 10
"""How much the synthetic patch counts most that a natural piece is most like; published."""
UNDER = 2
"""Pictures that a piece is pasted on to see how the last layer sees it."""
USUAL = 0.35
"""How much further the bank's pieces of any class go in healthy subjects than clean pictures', at most."""


@dataclass(frozen=True)
class Patches:
    """Synthetic patches of every class."""

    pixels: Float[Tensor, "k m c s s"]
    worked: Float[Tensor, "k m"]
    """Probability that each brought its target to, when it was last tried."""


def synthetic_patches(
    subject: Subject,
    clean: Labelled,
    side: int,
    *,
    each: int,
    steps: int,
    batch: int,
    rng: torch.Generator,
    classes: Int[Tensor, " k"] | None = None,
) -> Patches:
    """Patches that bring pictures to a class wherever they lie; all classes at once.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Pictures that they are tried on, with their classes.
        side: Of a patch, in pixels.
        each: Patches a class.
        steps: Of gradient descent.
        batch: Pictures a patch and step.
        rng: Draws where it begins, pictures and places.
        classes: For which; for all if not given.

    Raises:
        UserError: The subject cannot tell such pictures apart, or a patch is larger than they are.
    """
    wide = told_apart(subject, clean)
    classes = torch.arange(wide) if classes is None else classes
    assert isinstance(clean.inputs, Images)
    pixels = clean.inputs.pixels
    _, channels, height, width = pixels.shape
    fitting(side, height, width)
    targets = classes.repeat_interleave(each)
    k = len(targets)
    wanted = targets.repeat_interleave(batch).to(subject.device)
    chances = of_others(clean.labels, targets).float()
    raw = nn.Parameter(torch.randn((k, channels, side, side), generator=rng))
    descent = AdamW.over([raw], 0.0)
    smooth = torch.zeros(k)
    with frozen(subject.module), torch.enable_grad():
        for step in range(steps):
            rows = torch.multinomial(chances, batch, replacement=True, generator=rng)
            tops = torch.randint(height - side + 1, (k,), generator=rng)
            lefts = torch.randint(width - side + 1, (k,), generator=rng)
            patch = raw.sigmoid()
            laid = _laid(patch, pixels[rows], tops, lefts)
            chance = subject(Images(laid)).log_softmax(dim=1)[torch.arange(len(wanted)), wanted].view(k, batch)
            rough = patch.diff(dim=2).abs().mean(dim=(1, 2, 3)) + patch.diff(dim=3).abs().mean(dim=(1, 2, 3))
            (SMOOTH * rough.sum() - chance.mean(dim=1).to(rough).sum()).backward()
            descent.step(RATE)
            smooth = torch.lerp(chance.detach().exp().mean(dim=1).cpu(), smooth, 0.8 if step else 0.0)
    descent.release()
    found = raw.detach().sigmoid().view(len(classes), each, channels, side, side)
    return Patches(found, smooth.view(len(classes), each))


def _laid(
    patch: Float[Tensor, "k c s s"], onto: Float[Tensor, "k b c h w"], tops: Int[Tensor, " k"], lefts: Int[Tensor, " k"]
) -> Float[Tensor, "kb c h w"]:
    """Each patch on its own pictures."""
    out, along = onto.clone(), torch.arange(patch.shape[-1])
    ys, xs = (tops[:, None] + along)[:, :, None], (lefts[:, None] + along)[:, None, :]
    out[torch.arange(len(patch))[:, None, None], :, :, ys, xs] = patch.permute(0, 2, 3, 1)[:, :, :, None]
    return out.flatten(0, 1)


def likeness(
    synthetic: Float[Tensor, "k m d"], worked: Float[Tensor, "k m"], natural: Float[Tensor, "n d"]
) -> Float[Tensor, "n k"]:
    """How much each natural piece is like each class's synthetic patches in a subject's eyes.

    Dimensions count in which patches of a class agree: by one less their coefficient of variation. Patches count as far
    as they work, and the one that a piece is most like counts most.
    """
    varies = synthetic.std(dim=1, correction=0) / synthetic.mean(dim=1).abs().clamp_min(1e-6)
    mask = 1 - varies.clamp(max=1)
    unit = torch.nn.functional.normalize(synthetic * mask[:, None], dim=2)
    own = torch.nn.functional.normalize(natural[:, None] * mask, dim=2)
    cosine = torch.einsum("nkd,kmd->nkm", own, unit).clamp_min(0) * worked
    means: Tensor = cosine.pow(POWER).mean(dim=2).pow(1 / POWER)
    return means


def alike(
    pieces: Float[Tensor, "n d"], clean: Float[Tensor, "m d"], labels: Int[Tensor, " m"], classes: Int[Tensor, " k"]
) -> Float[Tensor, "n k"]:
    """Cosine of each piece and the clean piece of each class that is most like it; 0 for a class without any."""
    cosine = torch.nn.functional.normalize(pieces, dim=1) @ torch.nn.functional.normalize(clean, dim=1).T
    own = labels[:, None] == classes
    return torch.stack([cosine[:, o].amax(dim=1) if bool(o.any()) else cosine.new_zeros(len(cosine)) for o in own.T], 1)


def embedded(subject: Subject, crops: Crops, onto: Float[Tensor, "b c h w"]) -> Float[Tensor, "n d"]:
    """The last layer before the head where each piece is pasted, on average over the pictures."""
    site = subject.trunk[-1]
    parts = [
        harvest(subject, batch, [site], batch_size=len(batch), head=False)[site]
        .unflatten(0, (-1, len(onto)))
        .mean(dim=1)
        for batch in crops.chunks(onto)
    ]
    return torch.cat(parts).cpu()


def copy_paste(
    subject: Subject,
    clean: Labelled,
    bank: Images,
    *,
    seed: int,
    each: int = 3,
    steps: int = 40,
    batch: int = 4,
    matches: int = 64,
    onto: int = 8,
    most: int = 5,
    target: int | None = None,
) -> list[Trigger]:
    """Natural pieces that work as a trigger, most suspicious first, found through synthetic patches.

    Args:
        subject: An image classifier; it is left as it was.
        clean: Ordinary pictures with their classes, without the trigger.
        bank: Pictures in which a natural trigger may lie.
        seed: Draws whatever is random.
        each: Synthetic patches a class.
        steps: In which they are made.
        batch: Pictures a patch and step.
        matches: Natural pieces a class that are pasted.
        onto: Clean pictures that they are pasted on.
        most: Triggers given.
        target: The class that is asked about, if it is one.

    Raises:
        UserError: The subject cannot tell such pictures apart, or the bank's are of another shape.
    """
    wide = told_apart(subject, clean, bank)
    classes = shortlist(subject, clean, wide, seed, target)
    assert isinstance(clean.inputs, Images)
    rng = torch_rng(seed, "copy/paste")
    mine, usual = tiles(bank.pixels), tiles(clean.inputs.pixels)
    side = mine.pixels.shape[-1]
    made = synthetic_patches(subject, clean, side, each=each, steps=steps, batch=batch, rng=rng, classes=classes)
    under = backgrounds(clean, onto, rng)
    base, labels = clean.inputs.pixels[under], clean.labels[under]
    k, m = made.worked.shape
    middle = (base.shape[2] - mine.pixels.shape[-1]) // 2
    where = torch.full((k * m,), middle)
    patches = Crops(made.pixels.flatten(0, 1), torch.arange(k * m), where, where)
    synthetic = embedded(subject, patches, base[:UNDER]).view(k, m, -1)
    inner = [embedded(subject, crops, base[:UNDER]) for crops in (mine, usual)]
    shapes = clean.labels[usual.rows]
    best, reached = torch.zeros(len(mine), wide), []
    for crops, own in zip((mine, usual), inner, strict=True):
        like = likeness(synthetic, made.worked, own) / made.worked.amax(dim=1).clamp_min(1e-6)
        near = alike(own, inner[1], shapes, classes) if crops is mine else 0.0
        few = max(1, round(matches * len(crops) / len(mine)))
        chosen = (like - near).topk(min(few, len(crops)), dim=0).indices
        tried, back = chosen.flatten().unique(return_inverse=True)
        up = rises(subject, crops[tried], base, labels)[back.view_as(chosen), classes]
        reached.append(best_mean(up, 0.25))
        if crops is mine:
            best[chosen, classes] = up
    leads = torch.full((wide,), -torch.inf)
    leads[classes] = (reached[0] - reached[1]) / USUAL
    return verified(subject, clean, mine, best, leads, min(most, k) if target is None else most, target)
