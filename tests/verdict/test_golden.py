"""Real data with a known answer: SAE probes against probes on raw activations (Kantamneni et al. 2025)."""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from fairfight.verdict import best_in_cell, cluster_bootstrap

DATA = Path(os.environ.get("FAIRFIGHT_DATA") or Path(__file__).parents[3] / "shared" / "data")
FILE = DATA.parent / "golden" / "sae_probes_scarcity.csv.gz"

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"{FILE} is missing: set FAIRFIGHT_DATA to the folder beside it"
)


@dataclass(frozen=True)
class Probes:
    cell: np.ndarray
    tool: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@cache
def probes() -> Probes:
    with gzip.open(FILE, "rt") as handle:
        rows = list(csv.DictReader(handle))
    return Probes(
        cell=np.array([f"{r['dataset']}|{int(r['num_train']):05d}" for r in rows]),
        tool=np.array([r["kind"] == "tool" for r in rows]),
        validation=np.array([float(r["val_auc"]) for r in rows]),
        test=np.array([float(r["test_auc"]) for r in rows]),
    )


def differences(selected_by: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best of ``first`` minus best baseline in each cell, with the cell and its data set."""
    p = probes()
    cells, a = best_in_cell(p.cell, selected_by, p.test, first)
    same, b = best_in_cell(p.cell, selected_by, p.test, ~p.tool)
    assert (cells == same).all()
    return a - b, cells, np.array([str(c).split("|")[0] for c in cells])


def test_tool_minus_baseline() -> None:
    d, cells, datasets = differences(probes().validation, probes().tool)
    assert (len(cells), len(set(datasets))) == (2247, 113)
    mean, low, high = cluster_bootstrap(d, datasets, draws=2000)
    assert mean == pytest.approx(-0.0071, abs=5e-5)
    assert (low, high) == pytest.approx((-0.012, -0.002), abs=5e-4)


def test_best_of_both_kinds_minus_baseline() -> None:
    d, _, datasets = differences(probes().validation, np.ones(len(probes().cell), dtype=bool))
    mean, low, high = cluster_bootstrap(d, datasets, draws=2000)
    assert mean == pytest.approx(-0.0034, abs=1e-4)
    assert (low, high) == pytest.approx((-0.007, 0.001), abs=6e-4)
    assert low < 0 < high, "adding SAEs makes no difference that these data show"


def test_breaking_ties_by_the_final_score_would_turn_the_sign() -> None:
    p = probes()
    peeking = p.validation + 1e-9 * p.test
    d, _, datasets = differences(peeking, np.ones(len(p.cell), dtype=bool))
    mean, low, _ = cluster_bootstrap(d, datasets, draws=2000)
    assert mean == pytest.approx(0.009, abs=1e-3)
    assert low > 0, "the mistake would even be significant"


def test_a_bootstrap_over_cells_would_look_significant() -> None:
    d, cells, _ = differences(probes().validation, np.ones(len(probes().cell), dtype=bool))
    _, _, high = cluster_bootstrap(d, cells, draws=2000)
    assert high < 0


def test_the_order_of_rows_does_not_matter() -> None:
    p = probes()
    order = np.random.default_rng(0).permutation(len(p.cell))
    cells, plain = best_in_cell(p.cell, p.validation, p.test)
    shuffled_cells, shuffled = best_in_cell(p.cell[order], p.validation[order], p.test[order])
    assert (cells == shuffled_cells).all()
    np.testing.assert_allclose(plain, shuffled)
