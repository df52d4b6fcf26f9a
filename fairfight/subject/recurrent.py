"""Small recurrent networks over whole numbers (Elman 1990), in the shapes of MIPS (Michaud et al. 2024)."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.errors import unknown

UPDATES = ("linear", "tanh", "relu", "mlp")
WIDE = 32
"""Units of a hidden layer."""


class Recurrent(nn.Module):
    """``h' = f(W h + V x + b)``, ``y = g(h')``, from ``h = 0``.

    ``f`` is linear, tanh or ReLU, or has a hidden layer of ReLUs before its tanh; ``g`` is linear or has such a layer.
    """

    def __init__(
        self, *, low: int, high: int, channels: int, hidden: int, outputs: int, update: str, inputs: str, readout: str
    ) -> None:
        """See :class:`fairfight.worlds.sequences.rule.Net`.

        Raises:
            UserError: There is no such update.
        """
        super().__init__()
        if update not in UPDATES:
            raise unknown("update of a recurrent network", update, UPDATES)
        self.architecture: dict[str, Any] = {
            "low": low, "high": high, "channels": channels, "hidden": hidden, "outputs": outputs,
            "update": update, "inputs": inputs, "readout": readout,
        }  # fmt: skip
        self.low, self.values, self.hidden, self.update = low, high - low + 1, hidden, update
        self.one_hot = inputs == "one-hot"
        width = channels * self.values if self.one_hot else channels
        inner = WIDE if update == "mlp" else hidden
        self.recur = nn.Linear(hidden, inner)
        self.feed = nn.Linear(width, inner, bias=False)
        self.out = nn.Linear(inner, hidden) if update == "mlp" else nn.Identity()
        self.state = nn.Identity()
        layers = [nn.Linear(hidden, WIDE), nn.ReLU(), nn.Linear(WIDE, outputs)]
        self.answer = nn.Sequential(*layers) if readout == "mlp" else nn.Linear(hidden, outputs)

    def encode(self, values: Int[Tensor, "n length channels"]) -> Float[Tensor, "n length width"]:
        """Inputs as the network sees them."""
        if not self.one_hot:
            return values.to(self.recur.weight.dtype)
        ones = nn.functional.one_hot(values - self.low, self.values)
        return ones.flatten(2).to(self.recur.weight.dtype)

    def step(self, state: Float[Tensor, "n hidden"], fed: Float[Tensor, "n inner"]) -> Float[Tensor, "n hidden"]:
        """The next state, given what an input feeds in."""
        inner = self.recur(state) + fed
        if self.update == "tanh":
            inner = inner.tanh()
        elif self.update in ("relu", "mlp"):
            inner = inner.relu()
        out: Tensor = self.out(inner)
        return out.tanh() if self.update == "mlp" else out

    def states(
        self, values: Int[Tensor, "n length channels"], noise: Float[Tensor, "n length hidden"] | None = None
    ) -> Float[Tensor, "n length hidden"]:
        """The state after each input; ``noise`` is added to each before it is used."""
        fed = self.feed(self.encode(values)).unbind(1)
        state = fed[0].new_zeros(len(values), self.hidden)
        every = []
        for t, one in enumerate(fed):
            state = self.step(state, one)
            if noise is not None:
                state = state + noise[:, t]
            every.append(state)
        return torch.stack(every, 1)

    def forward(self, values: Int[Tensor, "n length channels"]) -> Float[Tensor, "n length outputs"]:
        """Outputs at every position."""
        out: Tensor = self.answer(self.state(self.states(values)))
        return out
