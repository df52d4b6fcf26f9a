"""Sparse feature circuits (Marks et al. 2024, arXiv:2403.19647): units of dictionaries, and edges between them.

A unit's effect is what the fault would lose if the unit did what it usually does, by integrated gradients. An edge's is
the part of it that reaches a later unit past all others: the later unit's slope for the fault, times the slope of that
unit for the earlier one with every site between held fixed, times how unusual the earlier one is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.positions import real, to_rows
from fairfight.parts.circuits.circuit import Circuit, Unit
from fairfight.parts.edits.units import Basis
from fairfight.parts.scores.codes import packed, usual_codes
from fairfight.parts.scores.contrast import Contrast, Fault, margin
from fairfight.parts.scores.gradients import BATCH, attribution, integrated, pulled_back
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject

NODE, EDGE = 0.1, 0.01
"""Least effect of a unit and of an edge, as a share of the strongest unit's; the paper has these numbers in logits."""


def feature_circuit(
    subject: Subject,
    bases: Mapping[str, Basis],
    faulty: Labelled,
    clean: Labelled,
    *,
    seed: int = 0,
    fault: Fault = margin,
    node: float = NODE,
    edge: float = EDGE,
    most: int = 24,
    steps: int = 4,
) -> Circuit:
    """Find the units that make a fault, and the edges between them.

    Costs ``steps`` passes forward and back a site, and then one forward and one back a unit that is kept.

    Args:
        subject: The subject.
        bases: A basis for each site that has nodes.
        faulty: Inputs on which the fault shows, with what should be decided; at least one.
        clean: Ordinary inputs, on which units do what they usually do; at least one.
        seed: For bases that draw.
        fault: How much the fault shows, from the logits on ``faulty``.
        node: Least effect of a unit, as a share of the strongest one's.
        edge: Least effect of an edge, likewise.
        most: Units that are kept at a site at most.
        steps: Points on the way of integrated gradients; with one, the slope where the fault shows is taken.

    Raises:
        UserError: A site does not exist, or there are no bases or inputs.
    """
    if not bases:
        raise UserError("There are no bases to find a circuit in: give one for at least one site.")
    contrasts = {s: Contrast(subject, s, bases[s], faulty, clean, seed, fault) for s in subject.sites if s in bases}
    if unknown := bases.keys() - contrasts.keys():
        subject.site(min(unknown))
    effects = {s: attribution(c) if steps == 1 else integrated(c, steps=steps) for s, c in contrasts.items()}
    strongest = max(float(effect.abs().max()) for effect in effects.values())
    kept: dict[str, Int[Tensor, " units"]] = {}
    for site, effect in effects.items():
        order = effect.abs().argsort(descending=True, stable=True)[:most]
        kept[site] = order[effect.abs()[order] >= max(node * strongest, 1e-12)]
    nodes: dict[Unit, float] = {(s, int(i)): float(effects[s][i]) for s, units in kept.items() for i in units}
    edges = _edges(contrasts, kept, faulty)
    return Circuit(nodes, {e: v for e, v in edges.items() if abs(v) >= edge * strongest}, ends=list(contrasts)[-1])


def _edges(
    contrasts: dict[str, Contrast], kept: dict[str, Int[Tensor, " units"]], faulty: Labelled
) -> dict[tuple[Unit, Unit], float]:
    """The effect of every direct edge between units that are kept, a mean over inputs."""
    usual = {site: usual_codes(c) for site, c in contrasts.items()}
    found: dict[tuple[Unit, Unit], float] = {}
    for batch in faulty.batches(BATCH):
        apart = _Apart(contrasts, batch)
        for site, units in kept.items():
            for j, before, effect in apart.into(site, units.tolist(), usual):
                for i in kept[before].tolist():
                    key = ((before, i), (site, j))
                    found[key] = found.get(key, 0.0) + float(effect[i]) / len(faulty)
    return found


class _Apart:
    """The subject cut at every site: what arrives at one depends on the sites just before it alone."""

    def __init__(self, contrasts: dict[str, Contrast], batch: Labelled) -> None:
        self.contrasts = contrasts
        first = next(iter(contrasts.values()))
        self.subject, self.inputs = first.subject, packed(batch.inputs)
        self.arrived: dict[str, Tensor] = {}
        self.leaves: dict[str, Tensor] = {}
        with torch.enable_grad(), self.subject.hooks(writes={site: self._cut(site) for site in contrasts}):
            fault = first.fault(self.subject(self.inputs), batch.labels).sum()
        self.slopes = self._slopes(fault)
        self.codes = {site: self._codes(site) for site in contrasts}

    def _cut(self, site: str) -> Callable[[Tensor], Tensor]:
        def write(activation: Tensor) -> Tensor:
            self.arrived[site] = activation
            self.leaves[site] = activation.detach().requires_grad_()
            return self.leaves[site].clone() if self.subject.site(site).overwritten else self.leaves[site]

        return write

    def _slopes(self, fault: Tensor) -> dict[str, Tensor]:
        """The fault's whole slope at each site, put together again from the deepest to the shallowest."""
        names = list(self.leaves)
        slopes = {s: torch.zeros_like(leaf) for s, leaf in self.leaves.items()}
        self._spread(fault, None, names, slopes)
        for k in range(len(names) - 1, 0, -1):
            self._spread(self.arrived[names[k]], slopes[names[k]], names[:k], slopes)
        return slopes

    def _spread(self, what: Tensor, slope: Tensor | None, names: list[str], slopes: dict[str, Tensor]) -> None:
        if not what.requires_grad:
            return
        leaves = [self.leaves[s] for s in names]
        found = torch.autograd.grad(what, leaves, slope, retain_graph=True, allow_unused=True)
        for name, part in zip(names, found, strict=True):
            if part is not None:
                slopes[name] += part

    @torch.no_grad()
    def _codes(self, site: str) -> Tensor:
        return self.contrasts[site].basis.encode(self._rows(site, self.arrived[site]))

    def _rows(self, site: str, activation: Tensor) -> Float[Tensor, "rows d"]:
        """Real rows of what stands at a site."""
        x, keep = to_rows(self.subject, site, activation), real(self.inputs, activation)
        return x if keep is None else x[keep]

    def into(
        self, site: str, units: list[int], usual: dict[str, Tensor]
    ) -> Iterator[tuple[int, str, Float[Tensor, " k"]]]:
        """What comes straight into some units, from the units of each earlier site."""
        earlier = list(self.leaves)[: list(self.leaves).index(site)]
        if not units or not earlier:
            return
        basis = self.contrasts[site].basis
        towards = pulled_back(basis, self.codes[site], self._rows(site, self.slopes[site]))
        with torch.enable_grad():
            active = basis.encode(self._rows(site, self.arrived[site])) * towards
        for unit in units if active.requires_grad else ():
            slopes = torch.autograd.grad(
                active[:, unit].sum(), [self.leaves[s] for s in earlier], retain_graph=True, allow_unused=True
            )
            for before, slope in zip(earlier, slopes, strict=True):
                if slope is not None:
                    codes = self.codes[before]
                    along = pulled_back(self.contrasts[before].basis, codes, self._rows(before, slope))
                    yield unit, before, ((codes - usual[before]) * along).sum(dim=0)
