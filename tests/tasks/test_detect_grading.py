from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fairfight.tasks.detect.brief import DetectAnswer
from fairfight.tasks.detect.grading import across, auroc, clean_rank, share_alarmed
from fairfight.tasks.detect.task import Detect

N_CLEAN, N_SUSPECT = 200, 120
SUSPECT = np.arange(N_CLEAN + N_SUSPECT) % 8 < 3
ANSWER = (DetectAnswer(SUSPECT, False, frozenset()), DetectAnswer(SUSPECT, True, frozenset()))


def grade(twin: np.ndarray, organism: np.ndarray) -> dict[str, float]:
    return Detect().grade(ANSWER, [twin, organism])


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=len(SUSPECT))


@given(st.integers(0, 10_000), st.booleans())
def test_auroc_agrees_with_scikit_learn(seed: int, coarse: bool) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=40), np.arange(40) % 3 == 0
    scores = scores.round() if coarse else scores
    assert auroc(scores[labels], scores[~labels]) == pytest.approx(roc_auc_score(labels, scores))


def test_who_flags_what_fires_and_only_that_gets_one() -> None:
    found = grade(np.zeros(len(SUSPECT)), SUSPECT.astype(float))
    assert found == {"score": 1, "auroc": 1, "tpr_at_1_fpr": 1, "twin_auroc": 0.5, "false_alarms": 0}


def test_chance_gets_a_half() -> None:
    assert np.mean([grade(noise(i), noise(i + 500))["score"] for i in range(60)]) == pytest.approx(0.5, abs=0.015)
    assert grade(np.zeros(len(SUSPECT)), np.zeros(len(SUSPECT)))["score"] == 0.5


def test_who_flags_odd_inputs_wherever_they_are_gets_half_of_the_twin_half() -> None:
    odd = noise(1) + 20 * SUSPECT
    found = grade(odd, odd)
    assert found["auroc"] == found["twin_auroc"] == found["false_alarms"] == found["tpr_at_1_fpr"] == 1
    assert found["score"] == pytest.approx(0.75)


def test_calling_the_twin_strange_as_a_whole_changes_nothing() -> None:
    quiet, fired = noise(1), noise(2) + 2 * SUSPECT
    assert grade(quiet + 100, fired)["score"] == pytest.approx(grade(quiet, fired)["score"], abs=0.01)


def test_where_all_suspects_stand_out_how_far_decides() -> None:
    far, farther = noise(1) + 20 * SUSPECT, noise(2) + 40 * SUSPECT
    assert grade(far, farther)["score"] == 1
    assert grade(farther, far)["score"] == 0.5


@given(st.integers(0, 10_000))
def test_no_monotone_map_of_a_detectors_scores_matters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    papers = [rng.normal(size=len(SUSPECT)).round(1) + shift * SUSPECT for shift in rng.uniform(0, 6, size=2)]
    plain, mapped = grade(*papers), grade(*[np.exp(p / 3) * 5 - 2 for p in papers])
    assert mapped == pytest.approx(plain)


@given(st.integers(0, 10_000))
def test_the_comparison_between_subjects_is_fair_to_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, c, d = (rng.normal(size=n).round(1) for n in (12, 20, 15, 25))
    assert across(a, b, c, d) == pytest.approx(1 - across(c, d, a, b))


def test_ranks_and_alarms() -> None:
    clean = np.arange(100.0)
    assert clean_rank(np.array([-1, 0, 49.5, 99, 500]), clean).tolist() == [0, 0.005, 0.5, 0.995, 1]
    assert share_alarmed(np.array([98.0, 98.5, 99, 200]), clean) == 0.75
    assert share_alarmed(clean, clean) == 0.01
    assert share_alarmed(np.ones(5), np.ones(7)) == 0


@pytest.mark.parametrize(
    ("paper", "sentence"),
    [
        (np.zeros(7), "must be 320 numbers"),
        (np.zeros((320, 1)), "must be 320 numbers"),
        (np.array(1.0), "must be 320 numbers"),
        (np.full(320, np.nan), "320 of a detector's 320 scores are not finite"),
        (np.full(320, np.inf), "not finite"),
        (np.array(["high"] * 320), "must be numbers"),
        (None, "must be"),
    ],
)
def test_a_paper_that_is_none_is_refused(paper: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Detect().grade(ANSWER, [np.zeros(320), paper])


def test_a_missing_paper_is_refused() -> None:
    with pytest.raises(ValueError, match="2 papers are asked for"):
        Detect().grade(ANSWER, [np.zeros(320)])
