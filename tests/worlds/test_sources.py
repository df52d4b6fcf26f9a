"""Real data from the hub: a data set stands where a folder would, and comes whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fairfight.errors import UserError
from fairfight.worlds import sources

COMMIT = "0" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's local cache with one data set and one model in it, without a network."""
    monkeypatch.setenv("FAIRFIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    files = {
        "datasets--me--faults": {
            "text/sst2/train.tsv": "fine\t1\n",
            "text/sst2/dev.tsv": "",
            "mnist/x.npz": "x",
        },
        "models--sentence-transformers--all-MiniLM-L6-v2": {"config.json": "{}", "model.safetensors": "weights"},
    }
    for repository, contents in files.items():
        for name, text in contents.items():
            file = tmp_path / "hub" / repository / "snapshots" / COMMIT / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        refs = tmp_path / "hub" / repository / "refs"
        refs.mkdir()
        (refs / "main").write_text(COMMIT)
    return tmp_path / "hub"


def test_a_data_set_on_the_hub_stands_where_a_folder_would(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources.VARIABLE, "hf://me/faults")
    found = sources.folder("text/sst2")
    assert sorted(f.name for f in found.iterdir()) == ["dev.tsv", "train.tsv"], "the whole folder and nothing else"
    assert (found / "train.tsv").read_text() == "fine\t1\n"
    shutil.rmtree(hub)
    assert sources.folder("text/sst2") == found, "it is fetched once"
    assert sources.missing("mnist") is None, "asked when a case is built, not before"


def test_what_the_data_set_lacks_is_said_and_nothing_is_left(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sources.VARIABLE, "hf://me/faults")
    with pytest.raises(UserError, match="holds no folder cifar10"):
        sources.folder("cifar10")
    monkeypatch.setenv(sources.VARIABLE, "hf://me/nothing")
    with pytest.raises(UserError, match="cannot be reached for data set me/nothing"):
        sources.folder("mnist")
    monkeypatch.setenv(sources.VARIABLE, "hf://not a name")
    with pytest.raises(UserError, match="write hf://owner/name"):
        sources.folder("mnist")
    assert not [f for f in (hub.parent / "cache").rglob("*") if f.is_dir() and any(f.glob("*.npz"))]


def test_the_encoder_may_come_from_the_hub(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found = sources.MINILM.folder()
    assert found is not None
    assert (found / "config.json").exists()
    assert sources.MINILM.lacks not in (sources.missing("sst2") or "")
    shutil.rmtree(hub)
    assert sources.MINILM.folder() is None
    assert "fairfight[real]" in sources.MINILM.lacks
