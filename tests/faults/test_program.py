"""Networks trained on a secret rule: they learn it, are bitwise the same each time, and say so where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.program.recurrent import MIN_AGREEMENT, ProgramRecipe, build, measured, train, untrained
from fairfight.worlds.sequences.table import listed, rule


def test_a_network_learns_its_rule_and_is_cached(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path))
    one, two = build(ProgramRecipe("sum")), build(ProgramRecipe("sum"))
    assert one.void is None
    assert one.health.agreement >= MIN_AGREEMENT
    for a, b in zip(one.subject.module.parameters(), two.subject.module.parameters(), strict=True):
        assert torch.equal(a, b)
    values = one.rule.sample(50, 10, 9)
    assert (one.subject.decide(torch.from_numpy(values)).numpy() == one.rule(values)).mean() > 0.99


def test_training_is_bitwise_the_same_and_leaves_the_global_generator() -> None:
    secret = rule("parity")
    short = replace(secret, net=replace(secret.net, steps=20))
    before = torch.get_rng_state()
    subjects = [untrained(short, 4) for _ in range(2)]
    for subject in subjects:
        train(subject, short, 4)
    assert torch.equal(before, torch.get_rng_state())
    for a, b in zip(*(s.module.parameters() for s in subjects), strict=True):
        assert torch.equal(a, b)


def test_an_untrained_network_is_void(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path))
    found = build(ProgramRecipe("sum-mod", {"m": 5}, labels="none"))
    assert found.void is not None
    assert "agreement" in found.void


def test_states_are_where_the_answers_come_from() -> None:
    subject = untrained(rule("sum-last", k=2), 0)
    values = torch.from_numpy(rule("sum-last", k=2).sample(4, 10, 0))
    states = subject.read(values, ["state"])["state"]
    assert torch.equal(subject.module.answer(states), subject(values))  # type: ignore[operator]
    with pytest.raises(UserError, match="state"):
        subject.read(values, ["stat"])


def test_what_is_no_input_is_refused() -> None:
    subject = untrained(rule("parity"), 0)
    with pytest.raises(UserError, match="between 0 and 1"):
        subject(torch.full((1, 3, 1), 2))
    with pytest.raises(UserError, match="whole numbers"):
        subject.space.check(torch.zeros(1, 3, 1))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_nearly_all_rules_of_the_list_are_learnt() -> None:
    built = [build(ProgramRecipe(r.family, r.options)) for r in listed()]
    learnt = [b for b in built if b.void is None]
    assert len(learnt) >= 0.95 * len(built), [b.rule.name for b in built if b.void]
    assert np.mean([b.health.longer >= 0.99 for b in learnt]) > 0.6
    assert measured(untrained(rule("sum"), 1), rule("sum"), 1).agreement < 0.5
