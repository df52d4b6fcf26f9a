"""Networks that see pictures: what their last layer keeps of factors, and the template that their slopes share."""

from __future__ import annotations

import numpy as np
import torch

from fairfight.faults.program.secret import LAST
from fairfight.parts.identification.projections import Projection, directions, simplest
from fairfight.parts.programs import Expr, Program, as_int, eq
from fairfight.parts.programs.search.enumeration import Budget
from fairfight.parts.programs.search.grammar import NUMBERS
from fairfight.parts.programs.search.synthesis import synthesise
from fairfight.seeds import numpy_rng
from fairfight.tasks.decompile._portfolio import Examples, examples, expression, numbers
from fairfight.tasks.decompile._reading import usual
from fairfight.tasks.decompile._secret import weighed
from fairfight.tasks.decompile.brief import DecompileBrief, decided

PROGRAMS = 50_000
"""Expressions that a search over factors may evaluate, where nothing is said."""
KEPT = 3
"""Statements about factors that a search begins from."""
UNITS, ENOUGH = 6, 0.98
"""How many units a sparse layer may have, and from what share of the answers on it need have no more."""
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Of the sparse layer, the sparsest first: how dear an error is beside a weight."""


def read_pictures(brief: DecompileBrief, programs: int, *, shuffled: bool = False) -> Program:
    """The rule of what is seen: over factors by the last layer, over pixels by a template.

    Args:
        brief: The brief.
        programs: Expressions that a search over factors may evaluate.
        shuffled: Begin from statements, or from a template, that are drawn at random.
    """
    if set(np.unique(brief.said).tolist()) - {0, 1}:
        return usual(brief)
    given = examples(brief)
    if brief.space.sequential:
        direction = _drawn(brief) if shuffled else sloping(brief, given.values)
        if direction is None:
            return usual(brief)
        return projected(brief, simplest(given.values[:, :, 0], given.outputs.astype(bool), direction))
    statements = _statements(brief)
    order = _kept(brief, given, statements)
    if shuffled:
        order = numpy_rng(brief.seed, "statements").permutation(len(statements)).tolist()
    return synthesise(
        brief.space,
        given.batch,
        given.outputs,
        given=[as_int(statements[k]) for k in order[:KEPT]],
        operations=NUMBERS,
        constants=numbers(brief),
        budget=Budget(programs),
    ).program


def sees_pictures(brief: DecompileBrief) -> bool:
    """Whether the network sees pictures."""
    return LAST in brief.subject.sites


def read_or_searched(brief: DecompileBrief, programs: int) -> Program:
    """What is read, or the expression that a search comes to where that agrees more on the known inputs."""
    found = read_pictures(brief, programs), expression(brief, programs)
    return max(found, key=lambda one: float((one(brief.batch) == brief.outputs).mean()))


def linear_rule(brief: DecompileBrief, queries: int) -> Program:
    """The best rule on one weighed sum of the inputs, by inputs and answers alone.

    Args:
        brief: The brief.
        queries: Inputs that are asked for, each put together of two known ones.
    """
    if set(np.unique(brief.said).tolist()) - {0, 1}:
        return usual(brief)
    rng, n = numpy_rng(brief.seed, "mixed"), len(brief.values)
    one, other = (brief.values[rng.integers(n, size=queries)] for _ in range(2))
    mixed = np.where(rng.random(one.shape) < rng.random((queries, 1, 1)), one, other)
    values = np.concatenate([brief.values, mixed])
    yes = np.concatenate([brief.answers, decided(brief.subject, mixed)])[:, 0].astype(bool)
    order = rng.permutation(len(values))
    x, yes = values.reshape(len(values), -1)[order], yes[order]
    known = brief.values.reshape(n, -1), brief.answers[:, 0].astype(bool)
    fits = [
        simplest(*data, direction) for data in ((x, yes), known) for direction in directions(data[0] * 1.0, data[1])
    ]
    if not fits:
        return usual(brief)
    return projected(brief, max(fits, key=lambda fit: float((fit(known[0]) == known[1]).mean())))


def projected(brief: DecompileBrief, fit: Projection) -> Program:
    """A rule on a weighed sum as a program."""
    if brief.space.sequential:
        found = weighed(brief.space, fit.weights)
    else:
        terms = [brief.space[i.name] * int(w) for i, w in zip(brief.space.inputs, fit.weights, strict=True) if w]
        if not terms:
            return usual(brief)
        found = terms[0]
        for term in terms[1:]:
            found = found + term
    return Program(
        brief.space, as_int(found >= fit.low if fit.high is None else (found >= fit.low) & (found <= fit.high))
    )


def sloping(brief: DecompileBrief, values: np.ndarray) -> np.ndarray | None:
    """The direction that the slopes of yes less no have in common, whichever sign; None where there are none.

    It is the first singular vector of the slopes at many inputs.
    """
    given = torch.from_numpy(values).float().requires_grad_()
    with torch.enable_grad():
        try:
            out = brief.subject.module(given)
        except (IndexError, RuntimeError, TypeError):  # it looks numbers up, and has no slopes
            return None
        if not out.requires_grad:
            return None
        (slopes,) = torch.autograd.grad((out[:, 0, -1] - out[:, 0, 0]).sum(), given)
    flat = slopes.flatten(1).double().numpy()
    found: np.ndarray = np.linalg.svd(flat, full_matrices=False)[2][0]
    return found if np.isfinite(found).all() and np.abs(found).max() > 0 else None


def _drawn(brief: DecompileBrief) -> np.ndarray:
    found: np.ndarray = numpy_rng(brief.seed, "template").standard_normal((brief.values.shape[1],))
    return found


def _statements(brief: DecompileBrief) -> list[Expr]:
    """Of each factor: that it is a value, or at least a value."""
    found: list[Expr] = []
    for one in brief.space.inputs:
        x = brief.space[one.name]
        found += [x >= v for v in range(one.low + 1, one.high + 1)]
        found += [eq(x, v) for v in range(one.low, one.high + 1)]
    return found


def _kept(brief: DecompileBrief, given: Examples, statements: list[Expr]) -> list[int]:
    """Statements in the order of how well they tell the units of a sparse last layer (Wong et al. 2021)."""
    if LAST not in brief.subject.sites:
        return list(range(len(statements)))
    tape = brief.subject.read(torch.from_numpy(given.values), [LAST])
    units = tape[LAST].flatten(1).double().numpy()
    units = (units - units.mean(0)) / np.maximum(units.std(0), 1e-9)
    weights = _sparse(units, given.outputs)
    told = np.stack([Program(brief.space, e)(given.batch).astype(float) for e in statements], 1)
    told = (told - told.mean(0)) / np.maximum(told.std(0), 1e-9)
    shared = (told.T @ units / len(units)) ** 2
    return [int(k) for k in np.argsort(-(shared @ np.abs(weights)), kind="stable")]


def _sparse(units: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Weights of a last layer with few units that decides as the network does."""
    from sklearn.linear_model import LogisticRegression

    weights = np.ones(units.shape[1])
    if len(np.unique(answers)) < 2:
        return weights
    for strength in STRENGTHS:
        fit = LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", random_state=0).fit(units, answers)
        if np.count_nonzero(fit.coef_) > UNITS:
            break
        if np.any(fit.coef_):
            weights = np.array(fit.coef_).reshape(-1)
        if fit.score(units, answers) >= ENOUGH:
            break
    return weights
