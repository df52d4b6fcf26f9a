"""Steps of an audit as JSON values and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fairfight.audits.evidence.reproducer import packed, unpacked
from fairfight.audits.records import Evidence, Profile, Rate, Suspicion, Tested, Trial


def tested_plain(tested: Tested) -> dict[str, Any]:
    """For a step's file."""
    s = tested.suspicion
    return asdict(tested) | {"suspicion": vars(s) | {"reproducer": packed(s.reproducer)}}


def tested_read(plain: dict[str, Any]) -> Tested:
    """What :func:`tested_plain` made."""
    s, e = dict(plain["suspicion"]), dict(plain["evidence"])
    for name in ("found_by", "missed_by"):
        s[name] = tuple(s[name])
    s["reproducer"] = unpacked(s["reproducer"])
    for name in ("rate", "control"):
        e[name] = Rate(**e[name])
    rest = {name: tuple(map(tuple, plain[name])) for name in ("pictures", "texts")}
    return Tested(**{**plain, **rest, "suspicion": Suspicion(**s), "evidence": Evidence(**e)})


def profile_read(plain: dict[str, Any]) -> Profile:
    """What ``asdict`` made of a profile."""
    brittle = tuple((name, Rate(**rate)) for name, rate in plain["brittle"])
    accuracy, classes = Rate(**plain["accuracy"]), tuple(plain["classes"])
    return Profile(**{**plain, "accuracy": accuracy, "classes": classes, "brittle": brittle})


def trial_read(plain: dict[str, Any]) -> Trial:
    """What ``asdict`` made of a trial."""
    return Trial(**{**plain, "claims": tuple(plain["claims"])})
