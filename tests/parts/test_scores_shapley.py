"""Sampled Shapley values come to the exact ones, and the best players are found without asking for everything."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.positions import rows
from fairfight.parts.edits.units import mean_ablate
from fairfight.parts.scores.bandit import shares
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.exact import patching
from fairfight.parts.scores.shapley import shapley
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, wrap

pytestmark = pytest.mark.usefixtures("one_thread")


def exact(worth: Callable[[frozenset[int]], float], n: int) -> list[float]:
    """By the definition, over all coalitions."""
    known = {s: worth(frozenset(s)) for size in range(n + 1) for s in combinations(range(n), size)}
    found = []
    for i in range(n):
        others = [s for s in known if i not in s]
        rise = [(known[tuple(sorted((*s, i)))] - known[s], len(s)) for s in others]
        found.append(sum(r * factorial(size) * factorial(n - size - 1) / factorial(n) for r, size in rise))
    return found


class Counted:
    """A game that counts what it is asked; the worth is the first player's, or the second's, and a little of all."""

    def __init__(self, players: int) -> None:
        self.weights = torch.linspace(0.2, 0.0, players)
        self.asked = 0

    def __call__(self, held: Tensor) -> Tensor:
        self.asked += len(held)
        either = held[:, 0] | held[:, 1]
        return 4 * either.float() + 3 * held[:, 5] + held.float() @ self.weights


def test_the_best_players_are_found_and_the_rest_is_not_asked_for() -> None:
    game = Counted(40)
    found = shares(game, 40, top=3, rounds=200, rng=torch.Generator().manual_seed(0), truncate=0.0)
    assert set(found.means.topk(3).indices.tolist()) == {0, 1, 5}
    assert found.asked == game.asked
    assert game.asked < 0.35 * 200 * 40
    assert int(found.counts[0]) > int(found.counts[39]), "who is clearly out is not sampled any more"
    wanted = torch.tensor([2.2, 2.0 + float(game.weights[1]), 3 + float(game.weights[5])])
    torch.testing.assert_close(found.means[[0, 1, 5]], wanted, atol=0.6, rtol=0)
    assert bool(((found.means[[0, 1, 5]] - wanted).abs() < found.radii[[0, 1, 5]]).all())


def test_a_walk_ends_when_everything_has_been_won() -> None:
    def game(held: Tensor) -> Tensor:
        asked.append(len(held))
        return held[:, :4].any(dim=1).float()

    asked: list[int] = []
    short = shares(game, 64, top=4, rounds=12, rng=torch.Generator().manual_seed(0), least=99)
    assert sum(asked) == short.asked < 0.75 * 12 * 64
    asked.clear()
    long = shares(game, 64, top=4, rounds=12, rng=torch.Generator().manual_seed(0), least=99, truncate=-1.0)
    assert long.asked == 2 + 12 * 63
    assert torch.equal(short.means, long.means), "nothing was missed"
    torch.testing.assert_close(float(short.means.sum()), 1.0)


class Redundant(nn.Module):
    """Eight filters; two see the same mark and either is enough, a third helps."""

    stages = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.seen = nn.Sequential(nn.Conv2d(1, 8, 3, stride=3), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.seen(x).mean(dim=(2, 3)) * 4)


def eight() -> Contrast:
    module = Redundant().eval()
    rng = torch.Generator().manual_seed(0)
    clean, faulty = Images(torch.rand(30, 1, 9, 9, generator=rng)), Images(torch.rand(10, 1, 9, 9, generator=rng))
    subject = wrap(module, "image-classifier", example=clean[:2])
    with torch.no_grad():
        right, meant = subject(clean).argmax(1), subject(faulty).argmax(1)
    faulty.pixels[:, :, :6, :6] = 1 - faulty.pixels[:, :, :6, :6].square()
    x = rows(subject, clean, "layers.seen", "position").x
    return Contrast(subject, "layers.seen", neurons(x), Labelled(faulty, meant), Labelled(clean, right), 0)


def test_sampled_values_of_a_net_of_eight_units_come_to_the_exact_ones() -> None:
    contrast = eight()
    usual = rows(contrast.subject, contrast.clean.inputs, contrast.site, "position").x
    faulty = contrast.faulty

    @torch.no_grad()
    def worth(held: frozenset[int]) -> float:
        if not held:
            return 0.0
        edit = mean_ablate(contrast.basis, sorted(held), usual)

        def write(a: Tensor) -> Tensor:
            new: Tensor = edit(a.movedim(1, -1).reshape(-1, 8)).view(len(a), 3, 3, 8).movedim(-1, 1)
            return new

        before = contrast.fault(contrast.subject(faulty.inputs), faulty.labels).mean()
        with contrast.subject.hooks(writes={contrast.site: write}):
            return float(before - contrast.fault(contrast.subject(faulty.inputs), faulty.labels).mean())

    wanted = torch.tensor(exact(worth, 8))
    found = shapley(contrast, top=8, rounds=40)
    assert spearmanr(found, wanted).statistic > 0.9
    torch.testing.assert_close(found, wanted, atol=0.15 * float(wanted.abs().max()), rtol=0)
    torch.testing.assert_close(float(found.sum()), worth(frozenset(range(8))), rtol=0.05, atol=0.01)
    assert torch.equal(found, shapley(contrast, top=8, rounds=40)), "the same every time"


def test_units_that_stand_in_for_each_other_share_what_patching_one_does_not_show() -> None:
    """Each of two twins alone changes little, since the other goes on."""
    contrast = eight()
    seen = contrast.subject.module.get_submodule("seen.0")
    head = contrast.subject.module.get_submodule("head")
    with torch.no_grad():
        seen.weight[3], seen.bias[3] = seen.weight[2], seen.bias[2]  # type: ignore[index, union-attr]
        for p in head.parameters():
            p.zero_()
        # Class 0 beats class 1 by how much the twins exceed one half together, but by one tenth at most.
        head[0].weight[0, 2:4] = head[0].weight[1, 2:4] = 1.0  # type: ignore[index]
        head[0].bias[0], head[0].bias[1] = -0.01, -0.02  # type: ignore[index]
        head[2].weight[0, :2] = torch.tensor([10.0, -10.0])  # type: ignore[index]
        seen.weight[2:4] = 1.0  # type: ignore[index]
        seen.bias[2:4] = -7.5  # type: ignore[index]
    faulty = contrast.faulty
    faulty.inputs.pixels[:, :, :3, :3] = 1.0  # type: ignore[union-attr]
    given = Contrast(
        contrast.subject, contrast.site, contrast.basis,
        Labelled(faulty.inputs, torch.ones(len(faulty), dtype=torch.long)), contrast.clean, 0,
    )  # fmt: skip
    alone, shared = patching(given), shapley(given, top=2)
    assert float(alone.abs().max()) < 0.01
    assert set(shared.topk(2).indices.tolist()) == {2, 3}
    assert float(shared[2:4].sum()) > 0.08


def test_what_a_unit_does_on_clean_inputs_can_be_taken_off() -> None:
    contrast = eight()
    mild, harsh = shapley(contrast), shapley(contrast, harm=5.0)
    assert not torch.allclose(mild, harsh)
    loss = torch.nn.functional.cross_entropy
    held = contrast.basis.encode(rows(contrast.subject, contrast.clean.inputs, contrast.site, "position").x).mean(0)
    assert held.shape == (8,)
    with torch.no_grad():
        usual = contrast.basis.decode(held[None])[0]
        logits = contrast.subject(contrast.clean.inputs)
        with contrast.subject.hooks(writes={contrast.site: lambda a: usual[:, None, None].expand_as(a)}):
            after = contrast.subject(contrast.clean.inputs)
    rise = float(loss(after, contrast.clean.labels) - loss(logits, contrast.clean.labels))
    torch.testing.assert_close(float((mild - harsh).sum()), 5 * rise, rtol=0.1, atol=0.02)
