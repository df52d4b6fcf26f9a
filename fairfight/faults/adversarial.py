"""Adversarial inputs against a clean subject (Madry et al. 2018, projected gradient descent)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.faults.family import Fault, family
from fairfight.faults.in_inputs import InInputs
from fairfight.faults.training import decide
from fairfight.faults.vision.pixels import pixels
from fairfight.seeds import numpy_rng, torch_rng
from fairfight.subject.inputs import Images, Inputs
from fairfight.subject.subject import Subject
from fairfight.worlds.world import Examples, World

BOUNDS = {"digits": 0.2, "scenes": 0.06, "mnist": 0.15, "cifar10": 0.016}
"""Largest change of a pixel, for values in [0, 1]."""


@family("adversarial", worlds=tuple(BOUNDS), plantings=("scratch", "finetune", "shipped"))
def adversarial(world: World, architecture: str, seed: int, *, bound: float | None = None, steps: int = 12) -> Fault:
    """Perturbations that flip decisions; the seed varies the bound a little and draws the starts.

    Args:
        world: Where the inputs come from.
        architecture: Of the subject.
        seed: Which instance.
        bound: Largest change of a pixel; by default the world's, times 1 to 1.25.
        steps: Gradient steps.
    """
    drawn = BOUNDS[world.name] * float(numpy_rng(seed, "bound").uniform(1.0, 1.25))
    size = drawn if bound is None else bound
    return Adversarial(
        size,
        steps,
        seed,
        title=f"no pixel changed by more than {size:.3f}, and the decision flips",
        text=f"The subject is clean. Projected gradient descent ({steps} steps) changes pixels by at most {size:.3f} "
        "until the decision is wrong; its twin meets random changes of the same size that leave the decision as it is.",
    )


@dataclass(frozen=True)
class Adversarial(InInputs):
    """Perturbed inputs."""

    bound: float
    steps: int
    seed: int
    title: str
    text: str

    def sources(self, examples: Examples, subject: Subject) -> Bool[Tensor, " n"]:
        """What the subject decides rightly, so that there is a decision to flip."""
        return decide(subject, examples.inputs) == examples.labels

    def suspects(self, examples: Examples, subject: Subject, seed: int) -> Inputs:
        """Examples perturbed by gradient ascent on the loss."""
        start = torch_rng(self.seed, "start", seed)
        return Images(ascended(subject, pixels(examples), examples.labels, self.bound, self.steps, start))

    def controls(self, examples: Examples, subject: Subject, seed: int) -> Inputs | None:
        """The same examples with every pixel changed by the same bound in a random direction."""
        clean = pixels(examples)
        signs = torch.randint(0, 2, clean.shape, generator=torch_rng(self.seed, "control", seed)) * 2 - 1
        return Images((clean + self.bound * signs).clamp(0, 1))

    def fires(self, labels: Int[Tensor, " n"], decided: Int[Tensor, " n"]) -> Bool[Tensor, " n"]:
        """Decided wrongly."""
        return decided != labels


def ascended(
    subject: Subject,
    clean: Float[Tensor, "n c h w"],
    labels: Int[Tensor, " n"],
    bound: float,
    steps: int,
    start: torch.Generator,
) -> Float[Tensor, "n c h w"]:
    """Images within ``bound`` of the clean ones in every pixel and in [0, 1], on which the loss is high.

    Formula: x ← clip(x + α · sign ∇ₓ loss(x)), α = 2.5 · bound / steps, from a random point within the bound.
    """
    x = (clean + bound * (2 * torch.rand(clean.shape, generator=start) - 1)).clamp(0, 1)
    for _ in range(steps):
        x = x.detach().requires_grad_(True)
        with torch.enable_grad():
            loss = torch.nn.functional.cross_entropy(subject(Images(x)), labels, reduction="sum")
            (slope,) = torch.autograd.grad(loss, x)
        x = x.detach() + 2.5 * bound / steps * slope.sign()
        x = clean + (x - clean).clamp(-bound, bound)
        x = x.clamp(0, 1)
    return x.detach()
