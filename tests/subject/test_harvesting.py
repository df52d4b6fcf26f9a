"""Harvested activations are the read ones, run no layer too many, and reach the disk whole or not at all."""

from __future__ import annotations

import errno
import gc
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.subject import Images, Subject, Texts, harvest, read
from fairfight.subject import spool as spool_module
from tests.subject import tiny


class Calls:
    """Counts the calls of every submodule while it is entered."""

    def __init__(self, module: nn.Module) -> None:
        self.module, self.count = module, Counter[str]()

    def __enter__(self) -> Counter[str]:
        def note(path: str) -> Any:
            return lambda *_: self.count.update([path])

        self.handles = [m.register_forward_pre_hook(note(path)) for path, m in self.module.named_modules() if path]
        return self.count

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "vit"])
@torch.no_grad()
def test_batches_give_what_one_read_gives(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    got = harvest(subject, inputs, subject.sites, batch_size=2, pool=None)
    logits, tape = read(subject, inputs, subject.sites)
    torch.testing.assert_close(got.logits, logits)
    assert list(got) == list(subject.sites)
    for site in subject.sites:
        torch.testing.assert_close(got[site], tape[site])


@pytest.mark.parametrize("name", ["gpt2", "llama", "bert"])
@torch.no_grad()
def test_pooling_knows_real_tokens_from_padding(name: str) -> None:
    subject = tiny.subject(name)
    texts = tiny.inputs(name)
    assert isinstance(texts, Texts)
    site = subject.trunk[0]
    whole = harvest(subject, texts, [site], pool=None)[site]
    decision = harvest(subject, texts, [site], batch_size=2)[site]
    mean = harvest(subject, texts, [site], batch_size=2, pool="mean")[site]
    for i, length in enumerate(texts.mask.sum(1).tolist()):
        where = length - 1 if subject.anatomy.decision == "last" else 0
        torch.testing.assert_close(decision[i], whole[i, where])
        torch.testing.assert_close(mean[i], whole[i, :length].mean(0))


@torch.no_grad()
def test_heads_are_laid_side_by_side() -> None:
    subject, texts = tiny.subject("gpt2"), tiny.inputs("gpt2")
    assert harvest(subject, texts, ["blocks.0.heads"])["blocks.0.heads"].shape == (len(texts), tiny.WIDTH)
    assert harvest(subject, texts, ["blocks.0.heads"], pool="mean")["blocks.0.heads"].shape == (len(texts), tiny.WIDTH)


@pytest.mark.parametrize("name", ["gpt2", "gpt-neox", "llama", "bert", "vit"])
def test_stopping_early_skips_what_is_deeper(name: str) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    first, second = (subject.site(f"blocks.{i}.resid_post").module for i in (0, 1))
    with Calls(subject.module) as count:
        shallow = harvest(subject, inputs, ["blocks.0.resid_post"], batch_size=2, head=False)
    assert count[first] == 3
    assert not any(path.startswith(second) for path in count)
    assert shallow.logits is None
    with Calls(subject.module) as count:
        harvest(subject, inputs, ["blocks.1.attn_out", "blocks.0.attn_out"], batch_size=5, head=False)
    assert count[second] == 1
    assert not any(path in subject.anatomy.head for path in count)
    full = harvest(subject, inputs, ["blocks.0.resid_post"], batch_size=2)
    assert torch.equal(shallow["blocks.0.resid_post"], full["blocks.0.resid_post"])


def test_no_gradients_and_no_hooks_are_left() -> None:
    subject = tiny.subject("llama")
    got = harvest(subject, tiny.inputs("llama"), subject.trunk, head=False)
    assert not any(x.requires_grad for x in got.values())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in subject.module.modules())


@pytest.mark.parametrize("pool", ["decision", None])
@pytest.mark.parametrize("name", ["bert", "vit"])
def test_disk_holds_the_same_as_memory(name: str, pool: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    subject, inputs = tiny.subject(name), tiny.inputs(name)
    memory = harvest(subject, inputs, subject.sites, batch_size=2, pool=pool)
    disk = harvest(subject, inputs, subject.sites, batch_size=2, pool=pool, folder=tmp_path / "kept")
    assert memory.file is None
    assert disk.file == tmp_path / "kept" / "activations.safetensors"
    assert memory.logits is not None
    assert disk.logits is not None
    assert torch.equal(memory.logits, disk.logits)
    stored = load_file(disk.file)
    for site in subject.sites:
        assert torch.equal(memory[site], disk[site])
        assert torch.equal(memory[site], stored[site])
    assert os.listdir(tmp_path / "kept") == ["activations.safetensors"]


def test_what_does_not_fit_goes_to_a_file_that_goes_with_it() -> None:
    subject, inputs = tiny.subject("gpt2"), tiny.inputs("gpt2")
    fits = harvest(subject, inputs, ["final"], head=False, max_bytes=len(inputs) * tiny.WIDTH * 4)
    assert fits.file is None
    large = harvest(subject, inputs, ["final"], head=False, max_bytes=len(inputs) * tiny.WIDTH * 4 - 1)
    file = large.file
    assert file is not None
    assert file.exists()
    assert torch.equal(large["final"], fits["final"])
    del large
    gc.collect()
    assert not file.parent.exists()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(spool_module.os, "posix_fallocate", full)
    with pytest.raises(UserError, match="No space left"):
        harvest(tiny.subject("gpt2"), tiny.inputs("gpt2"), ["final"], folder=tmp_path)
    assert os.listdir(tmp_path) == []


def test_an_interrupted_harvest_leaves_nothing(tmp_path: Path) -> None:
    subject = tiny.subject("gpt2")
    texts = tiny.inputs("gpt2")
    assert isinstance(texts, Texts)
    texts.ids[-1, 0] = tiny.VOCABULARY  # not in the table: the last batch fails
    with pytest.raises(IndexError):
        harvest(subject, texts, ["final"], batch_size=1, folder=tmp_path)
    assert os.listdir(tmp_path) == []


def test_no_inputs_is_one_sentence() -> None:
    subject = tiny.subject("vit")
    with pytest.raises(UserError, match="no inputs"):
        harvest(subject, Images(torch.rand(0, 3, 16, 16)), subject.trunk)


def test_an_unknown_site_is_one_sentence() -> None:
    with pytest.raises(UserError, match="Unknown site"):
        harvest(tiny.subject("vit"), tiny.inputs("vit"), ["nowhere"])


def test_subjects_of_one_stage_can_be_harvested_without_sites() -> None:
    subject: Subject = tiny.subject("vit")
    got = harvest(subject, tiny.inputs("vit"), [])
    assert len(got) == 0
    assert got.logits is not None
    assert len(got.logits) == 5
