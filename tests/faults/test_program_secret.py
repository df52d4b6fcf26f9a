"""Networks with secret rules: they learn them, many rules are drawn, and programs say what the rules are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.program.secret import Painted, SecretRecipe, build, untrained
from fairfight.faults.program.secret_rules import RULES, drawn_options, secret_rule
from fairfight.tasks.decompile._secret import space, written
from fairfight.tasks.decompile.brief import batch

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(("world", "family"), list(RULES))
def test_a_program_says_what_the_rule_is_and_both_answers_are_usual(world: str, family: str) -> None:
    for seed in range(4):
        options = drawn_options(world, family, seed)
        recipe = SecretRecipe(world, family, options)  # type: ignore[arg-type]
        rule, values = recipe.rule, recipe.rule.every
        assert 0.15 < rule(values).mean() < 0.85
        subject = untrained(recipe, 0)
        program = written(recipe, space(type("Organism", (), {"recipe": recipe, "subject": subject})()))
        assert (program(batch(program.space, values))[:, None] == rule(values)).all()


def test_other_seeds_draw_other_rules() -> None:
    for world, family in RULES:
        assert len({str(drawn_options(world, family, seed)) for seed in range(12)}) > 2
    with pytest.raises(UserError, match="scenes and"):
        secret_rule("scenes", "nand", {})


def test_inputs_near_where_the_answer_turns_are_of_both_answers_and_a_step_away() -> None:
    rule = secret_rule("pairs", "line", {"a": 1, "b": 2, "c": 30})
    near = rule.near(rule.drawn(0))[:40]
    assert rule(near).mean() == 0.5
    assert np.abs(rule.margin(near)).max() <= 3
    assert len({tuple(p) for p in rule.drawn(0)[:, :, 0].tolist()}) == 19**2


def test_a_scene_shows_the_factors_that_it_is_given() -> None:
    net = untrained(SecretRecipe("scenes", "sum", {"a": 0, "b": 1, "t": 3}), 0).module
    assert isinstance(net, Painted)
    values = torch.zeros(3, 1, 5, dtype=torch.long)
    values[1, 0, 0], values[2, 0, 3] = 3, 3
    plain, red, low = net.picture(values)
    assert not torch.equal(plain, red)
    assert float((plain - low).abs().max()) > 0.1
    assert torch.equal(net.picture(values[:1])[0], plain)


@pytest.mark.slow
@pytest.mark.parametrize(("world", "family"), list(RULES))
def test_a_network_learns_its_rule_and_the_same_network_is_built_again(world: str, family: str) -> None:
    recipe = SecretRecipe(world, family, drawn_options(world, family, 5), 5)  # type: ignore[arg-type]
    organism = build(recipe)
    assert organism.void is None
    values = torch.from_numpy(recipe.rule.every[:64])
    assert torch.equal(build(recipe).subject(values), organism.subject(values))
