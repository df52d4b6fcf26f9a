"""Folders load as they were saved; each thing that can be wrong with one is one sentence, and nothing in it runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from fairfight.errors import UserError
from fairfight.subject import Texts, load, save, wrap
from tests.subject import tiny


def data_folder() -> Path:
    """Real models, which are not part of the repository."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("FAIRFIGHT_DATA") or root.parent / "shared" / "data")
    if not (folder / "stories260K-hf").is_dir():
        pytest.skip("set FAIRFIGHT_DATA to the folder that holds stories260K-hf")
    return folder


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "llama"
    save(tiny.subject("llama"), folder)
    return folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(saved, tmp_path / "llama"))


@pytest.mark.parametrize("name", ["gpt2", "gpt-neox", "llama-classifier", "bert", "distilbert", "vit"])
@torch.no_grad()
def test_round_trip(name: str, tmp_path: Path) -> None:
    subject, inputs = tiny.subject(name), tiny.inputs(name)
    save(subject, tmp_path / "m")
    os.remove(tmp_path / "m" / "subject.json")  # as transformers itself would have saved it
    back = load(tmp_path / "m")
    assert torch.equal(back(inputs), subject(inputs))
    assert (back.kind, back.sites, back.name) == (subject.kind, subject.sites, "m")


def retune(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads(file.read_text())
    change(config)
    file.write_text(json.dumps(config))


def reweigh(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


class Bomb:
    """Leaves a file when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.mark,)


def test_a_pickle_is_refused_and_not_run(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    mark = folder / "ran"
    torch.save({"weight": Bomb(mark)}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match="is a pickle with more in it"):
        load(folder)
    (folder / "pytorch_model.bin").unlink()
    (folder / "weights.pkl").write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(UserError, match=r"only as weights\.pkl"):
        load(folder)
    assert not mark.exists()


@torch.no_grad()
def test_a_torch_file_of_weights_only_is_taken(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    inputs = tiny.inputs("llama")
    assert torch.equal(load(folder)(inputs), tiny.subject("llama")(inputs))
    whole = (folder / "pytorch_model.bin").read_bytes()
    (folder / "pytorch_model.bin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"pytorch_model\.bin"):
        load(folder)


@pytest.mark.parametrize("keep", [4, 60, -1])
def test_a_truncated_file_is_one_sentence(folder: Path, keep: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"bad header|cut off"):
        load(folder)


def test_missing_files_are_one_sentence(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no weights"):
        load(folder)
    (folder / "config.json").unlink()
    with pytest.raises(UserError, match=r"has no config\.json"):
        load(folder)
    (folder / "config.json").write_text("{ not json")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        load(folder)


def test_nan_weights_are_named(folder: Path) -> None:
    reweigh(folder, lambda w: w["model.norm.weight"].fill_(float("nan")))
    with pytest.raises(UserError, match=r"NaN or infinite weights in model\.norm\.weight"):
        load(folder)


def test_weights_that_do_not_fit_are_named(folder: Path) -> None:
    reweigh(folder, lambda w: w.pop("model.norm.weight"))
    with pytest.raises(UserError, match=r"lack model\.norm\.weight"):
        load(folder)
    retune(folder / "config.json", lambda c: c.update(intermediate_size=64))
    with pytest.raises(UserError, match="another shape"):
        load(folder)


def test_code_that_comes_with_a_model_is_not_run(folder: Path) -> None:
    mark = folder / "ran"
    (folder / "evil.py").write_text(f"import os; os.mkdir({str(mark)!r})\nclass Model: pass\nclass Config: pass\n")
    auto = {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"}
    retune(folder / "config.json", lambda c: c.update(auto_map=auto))
    load(folder)
    retune(folder / "config.json", lambda c: c.update(model_type="evil"))
    with pytest.raises(UserError, match="unknown family 'evil'"):
        load(folder)
    assert not mark.exists()


def test_unknown_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("nobody/nothing-of-the-kind", "nothing-of-the-kind"):
        with pytest.raises(UserError, match=f"Unknown model '{name}'"):
            load(name)
    for path in (tmp_path / "none", "a/b/c", "./here", ""):
        with pytest.raises(UserError, match=r"There is no model folder|has no config"):
            load(path)


def test_what_a_config_does_not_say_is_asked_for(folder: Path) -> None:
    (folder / "subject.json").unlink()
    retune(folder / "config.json", lambda c: c.pop("architectures"))
    with pytest.raises(UserError, match="give its kind"):
        load(folder)
    assert load(folder, "causal-lm").kind == "causal-lm"


def test_a_fresh_head_is_drawn_only_when_asked(folder: Path) -> None:
    with pytest.raises(UserError, match=r"lack score\.weight.*head_seed"):
        load(folder, "text-classifier", classes=["no", "yes", "perhaps"])
    one, two, other = (
        load(folder, "text-classifier", classes=["no", "yes", "perhaps"], head_seed=seed) for seed in (1, 1, 2)
    )
    inputs = tiny.inputs("llama")
    assert one.classes == ("no", "yes", "perhaps")
    assert one(inputs).shape == (5, 3)
    assert torch.equal(one(inputs), two(inputs))
    assert not torch.equal(one(inputs), other(inputs))


def test_class_names_and_pixel_scale_come_from_the_folder(tmp_path: Path) -> None:
    subject = tiny.subject("vit")
    save(subject, tmp_path)
    os.remove(tmp_path / "subject.json")
    retune(tmp_path / "config.json", lambda c: c.update(id2label={"0": "cat", "1": "dog"}))
    scale = {"do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(scale))
    back = load(tmp_path)
    assert back.classes == ("cat", "dog")
    assert back.pixel_scale == ((0.5,) * 3, (0.25,) * 3)


@torch.no_grad()
def test_a_real_model_tells_its_story(tmp_path: Path) -> None:
    subject = load(data_folder() / "stories260K-hf")
    texts = ["Once upon a", "One day, a little girl named", "Tom and his dog went to the"]
    batch = subject.encode(texts)
    assert isinstance(batch, Texts)
    assert batch.mask.sum(1).unique().numel() > 1
    assert subject.tokenizer is not None
    likely = [subject.tokenizer.decode(row.topk(2).indices) for row in subject(batch)]
    assert "time" in likely[0]
    assert "Lily" in likely[1]
    for i, text in enumerate(texts):
        torch.testing.assert_close(subject(subject.encode([text]))[0], subject(batch)[i], rtol=1e-4, atol=1e-4)
    save(subject, tmp_path / "again")
    again = load(tmp_path / "again")
    assert torch.equal(again(again.encode(texts)), subject(batch))


def test_encoding_cuts_and_refuses() -> None:
    subject = load(data_folder() / "stories260K-hf")
    assert subject.encode(["word " * 2000, "x"]).ids.shape == (2, 512)
    with pytest.raises(UserError, match="at least one"):
        subject.encode([])
    assert int(subject.encode([""]).mask.sum()) >= 1


def test_the_room_is_light_until_a_transformer_is_made() -> None:
    code = (
        "import sys, torch, fairfight.subject as s\n"
        "s.wrap(s.cnn(1, 16, 2, 4), 'image-classifier'); s.load, s.save, s.harvest, s.read, s.check\n"
        "assert 'transformers' not in sys.modules and 'huggingface_hub' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_exported_that_is_not_there() -> None:
    import fairfight.subject as room

    assert all(getattr(room, name) is not None for name in room.__all__)
    with pytest.raises(AttributeError):
        room.nothing  # noqa: B018
    assert wrap is room.wrap
