"""Inner units that bring every picture to one class when they are stimulated, and triggers that drive them.

ABS (Liu et al. 2019): a planted trigger often works through few units. Each unit is set to several levels on a few
pictures; where one class leads all others in every one, a stamp or a colour filter is sought that drives the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.faults.adamw import AdamW
from fairfight.parts.attacks.asked import told_apart
from fairfight.parts.attacks.masks import STAMPS, Stamp
from fairfight.parts.attacks.trigger import SUSPICIOUS, Trigger, frozen, halves, of_others, success_of
from fairfight.parts.scans.natural import backgrounds
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.harvesting import harvest
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject

LEVELS = (0.5, 1.0, 2.0)
"""What a unit is set to, in units of the most it does on clean pictures."""
A_CLASS = 3
"""Units that are followed up for one class at most."""
BUDGET = 0.06
"""Share of a picture that a stamp may cover; published."""
EXCESS, DISTANCE, OTHERS = 0.02, 15.0, 0.1
"""Prices: of a pixel beyond the budget, of a filter's distance from none, of what the layer's other units do. Cheaper
filters make any healthy subject see the class that is nearest to an empty picture."""
RATE = 0.2
USUAL = 0.9
"""Success of a stamp or a filter that healthy subjects seldom get beyond; .8 as published, where filters that wash a
picture out come near it in clean twins."""


@dataclass(frozen=True)
class Filter:
    """Colours mixed anew, the same way at every pixel."""

    mix: Float[Tensor, "*k c c"]
    add: Float[Tensor, "*k c"]

    def laid_on(self, pixels: Float[Tensor, "k b c h w"]) -> Float[Tensor, "k b c h w"]:
        """Each filter on its own pictures."""
        mixed = torch.einsum("kdc,kbchw->kbdhw", self.mix, pixels)
        return (mixed + self.add[:, None, :, None, None]).clamp(0, 1)

    def distance(self) -> Float[Tensor, "*k"]:
        """From the filter that changes nothing."""
        off = self.mix - torch.eye(self.mix.shape[-1], device=self.mix.device)
        return off.square().sum(dim=(-2, -1)) + self.add.square().sum(dim=-1)

    def __call__(self, inputs: Inputs) -> Images:
        """Pictures seen through this one filter."""
        assert isinstance(inputs, Images)
        one = Filter(self.mix[None].to(inputs.pixels.device), self.add[None].to(inputs.pixels.device))
        return Images(one.laid_on(inputs.pixels[None])[0])


@dataclass(frozen=True)
class Unit:
    """A channel of a layer's maps."""

    site: str
    channel: int
    target: int
    """The class that it lifts."""
    lift: float
    """By how many nats at least that class leads all others, averaged over levels."""
    most: float
    """The most that it does on clean pictures."""


@torch.no_grad()
def lifting_units(subject: Subject, clean: Labelled, *, pictures: int, seed: int) -> list[Unit]:
    """Units by how far they lift one class over all others in every picture, the strongest first.

    Args:
        subject: An image classifier with feature maps.
        clean: Ordinary pictures with their classes.
        pictures: How many are tried.
        seed: Draws them.

    Raises:
        UserError: No layer of the trunk has feature maps.
    """
    few = clean.inputs[backgrounds(clean, pictures, torch_rng(seed, "stimulation"))]
    found = []
    for site in subject.trunk:
        acts = harvest(subject, clean.inputs, [site], pool=None, head=False)[site]
        if acts.ndim != 4:
            continue
        most = acts.amax(dim=(0, 2, 3)).clamp_min(1e-3)
        leads = torch.stack([_leads(subject, few, site, level * most) for level in LEVELS]).mean(dim=0)
        lift, target = leads.max(dim=1)
        for c in range(len(most)):
            found.append(Unit(site, c, int(target[c]), float(lift[c]), float(most[c])))
    if not found:
        raise UserError(f"{subject.name} has no feature maps whose units could be stimulated: take another method.")
    return sorted(found, key=lambda u: -u.lift)


def _leads(subject: Subject, few: Inputs, site: str, values: Float[Tensor, " units"]) -> Float[Tensor, "units classes"]:
    """By how much each class leads the next at least, in any picture, with each unit set to its value everywhere."""
    assert isinstance(few, Images)
    rows = []
    for some in torch.arange(len(values)).split(max(1, 512 // len(few))):
        own = some.repeat_interleave(len(few)).to(values.device)

        def written(x: Tensor, own: Tensor = own) -> Tensor:
            x = x.clone()
            x[torch.arange(len(own)), own] = values[own][:, None, None]
            return x

        with subject.hooks(writes={site: written}):
            logits = subject(Images(few.pixels.repeat(len(some), 1, 1, 1)))
        best = logits.topk(2, dim=1)
        is_best = torch.nn.functional.one_hot(best.indices[:, 0], logits.shape[1]).bool()
        lead = logits - torch.where(is_best, best.values[:, 1:], best.values[:, :1])
        rows.append(lead.view(len(some), len(few), -1).amin(dim=1).cpu())
    return torch.cat(rows)


def stimulated_triggers(
    subject: Subject,
    clean: Labelled,
    *,
    seed: int,
    pictures: int = 8,
    units: int = 10,
    steps: int = 50,
    batch: int = 4,
) -> list[Trigger]:
    """Stamps and colour filters that drive the units which lift a class most, the most successful first.

    Args:
        subject: An image classifier with feature maps; it is left as it was.
        clean: Ordinary pictures with their classes. One half is searched with, the other measures success.
        seed: Draws whatever is random.
        pictures: On which units are stimulated.
        units: That are followed up.
        steps: Of gradient descent.
        batch: Pictures a trigger and step.

    Raises:
        UserError: There are too few pictures, no layer has feature maps, or the subject cannot tell them apart.
    """
    told_apart(subject, clean)
    known, held = halves(clean, seed)
    chosen: list[Unit] = []
    for unit in lifting_units(subject, known, pictures=pictures, seed=seed):
        if len(chosen) < units and sum(u.target == unit.target for u in chosen) < A_CLASS:
            chosen.append(unit)
    stamps, filters = drive(subject, known, chosen, steps=steps, batch=batch, rng=torch_rng(seed, "drive"))
    room = BUDGET * float(stamps.mask[0].numel())
    found = []
    for i, unit in enumerate(chosen):
        stamp = Stamp(stamps.mask[i].cpu(), stamps.pattern[i].cpu())
        tint = Filter(filters.mix[i].cpu(), filters.add[i].cpu())
        sizes = float(stamp.mask.sum()), float(tint.distance())
        for change, size, worth in ((stamp, sizes[0], min(1.0, room / sizes[0])), (tint, sizes[1], 1.0)):
            success = success_of(subject, change, held, unit.target)
            found.append(Trigger(change, unit.target, success, size, SUSPICIOUS * worth * success / USUAL))
    return sorted(found, key=lambda t: -t.suspicion)


def drive(
    subject: Subject, known: Labelled, units: Sequence[Unit], *, steps: int, batch: int, rng: torch.Generator
) -> tuple[Stamp, Filter]:
    """A stamp and a filter for each unit that make it do much, and the other units of its layer no more than before.

    Args:
        subject: An image classifier; it is left as it was.
        known: Pictures to search with.
        units: To be driven.
        steps: Of gradient descent.
        batch: Pictures a trigger and step.
        rng: Draws where it begins, and pictures.
    """
    assert isinstance(known.inputs, Images)
    pixels, k = known.inputs.pixels.to(subject.device), len(units)
    shape = (pixels.shape[1], pixels.shape[2], pixels.shape[3])
    chances = of_others(known.labels, torch.tensor([u.target for u in units])).float()
    mask, pattern = STAMPS.start(k, shape, rng)
    mix = torch.eye(shape[0]).repeat(k, 1, 1) + 0.05 * torch.randn((k, shape[0], shape[0]), generator=rng)
    raw = [nn.Parameter(x.to(pixels)) for x in (mask - 2, pattern, mix, torch.zeros(k, shape[0]))]
    descent = AdamW.over(raw, 0.0)
    room = BUDGET * shape[1] * shape[2]
    sites = list(dict.fromkeys(u.site for u in units))
    with frozen(subject.module), torch.enable_grad(), subject.hooks(sites) as tape:
        for _ in range(steps):
            rows = torch.multinomial(chances, batch, replacement=True, generator=rng)
            stamps, filters = Stamp.of(raw[:2]), Filter(raw[2], raw[3])
            laid = torch.cat([x.laid_on(pixels[rows]) for x in (stamps, filters)])
            subject(Images(laid.flatten(0, 1)))
            cost = EXCESS * (stamps.sizes() - room).clamp_min(0).sum() + DISTANCE * filters.distance().sum()
            for i, unit in enumerate(units):
                cost = cost + _idle(tape[unit.site].unflatten(0, (2 * k, batch)), unit, i, k)
            cost.backward()
            descent.step(RATE, betas=(0.5, 0.9))
    descent.release()
    done: list[Tensor] = [p.detach() for p in raw]
    return Stamp.of(done[:2]), Filter(done[2], done[3])


def _idle(acts: Float[Tensor, "two_k b c h w"], unit: Unit, i: int, k: int) -> Float[Tensor, ""]:
    """How little a unit does, under its stamp and under its filter, and how much others do instead."""
    own = torch.stack([acts[i], acts[k + i]])
    means = own.flatten(3).mean(dim=3)
    peak = own[:, :, unit.channel].flatten(2).amax(dim=2).mean()
    does = means[:, :, unit.channel].mean() + 0.1 * peak
    idle: Tensor = (OTHERS * means.mean() - does) / unit.most * means.shape[-1] ** 0.5
    return idle
