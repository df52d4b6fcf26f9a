"""Findings as SARIF 2.1.0, which code-scanning services read."""

from __future__ import annotations

from typing import Any

from fairfight.audits.records import Report
from fairfight.report.audit import words
from fairfight.report.escape import line

LEVELS = {"high": "error", "medium": "warning", "low": "note"}
SCORES = {"high": "8.0", "medium": "5.5", "low": "2.0"}
"""What services sort by: from 7 on is high."""
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report, model: str, command: str) -> dict[str, Any]:
    """One run, with one rule a search and one result a finding.

    Args:
        report: The audit.
        model: The model's place as the user gave it; results point at it.
        command: What the user ran.
    """
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(model)}, "region": {"startLine": 1}}}
    rules = [
        {"id": f"fairfight/{name}", "name": name.capitalize(), "shortDescription": {"text": f"Looks for {title}."}}
        for name, title in report.searched
    ]
    results = [
        {
            "ruleId": f"fairfight/{t.suspicion.search}",
            "level": LEVELS[t.severity],
            "message": {
                "text": line(
                    f"{t.name}: {t.suspicion.claim} {words.evidence(t)}. Again: {command} --reproduce {t.name}"
                )
            },
            "locations": [place],
            "partialFingerprints": {"finding/v1": f"{report.profile.model_hash[:16]}:{t.suspicion.search}:{t.name}"},
            "properties": {"security-severity": SCORES[t.severity]},
        }
        for t in report.findings
    ]
    said = [words.alarms(report), *words.blind(report), *words.smallest(report)]
    driver = {"name": "Fairfight", "version": report.versions["fairfight"], "rules": rules}
    notes = [{"level": "note", "message": {"text": line(text)}} for text in said]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _uri(model: str) -> str:
    from urllib.parse import quote

    return quote(model.replace("\\", "/").lstrip("/"), safe="/._-")
