"""Integer codes of states that lie on a lattice: the integer autoencoder of MIPS (Michaud et al. 2024).

Where a network computes with whole numbers linearly, its states are ``origin + code @ basis`` with whole codes. The
basis is found from differences of states by Euclid's algorithm in several dimensions: a vector that is no whole
combination of those found so far leaves a remainder, and the remainder is taken in and the basis reduced again
(Lenstra, Lenstra & Lovász 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

Vectors = Float[np.ndarray, "m d"]
Basis = Float[np.ndarray, "k d"]


@dataclass(frozen=True)
class Lattice:
    """Where whole codes lie among the states."""

    origin: Float[np.ndarray, " d"]
    basis: Basis
    """Linearly independent rows."""

    def places(self, states: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch k"]:
        """Coordinates of states in the basis, before rounding."""
        found: np.ndarray = (states - self.origin) @ np.linalg.pinv(self.basis)
        return found

    def encode(self, states: Float[np.ndarray, "*batch d"]) -> Int[np.ndarray, "*batch k"]:
        """The nearest whole codes."""
        found: np.ndarray = np.round(self.places(states)).astype(np.int64)
        return found

    def decode(self, codes: Int[np.ndarray, "*batch k"]) -> Float[np.ndarray, "*batch d"]:
        """States of codes."""
        found: np.ndarray = self.origin + codes @ self.basis
        return found

    def error(self, states: Float[np.ndarray, "*batch d"]) -> float:
        """How far the coordinates lie from whole numbers: the 99th percentile of the largest of a state's."""
        places = self.places(states)
        return float(np.quantile(np.abs(places - np.round(places)).max(-1), 0.99))


def reduced(vectors: Vectors, tolerance: float) -> Basis:
    """A short basis of the lattice that the vectors generate; what is shorter than the tolerance counts as nothing.

    LLL on the vectors with a small multiple of the identity beside them, which keeps track of how they combine: a whole
    relation between them shows as a vector whose first part vanishes.
    """
    count, d = vectors.shape
    small = tolerance / 50
    rows = _lll(np.hstack([vectors, small * np.eye(count)]))
    kept: np.ndarray = rows[:, :d]
    long: np.ndarray = np.linalg.norm(kept, axis=1) > tolerance
    found: Basis = kept[long]
    return found


def _lll(rows: Float[np.ndarray, "k m"], delta: float = 0.9) -> Float[np.ndarray, "k m"]:
    """Lenstra, Lenstra & Lovász' reduction of linearly independent rows."""
    rows = rows.copy()
    k = 1
    for _ in range(2000):
        if k >= len(rows):
            break
        for j in range(k - 1, -1, -1):
            star, mu = _orthogonal(rows[: k + 1])
            rows[k] -= np.round(mu[k, j]) * rows[j]
        star, mu = _orthogonal(rows[: k + 1])
        if star[k] >= (delta - mu[k, k - 1] ** 2) * star[k - 1]:
            k += 1
        else:
            rows[[k - 1, k]] = rows[[k, k - 1]]
            k = max(k - 1, 1)
    return rows


def _orthogonal(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared lengths of the Gram–Schmidt vectors, and the coefficients."""
    _, r = np.linalg.qr(rows.T)
    diagonal = np.where(np.diag(r) == 0, 1e-300, np.diag(r))
    return diagonal**2, (r / diagonal[:, None]).T


def generated(vectors: Vectors, tolerance: float, most: int = 8) -> Basis | None:
    """A basis of the lattice that vectors generate, or nothing where they lie dense or need more than ``most``.

    Args:
        vectors: Differences of states.
        tolerance: Shorter remainders are noise.
        most: Dimensions that a code may have.
    """
    ordered = vectors[np.argsort(np.linalg.norm(vectors, axis=1))]
    basis: Basis = np.zeros((0, vectors.shape[1]))
    for i, v in enumerate(ordered):
        if np.linalg.norm(v) <= tolerance:
            continue
        rest = v
        if len(basis):
            rest = v - np.round(v @ np.linalg.pinv(basis)) @ basis
        if np.linalg.norm(rest) <= tolerance:
            continue
        basis = reduced(np.vstack([basis, rest]), tolerance)
        if len(basis) > most or np.linalg.matrix_rank(basis, tolerance / 10) < len(basis):
            return None
        basis = _fitted(basis, ordered[: i + 1])
    return basis if len(basis) else None


def _fitted(basis: Basis, vectors: Vectors) -> Basis:
    """The basis by least squares from the vectors' whole coordinates: reducing adds up the vectors' noise."""
    codes = np.round(vectors @ np.linalg.pinv(basis))
    if np.linalg.matrix_rank(codes) < len(basis):
        return basis
    found: Basis = np.linalg.lstsq(codes, vectors, rcond=None)[0]
    return found


def polished(lattice: Lattice, states: Float[np.ndarray, "n d"], rounds: int = 3) -> Lattice:
    """The lattice of the same codes that lies nearest to the states, by least squares."""
    for _ in range(rounds):
        codes = lattice.encode(states)
        design = np.hstack([codes, np.ones((len(codes), 1))])
        if np.linalg.matrix_rank(design) < design.shape[1]:
            return lattice
        fitted = np.linalg.lstsq(design, states, rcond=None)[0]
        lattice = Lattice(fitted[-1], fitted[:-1])
    return lattice
