"""Sparse autoencoders: gradients, recovery of a planted dictionary, revival, files, streams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fairfight.errors import UserError
from fairfight.parts.bases.sparse import Origin, SparseAutoencoder, health, load, train, untrained
from fairfight.parts.bases.sparse.select import largest
from fairfight.parts.bases.sparse.step import Parameters, jumprelu_step, sparse_step
from fairfight.parts.reuse import is_reusable


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def planted(n: int = 8000, atoms: int = 32, d: int = 16, p: float = 0.07) -> tuple[torch.Tensor, torch.Tensor]:
    """Sparse non-negative mixtures of unit atoms, more atoms than dimensions; and the atoms."""
    rows = torch.nn.functional.normalize(torch.randn(atoms, d, generator=rng(1)), dim=1)
    codes = (torch.rand(n, atoms, generator=rng(2)) < p) * (0.5 + torch.rand(n, atoms, generator=rng(3)))
    return codes @ rows + 3, rows


def likeness(atoms: torch.Tensor, dictionary: SparseAutoencoder) -> float:
    return float((atoms @ dictionary.decoder.T).amax(dim=1).mean())


@pytest.mark.parametrize(("n", "width", "k"), [(7, 4096, 32), (7, 4096, 3), (3, 100, 9), (1, 8192, 200), (2, 64, 64)])
def test_the_two_searches_find_what_one_would(n: int, width: int, k: int) -> None:
    x = torch.randn(n, width, generator=rng())
    values, where = largest(x, k)
    assert torch.equal(values.sort(dim=1).values, x.topk(k, dim=1).values.flip(1))
    assert torch.equal(x.gather(1, where), values)


def random_parameters(width: int, d: int) -> Parameters:
    rows = torch.nn.functional.normalize(torch.randn(width, d, generator=rng(4), dtype=torch.float64), dim=1)
    p = Parameters.starting_at(rows)
    p.bias.copy_(torch.randn(width, generator=rng(5)) * 0.1)
    p.centre.copy_(torch.randn(d, generator=rng(6)) * 0.1)
    p.encoder.add_(torch.randn(width, d, generator=rng(7), dtype=torch.float64) * 0.1)
    return p


@pytest.mark.parametrize("batchwise", [False, True])
def test_the_gradient_by_hand_is_that_of_autograd(batchwise: bool) -> None:
    width, d, n, k = 40, 7, 30, 3
    p = random_parameters(width, d)
    x = torch.randn(n, d, generator=rng(8), dtype=torch.float64) / d**0.5
    dead = torch.arange(width) % 5 == 0
    out = sparse_step(p, x, k, batchwise=batchwise, dead=dead, auxiliary=0.1)
    e, w, b, c = (t.clone().requires_grad_() for t in (p.encoder, p.decoder, p.bias, p.centre))
    answers = (x - c) @ e.T + b
    if batchwise:
        best, where = answers.flatten().topk(n * k)
        codes = torch.zeros(n * width, dtype=torch.float64).scatter(0, where, best.relu()).view(n, width)
    else:
        best, where = answers.topk(k, dim=1)
        codes = torch.zeros(n, width, dtype=torch.float64).scatter(1, where, best.relu())
    left = x - codes @ w - c
    loss = left.square().sum() / n
    # Dead latents rebuild what is left, which is taken as given.
    which = dead.nonzero().flatten()
    best, where = ((x - c.detach()) @ e[which].T + b[which]).topk(d // 2, dim=1)
    second = torch.zeros(n, len(which), dtype=torch.float64).scatter(1, where, best)
    (loss + 0.1 * (second @ w[which] - left.detach()).square().sum() / n).backward()
    torch.testing.assert_close(out.loss, loss.detach())
    for mine, theirs in ((p.to_encoder, e), (p.to_decoder, w), (p.to_bias, b), (p.to_centre, c)):
        torch.testing.assert_close(mine, theirs.grad, rtol=0, atol=1e-12)


def test_the_gradient_of_jumprelu_follows_the_paper() -> None:
    width, d, n, k, bandwidth, weight = 12, 5, 40, 3, 0.4, 0.2
    p = random_parameters(width, d)
    p.log_threshold.fill_(-1.5)
    x = torch.randn(n, d, generator=rng(8), dtype=torch.float64) / d**0.5
    jumprelu_step(p, x, k, bandwidth=bandwidth, sparsity=weight)
    e, w, b, c = (t.clone().requires_grad_() for t in (p.encoder, p.decoder, p.bias, p.centre))
    answers = (x - c) @ e.T + b
    threshold = p.log_threshold.exp()
    codes = answers * (answers > threshold)
    codes.retain_grad()
    ((codes @ w + c - x).square().sum() / n).backward()
    for mine, theirs in ((p.to_encoder, e), (p.to_decoder, w), (p.to_bias, b), (p.to_centre, c)):
        torch.testing.assert_close(mine, theirs.grad, rtol=0, atol=1e-12)
    # Equations 11 and 12 of the paper, a rectangle for the kernel, summed by loops.
    l0 = float((answers > threshold).sum()) / n
    expected = torch.zeros(width, dtype=torch.float64)
    for i in range(n):
        for j in range(width):
            if abs(float((answers[i, j] - threshold[j]).detach())) < bandwidth / 2:
                expected[j] -= threshold[j] / bandwidth * codes.grad[i, j]  # type: ignore[index]
                expected[j] -= 1 / bandwidth * weight * 2 * (l0 / k - 1) / k / n
    torch.testing.assert_close(p.to_threshold, expected * threshold, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("kind", "least"), [("topk", 0.95), ("batchtopk", 0.9), ("jumprelu", 0.85)])
def test_finds_the_dictionary_that_made_the_data(kind: str, least: float) -> None:
    x, atoms = planted()
    fitted = train(x[:7000], width=48, k=3, kind=kind, steps=700, batch=512, rate=5e-3)  # type: ignore[arg-type]
    figures = health(fitted, x[7000:])
    assert likeness(atoms, fitted) >= least
    assert figures.explained >= 0.8
    assert 1.5 <= figures.l0 <= 4.5
    placebo = untrained(x, width=48, k=3, rng=rng())
    assert likeness(atoms, placebo) < 0.75
    assert health(placebo, x[7000:]).explained < figures.explained - 0.3
    torch.testing.assert_close(fitted.decoder.norm(dim=1), torch.ones(48), rtol=0, atol=1e-5)


def test_a_trained_dictionary_works_in_the_units_of_the_activations() -> None:
    x, _ = planted(2000)
    small, large = (train(x * f, width=32, k=3, steps=60, rate=3e-3) for f in (1.0, 64.0))
    torch.testing.assert_close(large.residual(x * 64), small.residual(x) * 64, rtol=1e-3, atol=1e-2)


def test_the_second_loss_revives_dead_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairfight.parts.bases.sparse import training

    begin = training._begun

    def half_dead(*a: object) -> training._State:
        state = begin(*a)  # type: ignore[arg-type]
        state.parameters.bias[::2] = -5  # too low to fire on anything
        return state

    monkeypatch.setattr(training, "_begun", half_dead)
    x, _ = planted(8000, atoms=96, d=32, p=0.03)
    options = {"width": 128, "k": 3, "steps": 400, "batch": 512, "rate": 5e-3, "dead_after": 30}
    dead = {a: health(train(x, auxiliary=a, **options), x).dead for a in (0.0, 1 / 32)}  # type: ignore[arg-type]
    assert dead[0.0] > 0.45
    assert dead[1 / 32] < 0.5 * dead[0.0]


def test_training_counts_as_reusable_and_is_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    from fairfight.parts.bases.sparse import training

    marks = []
    plain = training.sparse_step
    monkeypatch.setattr(training, "sparse_step", lambda *a, **k: marks.append(is_reusable()) or plain(*a, **k))
    x, _ = planted(600)
    a, b, other = (train(x, width=24, k=2, steps=20, batch=100, seed=s) for s in (5, 5, 6))
    assert marks == [True] * 60
    assert not is_reusable()
    assert torch.equal(a.encoder, b.encoder)
    assert torch.equal(a.centre, b.centre)
    assert not torch.equal(a.encoder, other.encoder)


@pytest.mark.parametrize("frozen", ["encoder", "decoder"])
def test_a_frozen_part_stays_random(frozen: str) -> None:
    x, _ = planted(3000)
    fitted = train(x, width=48, k=3, steps=200, batch=512, rate=5e-3, frozen=frozen)  # type: ignore[arg-type]
    start = train(x, width=48, k=3, steps=0, batch=512, frozen=frozen)  # type: ignore[arg-type]
    assert torch.allclose(getattr(fitted, frozen), getattr(start, frozen), atol=1e-6)
    free = train(x, width=48, k=3, steps=200, batch=512, rate=5e-3)
    assert health(start, x).explained < health(fitted, x).explained < health(free, x).explained


def test_choosing_in_bfloat16_costs_no_fidelity() -> None:
    x, _ = planted()
    found = {
        p: health(train(x, width=64, k=3, steps=300, batch=512, rate=5e-3, precision=p), x).explained  # type: ignore[arg-type]
        for p in ("float32", "bfloat16")
    }
    assert found["bfloat16"] > found["float32"] - 0.01


@pytest.mark.parametrize("n", [1, 2, 3])
def test_takes_hardly_any_activations(n: int) -> None:
    x = torch.randn(n, 4, generator=rng())
    for kind in ("topk", "batchtopk", "jumprelu"):
        fitted = train(x, width=6, k=9, kind=kind, steps=3)  # type: ignore[arg-type]
        assert torch.isfinite(fitted.residual(x + 1)).all()


def test_constant_columns_are_carried_by_the_centre() -> None:
    x, _ = planted(2000)
    wide = torch.cat([x, torch.full((2000, 3), 1234.5)], dim=1)
    fitted = train(wide, width=32, k=3, steps=100, rate=3e-3)
    assert torch.equal(fitted.reconstruct(wide)[:, -3:], wide[:, -3:])
    assert fitted.decoder[:, -3:].abs().max() == 0
    narrow = train(x, width=32, k=3, steps=100, rate=3e-3)
    assert abs(health(narrow, x).explained - health(fitted, wide).explained) < 0.1
    moved = wide.clone()
    moved[:, -1] += 7
    assert (fitted.residual(moved) >= 7 - 1e-3).all()
    still = train(torch.full((9, 3), 2.0), width=4, k=1, steps=5)
    assert torch.equal(still.reconstruct(torch.full((2, 3), 2.0)), torch.full((2, 3), 2.0))


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_activations_with_nan_are_refused(bad: float) -> None:
    x, _ = planted(200)
    x[150, 2] = bad
    with pytest.raises(UserError, match="NaN or infinity"):
        train(x, width=8, k=2, steps=10, batch=20)
    with pytest.raises(UserError, match="NaN or infinity"):
        health(untrained(torch.ones(2, 16), width=8, k=2, rng=rng()), x)


@pytest.mark.parametrize("option", ["width", "k", "batch", "epochs", "every"])
def test_options_out_of_range_are_named(option: str) -> None:
    with pytest.raises(UserError, match=f"{option} must be at least 1"):
        train(torch.ones(3, 2), **({"width": 4, "k": 1} | {option: 0}))  # type: ignore[arg-type]


def test_another_width_is_refused() -> None:
    with pytest.raises(UserError, match="length 16, and these have 5"):
        untrained(torch.ones(2, 16), width=8, k=2, rng=rng()).residual(torch.ones(2, 5))


@pytest.mark.parametrize("kind", ["topk", "batchtopk", "jumprelu"])
def test_a_file_gives_the_same_dictionary_back(kind: str, tmp_path: Path) -> None:
    x, _ = planted(300)
    fitted = train(x, width=12, k=2, kind=kind, steps=5, origin=Origin("m", "blocks.0"))  # type: ignore[arg-type]
    fitted.save(tmp_path / "new" / "d.safetensors")
    back = load(tmp_path / "new" / "d.safetensors")
    assert torch.equal(back.encode(x), fitted.encode(x))
    assert (back.kind, back.k, back.origin) == (fitted.kind, fitted.k, fitted.origin)
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["d.safetensors"]


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    file = tmp_path / "d.safetensors"
    with pytest.raises(UserError, match="no file"):
        load(file)
    untrained(torch.ones(2, 16), width=8, k=2, rng=rng()).save(file)
    whole = file.read_bytes()
    for cut in (4, 100, len(whole) - 9):
        file.write_bytes(whole[:cut])
        with pytest.raises(UserError, match="cut short"):
            load(file)
    save_file({"encoder": torch.ones(3, 2)}, str(file))
    with pytest.raises(UserError, match="no dictionary"):
        load(file)


def test_rows_of_unit_length_change_no_reconstruction() -> None:
    x, _ = planted(300)
    fitted = train(x, width=12, k=2, kind="jumprelu", steps=20)
    lengths = torch.rand(12, generator=rng()) + 0.5
    assert fitted.threshold is not None
    crooked = replace(
        fitted,
        encoder=fitted.encoder / lengths[:, None],
        bias=fitted.bias / lengths,
        decoder=fitted.decoder * lengths[:, None],
        threshold=fitted.threshold / lengths,
    )
    torch.testing.assert_close(crooked.to_unit_rows().reconstruct(x), crooked.reconstruct(x))


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    x, _ = planted(100)
    shown = train(x, width=8, k=2, steps=4, progress=True)
    assert torch.equal(shown.encoder, train(x, width=8, k=2, steps=4).encoder)
