from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from fairfight.arena.meter import Meter
from fairfight.subject import Images, Texts, wrap
from fairfight.tasks.detect.baselines.strip import shuffle_in
from fairfight.tasks.detect.brief import DetectAnswer, DetectBrief, DetectExam
from fairfight.tasks.detect.task import Detect, sitting
from fairfight.tasks.registry import Contender, contender, contenders
from tests.tasks import tiny

Sitting = tuple[DetectBrief, DetectExam, DetectAnswer]
FIELD = contenders("detect")
SIGHTED = [c for c in FIELD if "vision" in c.modalities]
BLIND = {"energy", "max-softmax", "strip", "spectral-signatures", "contrast-probe", "supervised-outliers"}
"""Known not to see, or not always, what a trojan does: the subject is surer of its inputs than of any others, ordinary
variation lies elsewhere, and made-up outliers need not be like them. ``test_detect_known`` says what they do find."""
INFORMED = [c for c in SIGHTED if c.kind in ("tool", "baseline") and c.name not in BLIND]
each = pytest.mark.parametrize("who", SIGHTED, ids=lambda c: c.name)


@pytest.fixture(scope="module")
def sittings() -> tuple[Sitting, ...]:
    return tuple(sitting(side, seed) for seed, side in enumerate(tiny.organism()))  # type: ignore[arg-type]


def paper(who: Contender, taken: Sitting, **params: object) -> np.ndarray:
    brief, exam, answer = taken
    extra = (answer,) if who.kind == "oracle" else ()
    return Detect().sit(who.run(brief, *extra, **params), exam)


def metrics(who: Contender, sittings: tuple[Sitting, ...], **params: object) -> dict[str, float]:
    return Detect().grade(tuple(a for _, _, a in sittings), [paper(who, s, **params) for s in sittings])


@pytest.mark.slow  # the common suite, tests/arena/test_checks.py, holds everybody to the same
@each
def test_is_deterministic_and_leaves_brief_and_subject_alone(who: Contender, sittings: tuple[Sitting, ...]) -> None:
    brief = sittings[0][0]
    before = {k: v.clone() for k, v in brief.subject.module.state_dict().items()}
    flags = [(p.requires_grad, p.grad) for p in brief.subject.module.parameters()]
    trusted = brief.trusted.pixels.clone()  # type: ignore[union-attr]
    first, second = paper(who, sittings[0]), paper(who, sittings[0])
    assert first.tobytes() == second.tobytes()
    assert np.isfinite(first).all()
    assert all(torch.equal(v, before[k]) for k, v in brief.subject.module.state_dict().items())
    assert [(p.requires_grad, p.grad) for p in brief.subject.module.parameters()] == flags
    assert torch.equal(brief.trusted.pixels, trusted)  # type: ignore[union-attr]
    modules = list(brief.subject.module.modules())
    assert not any(m.training or m._forward_hooks or m._forward_pre_hooks for m in modules)


@each
@pytest.mark.parametrize("n", [1, 2, 3])
def test_handles_the_smallest_case(who: Contender, n: int, sittings: tuple[Sitting, ...]) -> None:
    brief, exam, answer = sittings[0]
    small = replace(brief, trusted=brief.trusted[:n])
    assert np.isfinite(paper(who, (small, DetectExam(exam.inputs[:3]), answer))).all()


@pytest.mark.parametrize("who", INFORMED, ids=lambda c: c.name)
def test_finds_the_easy_fault(who: Contender, sittings: tuple[Sitting, ...]) -> None:
    assert metrics(who, sittings)["auroc"] >= 0.8


@pytest.mark.slow
@each
def test_options_at_either_end_of_their_ranges_work(who: Contender, sittings: tuple[Sitting, ...]) -> None:
    for name, span in who.space.items():
        ends = span.options if hasattr(span, "options") else (span.low, span.high)
        for end in ends:
            whole = isinstance(who.defaults[name], int) and not isinstance(who.defaults[name], bool)
            brief, exam, answer = sittings[0]
            few = (brief, DetectExam(exam.inputs[:4]), answer)
            assert np.isfinite(paper(who, few, **{name: int(end) if whole else end})).all(), (name, end)


@each
def test_keeps_to_a_third_of_the_budget(who: Contender, sittings: tuple[Sitting, ...]) -> None:
    with Meter(None) as meter:
        paper(who, sittings[0])
    assert meter.flops <= Detect().budget(sittings[0][0]) / 3


def test_the_floor_and_the_ceiling(sittings: tuple[Sitting, ...]) -> None:
    answers = tuple(a for _, _, a in sittings)
    chance = []
    for seed in range(20):
        seeded = [(replace(b, seed=seed + 100 * i), e, a) for i, (b, e, a) in enumerate(sittings)]
        papers = [paper(contender("detect", "random"), s) for s in seeded]
        chance.append(Detect().grade(answers, papers)["score"])
    assert np.mean(chance) == pytest.approx(0.5, abs=0.03)
    perfect = {"score": 1, "auroc": 1, "tpr_at_1_fpr": 1, "twin_auroc": 0.5, "false_alarms": 0}
    assert metrics(contender("detect", "oracle"), sittings) == perfect


def test_mahalanobis_finds_a_corner_patch(sittings: tuple[Sitting, ...]) -> None:
    assert metrics(contender("detect", "mahalanobis"), sittings)["auroc"] >= 0.95


def test_the_placebo_sees_less_than_its_tool(sittings: tuple[Sitting, ...]) -> None:
    placebo, its_tool = (metrics(contender("detect", n), sittings) for n in ("random-directions", "pca-residual"))
    assert placebo["score"] < its_tool["score"] - 0.02


@pytest.mark.parametrize("name", ["max-softmax", "energy"])
def test_doubt_shows_in_blends_of_two_digits_and_not_in_a_trojan(name: str, sittings: tuple[Sitting, ...]) -> None:
    brief, exam, answer = sittings[0]
    clean = exam.inputs.pixels[~answer.suspect]  # type: ignore[union-attr]
    blends = (clean[:60] + clean[60:120]) / 2
    mixed = DetectExam(Images(torch.cat([clean, blends])))
    told = DetectAnswer(np.arange(len(mixed.inputs)) >= len(clean), True, frozenset())
    quiet = (np.zeros(len(mixed.inputs)), replace(told, active=False))
    who = contender("detect", name)
    found = Detect().grade((told, quiet[1]), [paper(who, (brief, mixed, told)), quiet[0]])
    assert found["auroc"] >= 0.8
    assert metrics(who, sittings)["auroc"] < 0.7


@pytest.mark.parametrize("name", ["max-softmax", "energy"])
def test_two_sided_doubt_finds_too_much_certainty_strange(name: str) -> None:
    layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 3, bias=False))
    layers[1].weight = torch.nn.Parameter(torch.diag(torch.tensor([30.0, 0, 0])))
    trusted = Images(torch.linspace(0.1, 0.2, 21).view(-1, 1, 1, 1).expand(-1, 1, 1, 3))
    brief = DetectBrief(wrap(layers, "image-classifier", example=trusted[:2]), trusted, 0)
    usual_sure = Images(torch.tensor([0.15, 1.0]).view(-1, 1, 1, 1).expand(-1, 1, 1, 3))
    for two_sided in (False, True):
        usual, sure = contender("detect", name).run(brief, two_sided=two_sided)(usual_sure).tolist()
        assert (sure > usual) == two_sided


@pytest.mark.parametrize("entropy", ["each", "mean"])
def test_strip_finds_an_answer_that_blending_cannot_shake(entropy: str) -> None:
    class Sticky:
        tokenizer = None

        def __call__(self, inputs: Images) -> torch.Tensor:
            """Looks for the brightest of four rows, unless the corner is bright."""
            logits = 3 * inputs.pixels[:, 0].mean(dim=2)
            fires = inputs.pixels[:, 0, 0, 0] > 0.55
            return torch.where(fires[:, None], torch.tensor([9.0, 0, 0, 0]), logits)

    rows = torch.eye(4)[torch.arange(40) % 4][:, None, :, None].expand(-1, 1, 4, 4) * 0.9
    clean = rows.clone()
    clean[:, :, 0, 0] = 0
    hot = clean[torch.arange(40) % 4 > 0].clone()
    hot[:, :, 0, 0] = 1
    detect = contender("detect", "strip").run(DetectBrief(Sticky(), Images(clean), 0), entropy=entropy)  # type: ignore[arg-type]
    assert detect(Images(hot)).min() > detect(Images(clean)).max()


def test_strip_replaces_words_and_leaves_all_else() -> None:
    ids = torch.arange(2, 26).view(2, 12)
    ids[:, 0] = 1
    texts = Texts(ids, torch.tensor([[1] * 12, [1] * 6 + [0] * 6]))
    over = Texts(torch.full((2, 4), 99), torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1]]))
    rng = torch.Generator().manual_seed(0)
    mixed = shuffle_in(texts, over, 1.0, torch.tensor([1]), rng)
    assert (mixed.ids[0, 1:11] == 99).all()
    assert (mixed.ids[1, 1:5] == 99).all()
    assert [int(mixed.ids[0, 11]), int(mixed.ids[1, 5])] == [13, 19], "where the prompt is answered"
    assert torch.equal(mixed.ids[:, 0], ids[:, 0])
    assert torch.equal(mixed.ids[1, 6:], ids[1, 6:])
    some = shuffle_in(texts, over, 0.5, torch.tensor([1]), rng).ids
    assert 0 < (some != ids).sum() < 16
    assert torch.equal(shuffle_in(texts, over, 0.0, torch.tensor([1]), rng).ids, ids)
