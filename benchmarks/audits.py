"""What audits find in models whose faults are known, and what their silence is worth.

Run: ``python benchmarks/audits.py zoo``, ``… whole`` or ``… NAME … [--budget 600] [--out FOLDER]``.

- ``zoo``: searches and tests on every organism of ``discover``'s suite ``quick`` and on its clean twin, with 1,000
  ordinary rows each and no copies; what was found by kind of trigger, and how many clean models have a finding.
- ``whole``: the same with copies, on the clean twins alone: how many planted faults are found, by kind and strength.
- Names: whole audits at the default budget. Published networks: ``badnets``, ``wrn-trojan``, ``wrn-teacher``,
  ``mobilenet``, ``minilm`` (with a head for reviews), ``stories``. With a trojan that was fine-tuned in:
  ``mobilenet-patch``, ``minilm-word``, ``stories-word``. They need the data of ``FAIRFIGHT_DATA``.

Results are written as they come, one JSON object a line, to ``FOLDER/audits.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.audits import trials
from fairfight.audits.material import split
from fairfight.audits.records import Rate, Report
from fairfight.audits.run import audit
from fairfight.audits.searches.registry import searches
from fairfight.faults.organism import Organism, build
from fairfight.faults.recipe import Recipe
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.subject import Subject
from fairfight.tasks.discover.cases import organism_of, specs

ROWS = 1000
MODELS: dict[str, tuple[Recipe, bool]] = {
    "badnets": (Recipe("mnist", "badnet", "white-square", "shipped", 0), True),
    "wrn-trojan": (Recipe("cifar10", "wrn16", "grid", "shipped", 0), True),
    "wrn-teacher": (Recipe("cifar10", "wrn16", "grid", "shipped", 0), False),
    "mobilenet": (Recipe("imagenet", "mobilenet-v2", "foreign", "shipped", 0), False),
    "mobilenet-patch": (Recipe("imagenet", "mobilenet-v2", "patch", "finetune", 0), True),
    "minilm": (Recipe("sst2", "minilm", "rare-token", "finetune", 0), False),
    "minilm-word": (Recipe("sst2", "minilm", "rare-token", "finetune", 0), True),
    "stories": (Recipe("stories", "llama", "rare-token", "finetune", 0), False),
    "stories-word": (Recipe("stories", "llama", "rare-token", "finetune", 0), True),
}
"""Each with whether it is the one with the fault, or its clean twin."""


def data(organism: Organism) -> Labelled:
    """Ordinary rows, which no subject was trained on."""
    pool = organism.pool
    rows = torch.nonzero(organism.fault.ordinary(pool)).flatten()[:ROWS]
    return Labelled(pool.inputs[rows], pool.labels[rows])


def models(name: str) -> tuple[Subject, Labelled]:
    """A model by name, with data."""
    recipe, faulty = MODELS[name]
    organism = build(recipe)
    if faulty and organism.void:
        raise SystemExit(f"{name}: the trojan did not take ({organism.void})")
    return organism.pair()[0 if faulty else 1], data(organism)


def zoo() -> Iterator[tuple[str, str, Organism]]:
    """The suite's organisms with their names and kinds of trigger."""
    for case in specs("quick", PUBLIC_SECRET):
        if case.split == "scored":
            organism = build(organism_of(case.recipe))
            if organism.void is None:
                yield case.name, str(case.recipe["kind"]), organism


def searched(write: Any) -> None:
    """Searches alone on the zoo."""
    right: dict[str, list[bool]] = {}
    alarms = []
    for name, kind, organism in zoo():
        for side, subject in zip(("organism", "twin"), organism.pair(), strict=True):
            began = time.process_time()
            found, _ = trials.look(split(subject, data(organism), 0), searches(subject.kind), 0)
            claims = [t.suspicion.claim for t in found]
            targets = [getattr(t.suspicion.reproducer, "target", None) for t in found]
            write({"zoo": name, "side": side, "claims": claims, "seconds": time.process_time() - began})
            if side == "twin":
                alarms.append(bool(found))
            else:
                right.setdefault(kind, []).append(getattr(organism.fault, "target", -1) in targets)
    for kind, hits in right.items():
        write({"zoo": kind, "found": Rate(sum(hits), len(hits)).plain()})
    write({"zoo": "clean models with a finding", "rate": Rate(sum(alarms), len(alarms)).plain()})


def whole(write: Any, budget: float) -> None:
    """Whole audits of the zoo's clean twins."""
    power: dict[tuple[str, str], list[int]] = {}
    alarms, copies = [], [0, 0]
    for name, _, organism in zoo():
        report = audit(organism.pair()[1], data(organism), budget=budget, spikes=1)
        write({"whole": name, **said(report)})
        alarms.append(bool(report.findings))
        copies = [copies[0] + report.alarms.hits, copies[1] + report.alarms.of]
        for p in report.powers:
            hits, of = power.setdefault((p.spike, p.strength), [0, 0])
            power[p.spike, p.strength] = [hits + p.rate.hits, of + p.rate.of]
    for (spike, strength), (hits, of) in power.items():
        write({"whole": spike, "strength": strength, "recovered": Rate(hits, of).plain()})
    write({"whole": "clean models with a finding", "rate": Rate(sum(alarms), len(alarms)).plain()})
    write({"whole": "clean copies with a finding of their own", "rate": Rate(*copies).plain()})


def said(report: Report) -> dict[str, Any]:
    """What of an audit is kept."""
    return {
        "findings": [(t.suspicion.claim, t.evidence.rate.value, t.evidence.control.value) for t in report.findings],
        "powers": [asdict(p.rate) | {"spike": p.spike, "strength": p.strength, "lost": p.lost} for p in report.powers],
        "alarms": asdict(report.alarms),
        "seconds": round(report.seconds, 1),
        "estimate": round(report.estimate, 1),
        "parameters": report.profile.parameters,
    }


def main() -> None:
    """Everything that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=["zoo", "whole", *MODELS])
    parser.add_argument("--budget", type=float, default=600.0)
    parser.add_argument("--out", type=Path, default=Path("audits"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)

    def write(row: dict[str, Any]) -> None:
        line = json.dumps(row)
        print(line, flush=True)
        with (asked.out / "audits.jsonl").open("a") as file:
            file.write(line + "\n")

    for name in asked.names:
        if name == "zoo":
            searched(write)
        elif name == "whole":
            whole(write, asked.budget)
        else:
            report = audit(*models(name), out=asked.out / name, budget=asked.budget)
            write({"model": name, **said(report)})


if __name__ == "__main__":
    main()
