"""Laws of whole codes: ``z' = M z + N x + c`` with whole matrices, and coordinates in which they are plain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

Square = Int[np.ndarray, "k k"]


@dataclass(frozen=True)
class Law:
    """How a code follows from the one before and the inputs."""

    M: Square
    N: Int[np.ndarray, "k f"]
    c: Int[np.ndarray, " k"]
    start: Int[np.ndarray, " k"]
    """The code before the first input."""

    def codes(self, features: Int[np.ndarray, "n length f"]) -> Int[np.ndarray, "n length k"]:
        """The codes after each input."""
        z = np.tile(self.start, (len(features), 1))
        out = []
        for t in range(features.shape[1]):
            z = z @ self.M.T + features[:, t] @ self.N.T + self.c
            out.append(z)
        return np.stack(out, 1)

    def through(self, T: Square) -> Law:
        """The same law of ``w = T z``, where T and its inverse are whole."""
        inverse = whole_inverse(T)
        return Law(T @ self.M @ inverse, T @ self.N, T @ self.c, T @ self.start)

    @property
    def weight(self) -> int:
        """How much there is to write down."""
        return int(sum(np.abs(m).sum() + np.count_nonzero(m) for m in (self.M, self.N, self.c, self.start)))


def affine(
    columns: Int[np.ndarray, "m v"], wanted: Int[np.ndarray, "m k"]
) -> tuple[Int[np.ndarray, "k v"], Int[np.ndarray, " k"]] | None:
    """Whole numbers with ``wanted = columns @ W.T + b`` exactly, if there are any.

    Columns that do not vary, or only with others, get the smallest coefficients that do.
    """
    design = np.hstack([columns, np.ones((len(columns), 1))]).astype(np.float64)
    fitted = np.linalg.lstsq(design, wanted.astype(np.float64), rcond=1e-9)[0]
    for kept in (fitted, _sparse(design, wanted)):
        found = np.round(kept).astype(np.int64)
        if np.array_equal(design.astype(np.int64) @ found, wanted):
            return found[:-1].T, found[-1]
    return None


def _sparse(design: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A solution on columns that are independent, taken from left to right, the constant first."""
    chosen: list[int] = []
    for j in (design.shape[1] - 1, *range(design.shape[1] - 1)):
        if np.linalg.matrix_rank(design[:, [*chosen, j]]) > len(chosen):
            chosen.append(j)
    found = np.zeros((design.shape[1], wanted.shape[1]))
    found[chosen] = np.linalg.lstsq(design[:, chosen], wanted.astype(np.float64), rcond=None)[0]
    return found


def law(codes: Int[np.ndarray, "n length k"], features: Int[np.ndarray, "n length f"]) -> Law | None:
    """The law that all codes obey, with a start from which the first codes follow; nothing where there is none.

    A start that nothing moves away from is taken where there is one.
    """
    k = codes.shape[2]
    before = np.concatenate([codes[:, :-1], features[:, 1:]], 2).reshape(-1, k + features.shape[2])
    found = affine(before, codes[:, 1:].reshape(-1, k))
    if found is None:
        return None
    M, N, c = found[0][:, :k], found[0][:, k:], found[1]
    first = codes[:, 0] - features[:, 0] @ N.T - c
    if (first != first[0]).any():
        return None
    for start in (_solved(M - np.eye(k), -c), _solved(M, first[0])):
        if np.array_equal(M @ start, first[0]):
            return Law(M, N, c, start)
    return None


def _solved(A: np.ndarray, b: np.ndarray) -> Int[np.ndarray, " k"]:
    """Whole numbers near the shortest solution of ``A s = b``."""
    found: np.ndarray = np.linalg.lstsq(A.astype(float), b.astype(float), rcond=1e-9)[0]
    return found.round().astype(np.int64)


def centred(found: Law) -> tuple[Law, Int[np.ndarray, " k"]]:
    """The law of ``z - start``, which starts at 0, and the start."""
    c = found.M @ found.start + found.c - found.start
    return Law(found.M, found.N, c, np.zeros_like(found.start)), found.start


def plainest(found: Law, outputs: Int[np.ndarray, "o k"] | None) -> tuple[Law, Square]:
    """The law in the coordinates in which least is to be written: what came in, what goes out, or as it is.

    Args:
        found: A law.
        outputs: Weights of the outputs, where these are linear.

    Returns:
        The law and the change of coordinates that leads to it.
    """
    k = len(found.M)
    candidates = [np.eye(k, dtype=np.int64)]
    for j in range(found.N.shape[1]):
        reached = _powers(found.M, found.N[:, j], k)
        if abs(round(np.linalg.det(reached))) == 1:
            candidates.append(whole_inverse(reached))
    for w in [] if outputs is None else outputs:
        seen = _powers(found.M.T, w, k).T
        if abs(round(np.linalg.det(seen))) == 1:
            candidates.append(seen)
    laws = [(found.through(T), T) for T in candidates]
    extra = [0 if outputs is None else int(np.abs(outputs @ whole_inverse(T)).sum()) for T in candidates]
    best = min(range(len(laws)), key=lambda i: laws[i][0].weight + extra[i])
    return laws[best]


def _powers(M: Square, v: Int[np.ndarray, " k"], k: int) -> Square:
    """Columns v, M v, M² v …"""
    columns = [v]
    for _ in range(k - 1):
        columns.append(M @ columns[-1])
    return np.stack(columns, 1)


def whole_inverse(T: Square) -> Square:
    """The inverse of a whole matrix of determinant 1 or -1."""
    found: np.ndarray = np.round(np.linalg.inv(T))
    return found.astype(np.int64)
