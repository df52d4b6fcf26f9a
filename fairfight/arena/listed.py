"""The list: functions of this package whose cost follows from shapes, each with what decides it.

What may stand here: a function that calls no code but this package's, torch's and known modules', whose operations do
not depend on values (or only in a way that its ``extra`` tells), and which does the same when it is called again.
``tests/arena/test_meter_functions.py`` counts each of them both ways.
"""

from __future__ import annotations

from collections.abc import Hashable
from math import inf
from typing import Any

import torch
from torch import Tensor

from fairfight.arena.formulas import log2_steps
from fairfight.arena.keyring import Keyring
from fairfight.arena.keys import Uncertain
from fairfight.arena.steady import Steady, Witness
from fairfight.parts.bases import directions, pca, positions, random_directions
from fairfight.parts.bases.sparse import autoencoder, step, stream, training
from fairfight.parts.bases.sparse.select import GROUP
from fairfight.parts.densities import activations, gaussian, local_factor, neighbours, tails
from fairfight.parts.lenses import trajectory, tuned
from fairfight.parts.scores import attribution
from fairfight.subject import harvesting, inputs, subject


def plain(*fields: str) -> Any:
    """The key of a call that the arguments decide, and these fields of the object whose method it is."""

    def key(ring: Keyring, *args: Any, **kwargs: Any) -> Hashable:
        own = ring.values(*[getattr(args[0], f) for f in fields]) if fields else ()
        rest = args[1:] if fields else args
        return own, tuple([ring.value(x) for x in rest]), tuple([(k, ring.value(x)) for k, x in kwargs.items()])

    return key


# Subjects


def _harvest(
    ring: Keyring, subject: Any, inputs: Any, sites: Any, *, batch_size: int = 64, pool: Any = "decision",
    head: bool = True, folder: Any = None, max_bytes: Any = None,
) -> Hashable:  # fmt: skip
    if folder is not None or max_bytes is not None:
        raise Uncertain
    return ring.subject(subject), ring.inputs(subject, inputs, batch_size), ring.names(sites), batch_size, pool, head


def _finite(ring: Keyring, subject: Any, inputs: Any, sites: Any, *, head: bool = False) -> Hashable:
    return ring.subject(subject), ring.inputs(subject, inputs, 64), ring.names(sites), head


def _in_memory(_witness: Any, out: Any, *_args: Any, **_kwargs: Any) -> int | None:
    return 0 if out.file is None else None


def _subject(ring: Keyring, subject: Any, inputs: Any) -> Hashable:
    return ring.subject(subject), ring.inputs(subject, inputs, len(inputs))


def _attribution(ring: Keyring, subject: Any, batch: Any, sites: Any, baseline: Any) -> Hashable:
    given = ring.inputs(subject, batch, len(batch))
    return ring.subject(subject), given, ring.names(sites), ring.named(baseline)


def _slice(ring: Keyring, inputs: Any, index: Any) -> Hashable:
    if type(index) is not slice:
        raise Uncertain
    return ()


def _nothing(*_: Any, **__: Any) -> int:
    return 0


def _beside(ring: Keyring, acts: Any) -> Hashable:
    return ring.named(acts)


def _join(ring: Keyring, rows: Any, scores: Any, how: str) -> Hashable:
    if how != "mean":  # the other's shapes depend on how many rows an input has
        raise Uncertain
    return rows.n, ring.values(rows.owner, scores)


# Gaussians


def _fit_gaussian(ring: Keyring, x: Tensor, labels: Tensor | None = None) -> Hashable:
    floating = x.dtype in (torch.float32, torch.float64) and not (x.requires_grad and torch.is_grad_enabled())
    if type(x) is not Tensor or x.dim() != 2 or not x.numel() or not floating:
        raise Uncertain
    if labels is not None and (type(labels) is not Tensor or labels.dtype != torch.long):
        raise Uncertain
    return ()


def gaussian_price(_witness: Any, out: Any, x: Tensor, labels: Tensor | None = None) -> int | None:
    """Of fitting a Gaussian: each is fitted to other shapes, so that a price that is learned would come too late."""
    if not 0 < out.shrinkage < inf:
        return None
    (n, d), classes = x.shape, len(out.means)
    means = n * log2_steps(n) + classes * (n + d) + 2 * n * d
    centred = 2 * n * d
    # Two products; then what touches each entry once: seven matrices and the squares, and a few numbers.
    covariance = 4 * n * d * d + n * d + 11 * d * d + 13
    whitener = 9 * d**3 + d * d + 3 * d + 2
    return (n * d if x.dtype != torch.float64 else 0) + means + centred + covariance + whitener


# Dictionaries


def _parameters(ring: Keyring, p: Any) -> Hashable:
    return p.width, p.d, ring.value(p.flat)


def _step(ring: Keyring, p: Any, x: Tensor, k: int, **kwargs: Any) -> Hashable:
    return _parameters(ring, p), ring.value(x), k, tuple([(name, ring.value(v)) for name, v in kwargs.items()])


def _revives(dead: Tensor | None, auxiliary: float) -> bool:
    return dead is not None and bool(auxiliary) and bool(dead.any())


def _sparse(
    witness: Any, _out: Any, p: Any, x: Tensor, *_: Any, dead: Any = None, auxiliary: float = 0.0, **__: Any
) -> int | None:
    if not isinstance(witness, step.Fired):
        return None
    firing = int((witness.values > 0).sum())
    # Those that fire are picked and written; for the dead, what is left to rebuild changes its sign.
    return firing + max(int(p.width), firing) + (x.numel() if _revives(dead, auxiliary) else 0)


def _jumping(_witness: Any, _out: Any, p: Any, *_: Any, dead: Any = None, auxiliary: float = 0.0, **__: Any) -> int:
    return int(p.width) if _revives(dead, auxiliary) else 0  # thresholds of the dead are set anew


def _revive(ring: Keyring, p: Any, x: Tensor, left: Tensor, dead: Tensor, weight: float) -> Hashable:
    if any(t.dtype != torch.float32 or t.requires_grad for t in (p.flat, x, left)) or dead.dtype != torch.bool:
        raise Uncertain
    return ()


def revive_price(_witness: Any, _out: Any, p: Any, x: Tensor, left: Tensor, dead: Tensor, weight: float) -> int:
    """Of reviving dead latents: how many there are changes from step to step."""
    (n, d), width, m = x.shape, int(p.width), int(dead.sum())
    k = min(max(d // 2, 1), m)
    pairs, groups = n * k, m // GROUP
    if m % GROUP or 4 * k > groups:
        search = n * m * log2_steps(m)
    else:
        searched = GROUP * pairs
        search = n * m + n * groups * log2_steps(groups) + GROUP + searched * (2 + log2_steps(GROUP * k)) + pairs
    answers = width + m + m * d + 2 * n * m * d + search
    rebuilt = 2 * n + 2 * pairs + pairs * d + 2 * n * d
    # By latent: products, a sort of the pairs, what each row of the dictionary is told, and that added.
    ordered = 2 * pairs * d + pairs * log2_steps(pairs) + width + width * log2_steps(pairs) + 3 * pairs
    return answers + rebuilt + ordered + 2 * pairs * d + max(pairs, width) + 2 * width * d + width


def _update(ring: Keyring, p: Any, rate: float) -> Hashable:
    return _parameters(ring, p)


def _take(ring: Keyring, state: Any, x: Tensor) -> Hashable:
    s = state.settings
    if s.kind != "topk":  # the others go on by whether anything fired
        raise Uncertain
    tensors = ring.values(x, state.middle, state.unit, state.silent)
    return _parameters(ring, state.parameters), tensors, s.frozen, bool(s.auxiliary)


def _batch(ring: Keyring, number: int, stream: Any, size: int, *, seed: int, epoch: int, start: int = 0) -> Hashable:
    if not isinstance(stream.source, Tensor):
        raise Uncertain
    left = stream.n - (start + number) * size
    first = (start, ring.value(stream.keep)) if number == 0 else None
    return ring.value(stream.source), stream.n, size, first, max(0, min(size, left))


_CODES = ("kind", "k", "encoder", "bias", "decoder", "centre", "threshold")

LISTED: tuple[Steady | Witness, ...] = (
    Steady(inputs.Images, "__getitem__", _slice, _nothing, formula=True),
    Steady(inputs.Texts, "__getitem__", _slice, _nothing, formula=True),
    Steady(subject.Subject, "__call__", _subject),
    Steady(harvesting, "harvest", _harvest, _in_memory),
    Steady(activations, "finite_activations", _finite, _in_memory),
    Steady(activations, "side_by_side", _beside),
    Steady(attribution, "_batch", _attribution),
    Steady(positions.Rows, "join", _join),
    Steady(gaussian, "fit_gaussian", _fit_gaussian, gaussian_price, formula=True),
    Steady(gaussian.Gaussian, "distances", plain("means", "whitener")),
    Steady(gaussian.Gaussian, "distance", plain("means", "whitener")),
    Steady(neighbours, "fit_neighbours", plain()),
    Steady(neighbours.Neighbours, "distance", plain("bank", "k")),
    Steady(local_factor, "fit_local_factor", plain()),
    Steady(local_factor.LocalFactor, "factor", plain("bank", "k", "reach", "density")),
    Steady(tails, "fit_tails", plain()),
    Steady(tails.Tails, "strangeness", plain("rising", "skew")),
    Steady(pca, "pca", plain()),
    Steady(random_directions, "random_directions", plain()),
    Steady(directions.Directions, "encode", plain("centre", "rows")),
    Steady(directions.Directions, "residual", plain("centre", "rows")),
    Steady(tuned, "fit_lens", plain()),
    Steady(tuned.Lens, "__call__", plain("centre", "weight", "bias")),
    Steady(trajectory, "trajectory", plain()),
    Steady(autoencoder, "untrained", plain()),
    Steady(autoencoder.SparseAutoencoder, "encode", plain(*_CODES)),
    Steady(autoencoder.SparseAutoencoder, "residual", plain(*_CODES)),
    Witness(step, "choose_topk"),
    Witness(step, "choose_batchtopk"),
    Steady(step, "sparse_step", _step, _sparse, apart=True),
    Steady(step, "jumprelu_step", _step, _jumping, apart=True),
    Steady(step, "_revive", _revive, revive_price, apart=True, formula=True),
    Steady(step.Parameters, "update", _update),
    Steady(stream.Stream, "batches", _batch, steps=True),
    Steady(training._State, "take", _take),
)
