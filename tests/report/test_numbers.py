from __future__ import annotations

import pytest

from fairfight.report import numbers

NAN = float("nan")


@pytest.mark.parametrize(
    ("x", "said"),
    [(0.9871, ".987"), (1.0, "1.000"), (-0.0341, "−.034"), (-0.0001, ".000"), (0, ".000"), (-1.25, "−1.250"),
     (31.46, "31.5"), (NAN, "–"), (None, "–"), (float("inf"), "–")],
)  # fmt: skip
def test_scores(x: float | None, said: str) -> None:
    assert numbers.score(x) == said


def test_differences_carry_their_sign() -> None:
    assert [numbers.signed(x) for x in (0.02, -0.02, 0.0, None)] == ["+.020", "−.020", ".000", "–"]


def test_intervals_need_both_ends() -> None:
    assert numbers.interval(0.9, 0.95) == "[.900, .950]"
    assert numbers.interval(0.9, NAN) == "–"


def test_p_values_claim_no_more_digits_than_they_have() -> None:
    assert [numbers.p_value(p) for p in (0.0004, 0.0432, 1.0, NAN)] == ["< .001", ".043", "1.000", "–"]


@pytest.mark.parametrize(
    ("x", "said"),
    [(0, "0"), (532, "532 FLOP"), (9_612_345_678, "9.61 GFLOP"), (999_960, "1 MFLOP"), (2e15, "2 PFLOP"), (None, "–")],
)
def test_operations(x: float | None, said: str) -> None:
    assert numbers.flops(x) == said


def test_sizes_and_times() -> None:
    assert [numbers.size(n) for n in (12, 2048, 40 * 2**20, 3 * 2**30)] == ["12 B", "2 KiB", "40 MiB", "3 GiB"]
    assert [numbers.seconds(t) for t in (0.034, 4.21, 200, 7500)] == [".034 s", "4.21 s", "3 min 20 s", "2 h 5 min"]


def test_counts() -> None:
    assert numbers.counted(1, "match", "matches") == "1 match"
    assert numbers.counted(100_000, "match", "matches") == "100,000 matches"
