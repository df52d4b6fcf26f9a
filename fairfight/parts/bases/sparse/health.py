"""What a dictionary is worth: how much it explains, how sparsely, and whether the model still works through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.positions import from_rows, to_rows
from fairfight.parts.bases.sparse.autoencoder import SparseAutoencoder

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject

_BATCH = 64


@dataclass(frozen=True)
class Health:
    """Figures of a dictionary on a sample of activations."""

    explained: float
    """Share of the variance that it rebuilds; 1 is all."""
    l0: float
    """Latents that fire on an activation, on average."""
    dead: float
    """Share of latents that fire on none."""
    recovered: float | None = None
    """Share of the loss that zeroing the site costs and that the dictionary, put in its place, wins back."""
    recovered_from_mean: float | None = None
    """The same, beside putting the site's mean in its place."""


@torch.no_grad()
def health(
    dictionary: SparseAutoencoder,
    acts: Float[Tensor, "n d"],
    *,
    subject: Subject | None = None,
    site: str | None = None,
    inputs: Inputs | None = None,
    labels: Int[Tensor, " n"] | None = None,
) -> Health:
    """Measure a dictionary.

    Args:
        dictionary: The dictionary.
        acts: Activations that it was not trained on.
        subject: A model to splice it into, together with ``site`` and ``inputs``.
        site: The site that it is for.
        inputs: What the model is called on.
        labels: Right decisions. Without, the loss is the cross-entropy to the model's own untouched decision.

    Raises:
        UserError: The dictionary does not fit the activations or the site, activations hold NaN, or a part is missing.
    """
    if not bool(torch.isfinite(acts).all()):
        raise UserError("The activations hold NaN or infinity: leave those rows out.")
    fired = torch.zeros(dictionary.width, dtype=torch.long)
    left = torch.zeros((), dtype=torch.float64)
    for x in acts.split(max(1, (1 << 22) // dictionary.width)):
        codes = dictionary.encode(x)
        fired += (codes > 0).sum(dim=0)
        left += (dictionary.decode(codes) - x).double().square().sum()
    spread = (acts.double() - acts.double().mean(dim=0)).square().sum()
    figures = Health(
        explained=float(1 - left / spread.clamp_min(1e-300)),
        l0=float(fired.sum()) / len(acts),
        dead=float((fired == 0).float().mean()),
    )
    given = (subject is not None, site is not None, inputs is not None)
    if not any(given):
        return figures
    if subject is None or site is None or inputs is None:
        raise UserError("To splice a dictionary into a model, give the subject, the site and inputs.")
    dictionary.fits(subject, site)
    recovered = _recovered(dictionary, subject, site, inputs, labels, acts.mean(dim=0))
    return Health(figures.explained, figures.l0, figures.dead, *recovered)


def _recovered(
    dictionary: SparseAutoencoder, subject: Subject, site: str, inputs: Inputs, labels: Tensor | None, mean: Tensor
) -> tuple[float, float]:
    def loss(write: Callable[[Tensor], Tensor] | None) -> float:
        total, at = 0.0, 0
        for batch in inputs.batches(_BATCH):
            target = labels[at : at + len(batch)] if labels is not None else subject(batch).softmax(dim=1)
            with subject.hooks(writes={} if write is None else {site: write}):
                logits = subject(batch)
            total += float(torch.nn.functional.cross_entropy(logits, target, reduction="sum"))
            at += len(batch)
        return total / at

    def each(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def write(activation: Tensor) -> Tensor:
            return from_rows(subject, site, change(to_rows(subject, site, activation)), activation)

        return write

    clean = loss(None)
    spliced = loss(each(dictionary.reconstruct))
    zeroed = loss(each(torch.zeros_like))
    averaged = loss(each(lambda rows: mean.expand_as(rows)))
    return _share(spliced, clean, zeroed), _share(spliced, clean, averaged)


def _share(spliced: float, clean: float, ablated: float) -> float:
    """NaN where ablating the site costs nothing, so that nothing could be won back."""
    return (ablated - spliced) / (ablated - clean) if ablated - clean > 1e-9 else float("nan")
