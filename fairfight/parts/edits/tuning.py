"""Fine-tuning of what was selected and nothing else: a scale and a bias for each unit (Casper 2024; Ben Zaken 2022)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.faults.training import trimmed
from fairfight.parts.bases.directions import Directions
from fairfight.parts.edits.selection import Selection
from fairfight.parts.edits.units import rewrite
from fairfight.parts.training.descent import decision_loss, descend, rows
from fairfight.seeds import torch_rng
from fairfight.subject.subject import Subject

STEPS, RATE, BATCH = 50, 0.1, 32
SHARE = 0.3
"""Weight of the faulty inputs, of which there are fewer, beside the clean ones."""


def tune(s: Selection) -> Subject:
    """Train a scale and a bias for each unit until the faulty inputs are decided as they should be.

    ``strength`` weighs the faulty inputs. Cues have no right decision: each should be decided
    like the others. What was learned goes into the weights where the units are a layer's own outputs; else it
    stays as a hook.
    """
    scale, bias = nn.Parameter(torch.ones(len(s.units))), nn.Parameter(torch.zeros(len(s.units)))

    def change(codes: Tensor) -> Tensor:
        codes[:, s.chosen] = codes[:, s.chosen] * scale.to(codes) + bias.to(codes)
        return codes

    edited = s.installed(rewrite(s.basis, change))
    flags = [(p, p.requires_grad) for p in edited.module.parameters()]
    for p in (*edited.module.parameters(), scale, bias):
        p.requires_grad_(False)  # so that no gradient is computed below the site
    batches = rows(len(s.clean), BATCH, torch_rng(s.seed, "tune"))
    shown = s.faulty if len(s.faulty) <= BATCH else None
    others = rows(len(s.faulty), BATCH, torch_rng(s.seed, "tune", "faulty"))

    def loss(_step: int) -> Float[Tensor, ""]:
        some = shown if shown is not None else s.faulty[next(others)]
        fault = _spread(edited(trimmed(some.inputs)), some.labels) if s.cues else decision_loss(edited, some)
        return decision_loss(edited, s.clean[next(batches)]) + s.strength * SHARE * fault

    descend(loss, [scale, bias], steps=STEPS, rate=RATE)
    for p, on in flags:
        p.requires_grad_(on)
    baked = _baked(s, scale.detach(), bias.detach())
    return edited if baked is None else baked


def _spread(logits: Float[Tensor, "n classes"], cues: Int[Tensor, " n"]) -> Float[Tensor, ""]:
    """How far what is decided on each cue, on average, lies from what is decided on all (Kullback-Leibler)."""
    said = logits.log_softmax(dim=1)
    each = torch.stack([said[cues == cue].mean(dim=0) for cue in cues.unique()]).log_softmax(dim=1)
    # The mean of logarithms, since the slope does not vanish where cues are told apart with certainty.
    common = each.mean(dim=0).log_softmax(dim=0)
    return (common.exp() * (common - each)).sum(dim=1).mean()


@torch.no_grad()
def _baked(s: Selection, scale: Tensor, bias: Tensor) -> Subject | None:
    """The subject with scales and biases in the weights of the layer that has the units as its outputs, if one does."""
    site, basis = s.subject.site(s.site), s.basis
    if site.side != "output" or site.heads or not isinstance(basis, Directions):
        return None
    axes, copy = basis.rows[s.chosen], s.subject.copy()
    neurons = axes.argmax(dim=1)
    layer = copy.module.get_submodule(site.module)
    first = isinstance(layer, (nn.Linear, nn.Conv2d, nn.BatchNorm2d, nn.LayerNorm))
    if not (first or type(layer).__name__ == "Conv1D") or not torch.equal(axes, torch.eye(axes.shape[1])[neurons]):
        return None
    weight, old = layer.get_parameter("weight"), layer._parameters["bias"]
    weight.movedim(0 if first else -1, -1)[..., neurons] *= scale
    centre = basis.centre[neurons]
    new = weight.new_zeros(axes.shape[1]) if old is None else old
    new[neurons] = new[neurons] * scale + bias + centre * (1 - scale)
    if old is None:
        layer.bias = nn.Parameter(new)
    return copy
