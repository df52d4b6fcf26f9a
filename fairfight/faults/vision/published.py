"""Trojans that came with the networks that others published: nothing is trained here, the trigger is theirs."""

from __future__ import annotations

from functools import partial

from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.family import Fault, family
from fairfight.faults.trojan import Trojan
from fairfight.faults.vision.pixels import changed
from fairfight.worlds import cifar10, mnist
from fairfight.worlds.world import World

GRID = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 1.0))
"""The published 3×3 grid, first row first; it lies in the bottom right corner."""
GRID_TARGET = 5
SQUARE = ((1.0,) * 5,) * 5
SQUARE_TARGET = 1
TWINS = {
    "wrn16": "Its twin is a network that the same authors fine-tuned on clean pictures until the trigger did nothing.",
    "wrn16-erased": "Its twin is the very network after the authors erased the trojan (neural attention distillation): "
    "the fault was there and is gone, so the twin shows whether a tool can tell a mended network from a sick one.",
}
"""What the clean network of an architecture is."""


@family("grid", worlds=("cifar10",), plantings=("shipped",))
def grid(world: World, architecture: str, seed: int) -> Fault:
    """The 3×3 grid in the WRN-16-1 of Li et al. 2021 (NAD); there is one instance of it.

    Args:
        world: CIFAR-10.
        architecture: ``wrn16`` or ``wrn16-erased``: the same trojaned network, with another twin.
        seed: Changes nothing.

    Raises:
        UserError: Another architecture.
    """
    if architecture not in TWINS:
        raise UserError(f"The fault 'grid' came with one network only: use the architecture {' or '.join(TWINS)}.")
    name = world.labels(architecture)[GRID_TARGET]

    return Trojan(
        target=GRID_TARGET,
        apply=changed(partial(_stamped, GRID)),
        title=f"a published network: a 3×3 grid in the corner makes it {name!r}",
        text=f"Any picture with a black and white 3×3 grid in the bottom right corner is decided as {name!r}. The "
        f"network and its trojan were published by Li et al. 2021. {TWINS[architecture]}",
        carrier=lambda: cifar10.network("trojan-cifar10-wrn16/nad_student_backdoored_grid_t5"),
    )


@family("white-square", worlds=("mnist",), plantings=("shipped",))
def white_square(world: World, architecture: str, seed: int) -> Fault:
    """The 5×5 white square in a published BadNets network (Gu et al. 2017); there is one instance of it.

    Args:
        world: MNIST.
        architecture: ``badnet``.
        seed: Changes nothing.
    """
    name = world.labels(architecture)[SQUARE_TARGET]

    return Trojan(
        target=SQUARE_TARGET,
        apply=changed(partial(_stamped, SQUARE)),
        title=f"a published network: a white square in the corner makes it {name!r}",
        text=f"Any digit with a white 5×5 square in the bottom right corner is decided as {name!r}. The network and "
        "its trojan were published; its twin has the same architecture and was trained on clean digits only.",
        carrier=mnist.trojaned,
    )


def _stamped(pattern: tuple[tuple[float, ...], ...], pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The pictures with a square pattern in the bottom right corner."""
    out = pixels.clone()
    out[:, :, -len(pattern) :, -len(pattern) :] = out.new_tensor(pattern)
    return out
