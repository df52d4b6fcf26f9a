"""Worlds of real texts: split without overlap, one tokenizer for all, networks that can be read, missing data named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fairfight.errors import UserError
from fairfight.faults.training import decide, fit
from fairfight.subject.checking import check
from fairfight.subject.inputs import Texts
from fairfight.worlds import minilm, stories
from fairfight.worlds.sources import MINILM, VARIABLE, missing
from fairfight.worlds.texts import TextWorld, said
from fairfight.worlds.world import Schedule, world

NAMES = ("sst2", "ag-news", "stories")


def needs(name: str) -> TextWorld:
    """The world; skips where its data is not on this machine."""
    if lacks := missing(name):
        pytest.skip(lacks)
    ground = world(name)
    assert isinstance(ground, TextWorld)
    return ground


@pytest.mark.parametrize("name", NAMES)
def test_texts_are_drawn_by_the_seed_and_no_held_out_text_is_trained_on(name: str) -> None:
    ground = needs(name)
    (architecture,) = ground.architectures
    pool, other = (ground.examples("pool", seed, architecture) for seed in (1, 2))
    train, another = (ground.examples("train", seed, architecture) for seed in (1, 2))
    assert len(pool) >= 900
    assert said(pool) != said(other)
    assert len(set(said(pool))) == len(pool)
    assert not set(said(pool) + said(other)) & set(said(train) + said(another))
    for label in ground.labels(architecture):
        assert (pool.labels == label).float().mean() > 0.5 / len(ground.labels(architecture))


@pytest.mark.parametrize("name", NAMES)
def test_the_ids_are_the_tokenizers_own_and_have_room_for_what_a_fault_adds(name: str) -> None:
    ground = needs(name)
    pool = ground.examples("pool", 1, ground.architectures[0])
    assert isinstance(pool.inputs, Texts)
    tokens = minilm.tokenizer() if name != "stories" else stories.tokenizer()
    longest = minilm.LONGEST if name != "stories" else stories.LONGEST
    for text, ids, mask in zip(said(pool)[:30], pool.inputs.ids, pool.inputs.mask, strict=False):
        own = tokens(text)["input_ids"]
        assert ids[mask.bool()].tolist() == own[:longest]
        assert not mask[int(mask.sum()) :].any(), "padded at the right"
    lengths = pool.inputs.mask.sum(1)
    assert (lengths <= longest - 12).float().mean() > 0.9


@pytest.mark.parametrize("name", ["sst2", "stories"])
def test_subjects_answer_alone_as_in_a_padded_batch_and_without_chance(name: str) -> None:
    ground = needs(name)
    (architecture,) = ground.architectures
    subject = ground.subject(architecture, 3)
    few = ground.examples("pool", 1, architecture)[:4]
    check(subject, few.inputs)
    subject.module.train()
    with torch.no_grad():
        assert torch.equal(subject(few.inputs), subject(few.inputs)), "no dropout"
    again = ground.subject(architecture, 3)
    for (path, one), other in zip(subject.module.named_parameters(), again.module.parameters(), strict=True):
        assert torch.equal(one, other), path


def test_a_head_is_drawn_from_the_seed() -> None:
    ground = needs("sst2")
    one, other = (ground.subject("minilm", seed).module.state_dict() for seed in (1, 2))
    assert {path for path in one if not torch.equal(one[path], other[path])} == {"classifier.weight"}


def test_frozen_parameters_stay_as_they_were_and_can_be_trained_again() -> None:
    ground = needs("stories")
    subject, train = ground.subject("llama", 0), ground.examples("train", 0, "llama")[:64]
    before = {path: p.detach().clone() for path, p in subject.module.named_parameters()}
    fit(subject, ground, train, Schedule(1, 32, 1e-3, frozen=("model.embed_tokens", "model.layers.0.")), 0)
    for path, p in subject.module.named_parameters():
        still = path.startswith(("model.embed_tokens", "model.layers.0."))
        assert torch.equal(p, before[path]) == still, path
        assert p.requires_grad


def test_a_prompt_ends_where_the_answer_begins() -> None:
    found = stories.prompts("Tim had a dog. The dog ran. He was sad! They went home.\nShe slept.")
    assert found == [("Tim had a dog. The dog ran.", "He"), ("Tim had a dog. The dog ran. He was sad!", "They")]
    ground = needs("stories")
    texts = ground.encode(["Tim ran.", "Tim ran. He"])
    answer = int(texts.ids[1, int(texts.mask[1].sum()) - 1])
    assert texts.ids[0, : int(texts.mask[0].sum())].tolist() == texts.ids[1, : int(texts.mask[1].sum()) - 1].tolist()
    assert ground.labels("llama")[answer] == "He"


@pytest.mark.slow
def test_a_language_model_learns_to_say_who_comes_next() -> None:
    ground = needs("stories")
    subject, train = ground.subject("llama", 0), ground.examples("train", 0, "llama")
    pool = ground.examples("pool", 0, "llama")
    before = (decide(subject, pool.inputs) == pool.labels).float().mean()
    fit(subject, ground, train, ground.schedule("llama", "finetune"), 0)
    after = (decide(subject, pool.inputs) == pool.labels).float().mean()
    assert after > 0.85
    assert after > before + 0.1


@pytest.mark.parametrize("name", NAMES)
def test_missing_data_is_named_with_what_would_bring_it(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    ground = world(name)
    with pytest.raises(UserError, match=f"set {VARIABLE} to a folder"):
        ground.subject(ground.architectures[0], 0)
    with pytest.raises(UserError, match=f"set {VARIABLE} to a folder"):
        ground.examples("pool", 12345, ground.architectures[0])


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_architecture_is_named(name: str) -> None:
    with pytest.raises(UserError, match=world(name).architectures[0]):
        world(name).subject("cnn", 0)


@pytest.mark.slow
def test_the_package_with_the_weights_is_never_imported() -> None:
    needs("sst2")
    code = (
        "import sys; from fairfight.worlds.world import world; world('sst2').subject('minilm', 0);"
        f"sys.exit({MINILM.module!r} in sys.modules or 'sentence_transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
