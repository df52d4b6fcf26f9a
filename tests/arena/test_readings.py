"""What is lent is what harvesting gives, at its full price; what has changed since is read anew."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import chain, combinations
from typing import Any

import pytest
import torch
from torch import nn

from fairfight.arena.meter import BudgetExceeded, Meter
from fairfight.arena.readings import Readings, do, once, read
from fairfight.arena.seal import PUBLIC_SECRET
from fairfight.arena.sitting import pack, perform
from fairfight.subject import Images, Subject, Texts, cnn, harvest, wrap
from fairfight.subject.earlier import Chore
from fairfight.subject.inputs import Inputs
from fairfight.tasks import registry

pytestmark = pytest.mark.usefixtures("one_thread")


def image_classifier() -> tuple[Subject, Images]:
    torch.manual_seed(0)
    return wrap(cnn(1, 8, 3, 4).eval(), "image-classifier", check=False), Images(torch.rand(70, 1, 8, 8))


def overwriting() -> tuple[Subject, Images]:
    """Its layers' outputs are overwritten by the ReLUs after them."""
    torch.manual_seed(0)
    convolutions = [nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3), nn.ReLU(inplace=True)]
    layers = nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(64, 3))
    inputs = Images(torch.rand(70, 1, 8, 8))
    return wrap(layers.eval(), "image-classifier", example=inputs[:2], check=False), inputs


def transformer(kind: str) -> tuple[Subject, Inputs]:
    import transformers

    torch.manual_seed(0)
    if kind == "gpt2":
        config = transformers.GPT2Config(
            n_layer=2, n_embd=16, n_head=2, vocab_size=20, n_positions=12, bos_token_id=None, eos_token_id=None
        )
        module: nn.Module = transformers.GPT2LMHeadModel(config)
    else:
        settings = {"num_hidden_layers": 2, "hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32}
        config = transformers.BertConfig(vocab_size=20, max_position_embeddings=12, num_labels=3, **settings)
        module = transformers.BertForSequenceClassification(config)
    mask = (torch.arange(9) < torch.randint(2, 10, (70, 1))).long()
    return wrap(module.eval(), "causal-lm" if kind == "gpt2" else "text-classifier", check=False), Texts(
        torch.randint(0, 20, (70, 9)) * mask, mask
    )


SUBJECTS: dict[str, Callable[[], tuple[Subject, Inputs]]] = {
    "cnn": image_classifier,
    "overwriting": overwriting,
    "gpt2": lambda: transformer("gpt2"),
    "bert": lambda: transformer("bert"),
}


def subsets(sites: tuple[str, ...]) -> list[tuple[str, ...]]:
    few = (sites[0], sites[len(sites) // 2], sites[-1])
    few = tuple(dict.fromkeys(few))
    return list(chain.from_iterable(combinations(few, n) for n in range(len(few) + 1)))


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_is_lent_is_what_harvesting_gives_and_costs(name: str) -> None:
    subject, inputs = SUBJECTS[name]()
    reading = read(subject, inputs)
    for sites in (*subsets(subject.trunk), subject.trunk):
        for head in (False, True):
            if not sites and not head:
                continue
            with Meter(None, remember=False) as plain:
                true = harvest(subject, inputs, sites, head=head)
            meter = Meter(None)
            subject.earlier = known = Readings(subject, meter)
            known.add([inputs], [reading])
            again = copy.deepcopy(inputs)  # another object that holds the same, as an exam's portion is
            with meter:
                lent = harvest(subject, again, sites, head=head)
            subject.earlier = None
            assert meter.lent_seconds > 0, "it was lent"
            assert list(lent) == list(true)
            assert all(torch.equal(lent[s], true[s]) for s in sites)
            assert (lent.logits is None) == (not head)
            if head:
                assert lent.logits is not None
                assert true.logits is not None
                assert torch.equal(lent.logits, true.logits)
            assert meter.flops == plain.flops, (sites, head)


def lender() -> tuple[Subject, Inputs, Meter]:
    subject, inputs = image_classifier()
    meter = Meter(None)
    reading = read(subject, inputs)
    subject.earlier = known = Readings(subject, meter)
    known.add([inputs], [reading])
    return subject, inputs, meter


def edit_secretly(subject: Subject, inputs: Inputs) -> Inputs:
    next(subject.module.parameters()).data[0] += 1  # no version counter sees it
    return inputs


def swap_rows(subject: Subject, inputs: Inputs) -> Inputs:
    weight = next(subject.module.parameters()).data
    weight.copy_(weight.flip(0))
    return inputs


def train_mode(subject: Subject, inputs: Inputs) -> Inputs:
    subject.module.train()
    return inputs


def other_inputs(subject: Subject, inputs: Inputs) -> Inputs:
    assert isinstance(inputs, Images)
    pixels = inputs.pixels.clone()
    pixels[3] = 0
    return Images(pixels)


def hooked(subject: Subject, inputs: Inputs) -> Inputs:
    next(subject.module.children()).register_forward_hook(lambda _m, _i, out: out * 2)
    return inputs


@pytest.mark.parametrize("change", [edit_secretly, swap_rows, train_mode, other_inputs, hooked])
def test_what_has_changed_is_read_anew(change: Callable[[Subject, Inputs], Inputs]) -> None:
    subject, inputs, meter = lender()
    before = harvest(subject, inputs, subject.trunk)
    given = change(subject, inputs)
    meter.lent_seconds = 0.0
    after = harvest(subject, given, subject.trunk)
    assert meter.lent_seconds == 0, "nothing is lent"
    subject.earlier = None
    if change is not train_mode:  # whose running statistics go on with each call
        again = harvest(subject, given, subject.trunk)
        assert all(torch.equal(after[s], again[s]) for s in subject.trunk)
    assert not torch.equal(after[subject.trunk[-1]], before[subject.trunk[-1]])


def test_only_what_was_read_is_lent() -> None:
    subject, inputs, meter = lender()
    harvest(subject, inputs, subject.trunk, pool=None)
    harvest(subject, inputs, subject.trunk, pool="mean")
    harvest(subject, inputs, subject.trunk, batch_size=8)
    harvest(subject, inputs[:10], subject.trunk)
    harvest(subject, inputs, [s for s in subject.sites if s not in subject.trunk][:1] or subject.trunk, pool=None)
    harvest(subject.copy(), inputs, subject.trunk)
    assert subject.copy().earlier is None
    assert meter.lent_seconds == 0


def test_what_is_lent_can_be_changed_without_harm() -> None:
    subject, inputs, _ = lender()
    first = harvest(subject, inputs, subject.trunk)
    kept = first[subject.trunk[0]].clone()
    first[subject.trunk[0]].zero_()
    assert torch.equal(harvest(subject, inputs, subject.trunk)[subject.trunk[0]], kept)


def test_what_is_lent_counts_against_the_budget() -> None:
    subject, inputs = image_classifier()
    reading = read(subject, inputs)
    meter = Meter(reading.cost(subject.trunk, True) - 1)
    subject.earlier = known = Readings(subject, meter)
    known.add([inputs], [reading])
    with pytest.raises(BudgetExceeded), meter:
        harvest(subject, inputs, subject.trunk)


@pytest.mark.parametrize("contender", ["mahalanobis", "max-softmax", "sae-reconstruction", "lens-trajectory"])
def test_a_sitting_with_lent_readings_ends_as_one_without(contender: str) -> None:
    task = registry.task("detect")
    who = registry.contender("detect", contender)
    case = task.build(task.easy("language"), 0)
    ends: list[tuple[bytes, int, int]] = []
    for lent in (False, True):
        brief, exam = copy.deepcopy(case.briefs[0]), copy.deepcopy(case.exams[0])

        def seen(thing: Any, lent: bool = lent, subject: Subject = brief.subject) -> tuple[Any, ...]:
            return once(subject, task.done_by_all(thing)) if lent else ()

        meter = Meter(task.budget(brief))
        tried = exam, seen(exam)
        paper = perform(task, who, brief, (), who.defaults, lambda tried=tried: tried, meter, seen(brief))  # type: ignore[misc]
        assert (meter.lent_seconds > 0) == lent
        ends.append((paper, meter.flops, meter.reusable))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("contender", ["nc-unlearning", "neurons+attribution+mean-ablate"])
def test_a_sitting_with_a_chore_done_before_ends_as_one_that_does_it(contender: str) -> None:
    task = registry.task("repair")
    who = registry.contender("repair", contender)
    spec = next(s for s in task.specs("tour", PUBLIC_SECRET) if s.name.endswith("clean"))
    case = task.build(spec, 0)
    ends: list[tuple[bytes, int]] = []
    lent_seconds: list[float] = []
    for things in (slice(0, 1), slice(None)):  # the clean inputs alone, and the search for a trigger with them
        brief = copy.deepcopy(case.briefs[0])
        brief.subject.earlier = None
        given = task.done_by_all(brief)
        assert len(given) == 2
        meter = Meter(None)
        meter.trust(brief.subject.module)
        brief.subject.earlier = known = Readings(brief.subject, meter)
        known.add(given[things], once(brief.subject, given[things]))
        with meter:
            edited = who.run(brief, **who.defaults)
        ends.append((pack(task.sit(edited, case.exams[0])), meter.flops))
        lent_seconds.append(meter.lent_seconds)
    assert ends[0] == ends[1]
    assert lent_seconds[1] > lent_seconds[0]


def test_a_chore_is_done_anew_in_a_subject_that_has_changed() -> None:
    subject, inputs, meter = lender()
    known = subject.earlier
    assert isinstance(known, Readings)
    chore = Chore("norm", lambda: float(next(subject.module.parameters()).detach().norm()))
    known.add([chore], [do(subject, chore)])
    meter.lent_seconds = 0.0
    first = known.result(subject, chore)
    assert meter.lent_seconds > 0
    edit_secretly(subject, inputs)
    meter.lent_seconds = 0.0
    assert known.result(subject, chore) != first
    assert known.result(subject, Chore("other", lambda: 7)) == 7
    assert meter.lent_seconds == 0
