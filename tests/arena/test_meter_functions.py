"""Listed functions cost what counting every operation says, whatever values they meet."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from fairfight.arena import listed
from fairfight.arena.inheritance import bequeath
from fairfight.arena.meter import BudgetExceeded, Meter
from fairfight.arena.rehearsal import rehearse
from fairfight.errors import UserError
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.positions import rows
from fairfight.parts.bases.random_directions import random_directions
from fairfight.parts.bases.sparse import Stream, train, untrained
from fairfight.parts.bases.sparse import step as steps
from fairfight.parts.densities.activations import finite_activations, side_by_side
from fairfight.parts.densities.gaussian import fit_gaussian
from fairfight.parts.densities.local_factor import fit_local_factor
from fairfight.parts.densities.neighbours import fit_neighbours
from fairfight.parts.densities.tails import fit_tails
from fairfight.parts.lenses.trajectory import trajectory
from fairfight.parts.lenses.tuned import fit_lens
from fairfight.parts.reuse import reusable
from fairfight.parts.scores.attribution import attribution
from fairfight.subject import Activations, Images, Texts, cnn, harvest, wrap

Work = Callable[[], Any]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    bequeath(None)
    torch.set_num_threads(before)


def count(work: Work, *, remember: bool) -> tuple[int, int]:
    torch.manual_seed(0)
    with Meter(None, remember=remember) as meter:
        work()
    return meter.flops, meter.reusable


def same(work: Work) -> int:
    exactly = count(work, remember=False)
    assert count(work, remember=True) == exactly
    return exactly[0]


def samples(n: int, d: int) -> list[torch.Tensor]:
    """Of one shape, and as different as they come: ordinary, alike, constant, huge, of low rank, with copies."""
    x = torch.randn(n, d)
    plain = [x, x + 100, x[:1].expand(n, d).clone(), torch.zeros(n, d), 1e6 * x, x[:, :1] * torch.randn(d)]
    return [*plain, x[torch.arange(n) // 2], torch.randn(n, d).relu()]


@pytest.mark.parametrize(("n", "d"), [(1, 3), (2, 5), (12, 4), (9, 30)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_densities_and_bases(n: int, d: int, dtype: torch.dtype) -> None:
    torch.manual_seed(n)
    known, asked = samples(n, d), samples(6, d)

    def work() -> None:
        for x, y in zip(known, asked, strict=True):
            x, y = x.to(dtype), y.to(dtype)
            labels = torch.randint(0, 4, (n,))
            for gaussian in (fit_gaussian(x), fit_gaussian(x, labels)):
                gaussian.distance(y)
                gaussian.distances(y)
            fit_neighbours(x, k=3).distance(y)
            fit_local_factor(x, k=3).factor(y)
            fit_tails(x).strangeness(y)
            logits = torch.randn(n, 3).to(dtype)
            trajectory([fit_lens(x, logits)(y)] * 2, y[:, :1].expand(6, 3))
            for basis in (pca(x), pca(x, k=2), pca(x, variance=0.5), random_directions(x, k=2, rng=torch.Generator())):
                basis.encode(y)
                basis.residual(y)
            side_by_side(Activations({"a": x, "b": x[:, :1]}, None, None))

    for context in (torch.no_grad, torch.enable_grad, torch.inference_mode):
        with context():
            same(work)


@pytest.mark.parametrize("kind", ["topk", "batchtopk", "jumprelu"])
@pytest.mark.parametrize(("width", "k"), [(128, 2), (32, 6)])
def test_dictionaries(kind: Any, width: int, k: int) -> None:
    found = []
    for x in samples(70, 12)[:1] + samples(70, 12)[3:]:
        work = lambda x=x: found.append(  # noqa: E731
            train(x, width=width, k=k, kind=kind, steps=40, batch=32, dead_after=4).residual(x)
        )
        same(work)
    keep = torch.rand(70) < 0.5
    same(lambda: train(Stream(torch.randn(70, 12), keep=keep), width=width, k=k, kind=kind, steps=20, batch=16))
    same(lambda: untrained(torch.randn(9, 12), width=width, k=k, rng=torch.Generator()).encode(torch.randn(5, 12)))


def test_reviving_any_number_of_latents_in_any_shape() -> None:
    for n, d, width in ((120, 64, 128), (77, 32, 300), (1, 8, 512), (60, 1, 20), (5, 3, 1), (200, 2, 256)):
        p = steps.Parameters.starting_at(torch.randn(width, d))
        x, left = torch.randn(n, d), torch.randn(n, d)
        for m in {min(m, width) for m in (1, 2, d // 2 or 1, d // 2 + 1, 16, 100, 128, 304, width)}:
            dead = torch.randperm(width) < m
            same(lambda p=p, x=x, left=left, dead=dead: steps._revive(p, x, left, dead, 0.1))  # type: ignore[misc]


@pytest.mark.parametrize("low", [False, True])
def test_a_training_step_with_any_number_of_dead_and_firing_latents(low: bool) -> None:
    dead = [None, *(torch.arange(40) < n for n in (0, 1, 2, 7, 40, 7))]

    def work() -> None:
        p = steps.Parameters.starting_at(torch.randn(40, 6))
        for shift in (0.0, -5.0, 5.0):
            p.bias.fill_(shift)
            for given in dead:
                x = torch.randn(10, 6)
                for batchwise in (False, True):
                    steps.sparse_step(p, x, 3, batchwise=batchwise, low=low, dead=given, auxiliary=0.1)
                steps.jumprelu_step(p, x, 3, bandwidth=0.1, sparsity=0.1, dead=given, auxiliary=0.1)
                p.update(1e-3)

    with torch.no_grad():
        same(work)


def vision() -> Any:
    torch.manual_seed(0)
    return wrap(cnn(1, 16, 3, 4).eval(), "image-classifier", check=False)


def language(kind: str) -> Any:
    from transformers import BertConfig, BertForSequenceClassification, GPT2Config, GPT2LMHeadModel

    tokens: dict[str, Any] = {"vocab_size": 32, "bos_token_id": None, "eos_token_id": None}
    if kind == "causal":
        module: nn.Module = GPT2LMHeadModel(GPT2Config(n_layer=2, n_embd=16, n_head=2, n_positions=16, **tokens))
    else:
        sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        module = BertForSequenceClassification(BertConfig(vocab_size=32, max_position_embeddings=16, **sizes))
    return wrap(module.eval(), "causal-lm" if kind == "causal" else "text-classifier", check=False)


def texts(n: int, lengths: list[int]) -> Texts:
    mask = (torch.arange(8) < torch.tensor(lengths)[torch.arange(n) % len(lengths)][:, None]).long()
    return Texts(torch.randint(1, 32, (n, 8)) * mask, mask)


@pytest.mark.parametrize("kind", ["vision", "causal", "encoder"])
def test_subjects_read_called_and_attributed(kind: str) -> None:
    subject = vision() if kind == "vision" else language(kind)
    torch.manual_seed(0)
    if kind == "vision":
        given: list[Any] = [Images(x) for x in (torch.rand(70, 1, 16, 16), torch.zeros(70, 1, 16, 16))]
    else:
        given = [texts(70, [8]), texts(70, [8, 3]), texts(70, [2]), texts(70, [8] * 64 + [3])]
    sites = subject.trunk

    def work() -> None:
        subject.module.zero_grad()
        for inputs in (*given, given[0]):
            harvest(subject, inputs, sites)
            harvest(subject, inputs, sites[:1], pool="mean", head=False)
            finite_activations(subject, inputs, sites, head=True)
            read = rows(subject, inputs, sites[-1], "input")
            read.join(read.x[:, 0], "mean")
            for batch in inputs.batches(30):
                with torch.no_grad():
                    subject(batch)
                subject(batch).sum().backward()
            attribution(subject, inputs[torch.arange(9)], sites)
            attribution(
                subject,
                inputs[:40],
                sites,
                baseline=dict.fromkeys(sites[:1], torch.zeros(4 if kind == "vision" else 16)),
            )

    same(work)


def test_hooks_on_a_subject_are_counted_whoever_reads_it() -> None:
    subject, inputs = vision(), Images(torch.rand(10, 1, 16, 16))
    first = subject.trunk[0]

    def work() -> None:
        for often in (0, 1, 3):
            harvest(subject, inputs, subject.trunk)

            def write(x: torch.Tensor, often: int = often) -> torch.Tensor:
                for _ in range(often):
                    x = x + 1
                return x

            with subject.hooks(writes={first: write}):
                harvest(subject, inputs, subject.trunk)
                subject(inputs)

    same(work)


def test_what_raises_is_counted_as_far_as_it_came() -> None:
    subject, inputs = vision(), Images(torch.rand(10, 1, 16, 16))
    bad = Images(torch.full((10, 1, 16, 16), torch.nan))

    def work() -> None:
        for given in (inputs, bad, inputs, bad):
            try:
                finite_activations(subject, given, subject.trunk)
            except UserError:
                torch.ones(3) + 1
        with pytest.raises(UserError):
            train(torch.full((20, 4), torch.inf), width=8, k=2, steps=3)

    same(work)


def test_reusable_work_is_told_apart() -> None:
    gaussian, x = fit_gaussian(torch.randn(9, 4)), torch.randn(5, 4)

    def work() -> None:
        for _ in range(3):
            gaussian.distance(x)
            with reusable():
                gaussian.distance(x)

    counts = count(work, remember=True)
    assert counts == count(work, remember=False)
    assert counts[0] == 2 * counts[1] > 0


def test_a_budget_runs_out_in_a_training() -> None:
    x = torch.randn(64, 8)
    whole = count(lambda: train(x, width=16, k=2, steps=100), remember=True)[0]
    meter = Meter(whole // 3)
    with pytest.raises(BudgetExceeded), meter:
        train(x, width=16, k=2, steps=100)
    assert meter.flops < whole // 3 + whole // 50


def test_everything_is_as_it_was_afterwards() -> None:
    def found() -> dict[tuple[str, str], int]:
        places = {}
        for what in listed.LISTED:
            for module in [m for n, m in sys.modules.items() if n.startswith("fairfight.")]:
                if what.name in vars(module):
                    places[module.__name__, what.name] = id(vars(module)[what.name])
            places[str(what.owner), what.name] = id(vars(what.owner)[what.name])
        return places

    before = found()
    with Meter(None):
        assert found() != before
        sys.modules.pop("fairfight.parts.densities.kernel", None)
        import fairfight.parts.densities.kernel as late

        assert late.fit_gaussian is not fit_gaussian
    assert late.fit_gaussian is fit_gaussian
    assert {k: v for k, v in found().items() if k in before} == before


@pytest.mark.parametrize("kind", ["vision", "causal", "encoder"])
def test_what_was_rehearsed_changes_no_total(kind: str) -> None:
    subject = vision() if kind == "vision" else language(kind)
    inputs: Any = Images(torch.rand(70, 1, 16, 16)) if kind == "vision" else texts(70, [8, 5])
    sites = subject.trunk

    def work() -> None:
        for given in (inputs, inputs[:50], inputs[:7]):
            finite_activations(subject, given, sites, head=True)
            finite_activations(subject, given, sites[:1])
            subject(given)

    exactly = count(work, remember=False)
    known = rehearse(SimpleNamespace(subject=subject, trusted=inputs))
    assert known is not None
    bequeath(known)
    before = len(known.prices)
    assert count(work, remember=True) == exactly
    assert len(known.prices) == before > 0, "a sitting leaves nothing behind"
    for weights in subject.module.parameters():
        weights.requires_grad_(False)
    bequeath(None)
    exactly = count(work, remember=False)
    bequeath(known)
    assert count(work, remember=True) == exactly


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_whole_field_costs_the_same_both_ways() -> None:
    import copy

    from fairfight.arena.seal import PUBLIC_SECRET
    from fairfight.arena.sitting import perform
    from fairfight.tasks import registry

    task = registry.task("detect")
    cases = [(spec, task.build(spec, 0)) for spec in task.specs("tour", PUBLIC_SECRET)]
    rehearsed = {spec.id: rehearse(case.briefs[0]) for spec, case in cases}
    for who in registry.contenders("detect"):
        for spec, case in cases:
            modality = "vision" if hasattr(case.briefs[0].trusted, "pixels") else "language"
            if who.kind == "oracle" or modality not in who.modalities:
                continue
            totals = set()
            for remember, known in ((True, None), (False, None), (True, None), (True, rehearsed[spec.id])):
                exam = copy.deepcopy(case.exams[0])
                bequeath(known)
                meter = Meter(None, remember=remember)
                perform(task, who, case.briefs[0], (), who.defaults, lambda given=exam: (given, ()), meter)  # type: ignore[misc]
                totals.add((meter.flops, meter.reusable))
            assert len(totals) == 1, (who.name, spec.id)
