from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from fairfight.errors import UserError
from fairfight.tasks.registry import contenders, task
from fairfight.tasks.task import Task


def test_detect_is_a_task() -> None:
    detect = task("detect")
    assert isinstance(detect, Task)
    assert detect.metrics[0].name == "score"
    assert len({m.name for m in detect.metrics}) == len(detect.metrics)


def test_the_tour_has_four_cases_of_either_modality_and_all_are_in_quick() -> None:
    tour, quick = (task("detect").specs(suite, "s") for suite in ("tour", "quick"))
    assert Counter(s.modality for s in tour) == {"vision": 2, "language": 2}
    assert {s.split for s in tour} == {"scored"}
    assert {s.recipe["world"] for s in tour} == {"digits", "scenes", "sentences"}
    assert {s.id for s in tour} < {s.id for s in quick}


def test_quick_has_every_fault_in_every_planting() -> None:
    specs = task("detect").specs("quick", "s")
    scored = [s.recipe for s in specs if s.split == "scored"]
    assert len(scored) >= 20
    assert Counter(s.modality for s in specs if s.split == "dev") == {"vision": 2, "language": 2}
    kinds = {(r["world"] == "sentences", r["fault"], r["planting"]) for r in scored}
    for fault in ("patch", "blended", "warp", "object"):
        assert {(False, fault, p) for p in ("scratch", "finetune")} <= kinds
    for fault in ("rare-token", "phrase", "syntax", "topic"):
        assert {(True, fault, p) for p in ("scratch", "finetune")} <= kinds
        assert len({r["architecture"] for r in scored if r["fault"] == fault}) == 2
    assert {"unseen-class", "adversarial"} <= {r["fault"] for r in scored}
    for world in ("digits", "scenes", "sentences"):
        assert len({r["seed"] for r in scored if r["world"] == world}) >= 2


def test_names_and_cases_are_unique() -> None:
    specs = task("detect").specs("quick", "s")
    assert len({s.name for s in specs}) == len({s.id for s in specs}) == len(specs)


def test_development_shares_no_seed_and_no_fault_instance_with_what_is_scored() -> None:
    specs = task("detect").specs("quick", "s")
    for key in ("seed", "fault_seed"):
        dev, scored = ({s.recipe[key] for s in specs if s.split == split} for split in ("dev", "scored"))
        assert dev.isdisjoint(scored)


def test_the_secret_draws_the_cases() -> None:
    a, again, b = (task("detect").specs("quick", secret) for secret in ("s", "s", "t"))
    assert a == again
    assert {s.id for s in a}.isdisjoint({s.id for s in b})


def test_suites_to_come_are_empty_and_unknown_ones_are_named() -> None:
    assert task("detect").specs("large", "s") == []
    with pytest.raises(UserError, match="did you mean 'quick'"):
        task("detect").specs("quik", "s")


def test_the_field_has_every_kind() -> None:
    field = contenders("detect")
    kinds = Counter(c.kind for c in field)
    assert kinds["tool"] >= 4
    assert kinds["random"] == kinds["oracle"] == 1
    assert {c.kind for c in field if "quick" in c.suites} == set(kinds)
    assert {"mahalanobis", "knn", "max-softmax", "energy", "isolation-forest", "ecod", "strip"} <= {
        c.name for c in field if c.kind == "baseline"
    }
    for placebo in (c for c in field if c.kind == "placebo"):
        original = next(c for c in field if c.name == placebo.placebo_of)
        # All but how its insight is come by (which basis, how long it trains) is the same.
        assert placebo.space.items() <= original.space.items()
        assert set(original.space) - set(placebo.space) <= {"basis", "steps"}
    assert all(len(c.summary) > 20 and c.summary.endswith(".") for c in field)
    assert all(c.space for c in field if c.kind in ("tool", "baseline"))


def test_listing_cases_and_contenders_does_not_load_torch() -> None:
    code = (
        "import sys; from fairfight.tasks.registry import task, contenders; task('detect').specs('quick', 's');"
        "contenders(); print([m for m in ('torch', 'sklearn', 'scipy', 'pyod', 'transformers') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
