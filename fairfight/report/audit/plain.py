"""An audit as JSON values, after the schema beside this file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from fairfight.audits.records import Report, Tested
from fairfight.report.audit import words
from fairfight.report.escape import finite, visible

FORMAT = "fairfight-audit/1"


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of :func:`as_json`."""
    text = files("fairfight.report.audit").joinpath("schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def as_json(report: Report, command: str) -> dict[str, Any]:
    """Everything in the report but pictures; text that a model or data wrote has its control characters spelt out."""
    p = report.profile
    found: dict[str, Any] = {
        "format": FORMAT,
        "headline": words.headline(report),
        "without_power": words.blind(report),
        "exit_code": report.exit_code,
        "model": {
            "name": p.name, "kind": p.kind, "architecture": p.architecture, "parameters": p.parameters,
            "sites": p.sites, "classes": list(p.classes), "sha256": p.model_hash,
        },
        "data": {"sha256": p.data_hash, "rows": p.accuracy.of, "notes": list(report.notes)},
        "accuracy": p.accuracy.plain(),
        "calibration_error": p.calibration,
        "small_changes": [{"change": name, "decisions_turned": rate.plain()} for name, rate in p.brittle],
        "findings": [finding(t, command) for t in report.findings],
        "dismissed": [{**_said(t), "why_not": t.why_not} for t in report.dismissed],
        "power": [
            {"fault": q.spike, "title": q.title, "strength": q.strength, "recovered": q.rate.plain(),
             "not_planted": q.lost} for q in report.powers
        ],
        "false_alarms": report.alarms.plain(),
        "searched": [{"search": name, "for": title} for name, title in report.searched],
        "seconds": report.seconds,
        "seconds_estimated": report.estimate,
        "seed": report.seed,
        "versions": dict(report.versions),
    }  # fmt: skip
    cleaned: dict[str, Any] = _visible(finite(found))
    return cleaned


def finding(tested: Tested, command: str) -> dict[str, Any]:
    """One finding with what shows it again."""
    return {
        "name": tested.name,
        "severity": tested.severity,
        **_said(tested),
        "reproducer": {"folder": f"findings/{tested.name}", "command": f"{command} --reproduce {tested.name}"},
    }


def _said(tested: Tested) -> dict[str, Any]:
    s, e = tested.suspicion, tested.evidence
    return {
        "search": s.search,
        "claim": s.claim,
        "confidence": s.confidence,
        "found_by": list(s.found_by),
        "missed_by": list(s.missed_by),
        "rate": e.rate.plain(),
        "control": e.control.plain(),
        "controls": e.controls,
        "p_corrected": tested.p,
    }


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {k: _visible(v) for k, v in value.items()}
    return [_visible(v) for v in value] if isinstance(value, list) else value
