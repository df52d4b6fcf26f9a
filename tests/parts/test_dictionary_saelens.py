"""SAELens' folder: a round trip here, and one through that package where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fairfight.errors import UserError
from fairfight.parts.bases.sparse import Origin, SparseAutoencoder, train
from fairfight.parts.bases.sparse.saelens import load_saelens, save_saelens
from fairfight.subject import wrap

KINDS = ("topk", "batchtopk", "jumprelu", "standard")


def data() -> torch.Tensor:
    return torch.randn(400, 12, generator=torch.Generator().manual_seed(0)) + 2


def made(kind: str) -> SparseAutoencoder:
    trained = "topk" if kind == "standard" else kind
    found = train(data(), width=20, k=3, kind=trained, steps=60, rate=3e-3)  # type: ignore[arg-type]
    found = replace(found, origin=Origin("gpt2", "blocks.3.resid_post"))
    return replace(found, kind="standard", k=None) if kind == "standard" else found


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_gives_the_same_dictionary_back(kind: str, tmp_path: Path) -> None:
    dictionary = made(kind)
    save_saelens(dictionary, tmp_path / "sae")
    back = load_saelens(tmp_path / "sae")
    assert torch.equal(back.encode(data()), dictionary.encode(data()))
    assert back.origin == dictionary.origin
    assert (
        json.loads((tmp_path / "sae" / "cfg.json").read_text())["metadata"]["hook_name"] == "blocks.3.hook_resid_post"
    )


def python() -> str:
    """An interpreter that has SAELens."""
    named = os.environ.get("FAIRFIGHT_SAELENS_PYTHON")
    if named:
        return named
    if importlib.util.find_spec("sae_lens") is None:
        pytest.skip("SAELens is not installed: name an interpreter that has it in FAIRFIGHT_SAELENS_PYTHON")
    return sys.executable


THEIRS = """
import sys, torch
from pathlib import Path
from safetensors.torch import load_file, save_file
from sae_lens import SAE
root = Path(sys.argv[1])
x = load_file(root / "x.safetensors")["x"]
out = {}
for folder in sorted(p for p in root.iterdir() if p.is_dir()):
    sae = SAE.load_from_disk(folder)
    with torch.no_grad():
        codes = sae.encode(x)
        out[folder.name + ".codes"] = codes.contiguous()
        out[folder.name + ".rebuilt"] = sae.decode(codes).contiguous()
    sae.save_model(root / "theirs" / folder.name)
save_file(out, str(root / "out.safetensors"))
"""


def test_saelens_reads_what_we_write_and_we_read_what_it_writes(tmp_path: Path) -> None:
    interpreter = python()
    x = data()
    save_file({"x": x}, str(tmp_path / "x.safetensors"))
    for kind in KINDS:
        save_saelens(made(kind), tmp_path / kind)
    quiet = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run([interpreter, "-c", THEIRS, str(tmp_path)], check=True, env=quiet, capture_output=True)
    theirs = load_file(tmp_path / "out.safetensors")
    for kind in KINDS:
        ours, back = made(kind), load_saelens(tmp_path / "theirs" / kind)
        torch.testing.assert_close(theirs[f"{kind}.codes"], ours.encode(x), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(theirs[f"{kind}.rebuilt"], ours.reconstruct(x), rtol=1e-5, atol=1e-5)
        assert torch.equal(back.encode(x), ours.encode(x))
        assert back.origin == ours.origin


def test_older_layouts_are_read(tmp_path: Path) -> None:
    dictionary = made("topk")
    save_saelens(dictionary, tmp_path)
    old = {
        "d_in": 12,
        "d_sae": 20,
        "activation_fn_str": "topk",
        "activation_fn_kwargs": {"k": 3},
        "apply_b_dec_to_input": False,
        "model_name": "gpt2",
        "hook_name": "blocks.3.hook_resid_post",
    }
    (tmp_path / "cfg.json").write_text(json.dumps(old))
    back = load_saelens(tmp_path)
    # Without the centre taken off, the encoder's answers are those for x itself.
    plain = replace(dictionary, bias=dictionary.bias + dictionary.encoder @ dictionary.centre)
    torch.testing.assert_close(back.encode(data()), plain.encode(data()))
    assert back.origin == dictionary.origin


def test_answers_times_row_lengths_are_chosen_among_where_the_file_says_so(tmp_path: Path) -> None:
    dictionary = made("topk")
    lengths = torch.rand(20, generator=torch.Generator().manual_seed(1)) + 0.5
    long = replace(dictionary, decoder=dictionary.decoder * lengths[:, None])
    save_saelens(long, tmp_path)
    config = json.loads((tmp_path / "cfg.json").read_text()) | {"rescale_acts_by_decoder_norm": True}
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    answers = long.answers(data()) * lengths
    best, where = answers.topk(3, dim=1)
    codes = torch.zeros_like(answers).scatter(1, where, best.relu())
    torch.testing.assert_close(load_saelens(tmp_path).encode(data()), codes, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "gated"}, "architecture 'gated'"),
        ({"normalize_activations": "layer_norm"}, "normalises activations"),
        ({"k": None}, "lacks k"),
    ],
)
def test_what_is_not_supported_is_said(change: dict[str, object], message: str, tmp_path: Path) -> None:
    save_saelens(made("topk"), tmp_path)
    config = json.loads((tmp_path / "cfg.json").read_text()) | change
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=message):
        load_saelens(tmp_path)


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        load_saelens(tmp_path)
    save_saelens(made("jumprelu"), tmp_path)
    weights = tmp_path / "sae_weights.safetensors"
    tensors = load_file(weights)
    save_file({k: v for k, v in tensors.items() if k != "threshold"}, str(weights))
    with pytest.raises(UserError, match="lacks threshold"):
        load_saelens(tmp_path)
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(UserError, match="cut short"):
        load_saelens(tmp_path)
    (tmp_path / "cfg.json").write_text('{"k": 3')
    with pytest.raises(UserError, match="no JSON"):
        load_saelens(tmp_path)


def test_a_dictionary_of_another_model_or_site_is_refused() -> None:
    from fairfight.subject import cnn

    subject = wrap(cnn(channels=1, size=16, classes=10, width=4), "image-classifier", name="mine", check=False)
    site = subject.trunk[0]
    dictionary = made("topk")
    with pytest.raises(UserError, match="trained on 'gpt2', not on 'mine'"):
        dictionary.fits(subject, site)
    with pytest.raises(UserError, match=r"trained at 'layers\.stage2'"):
        replace(dictionary, origin=Origin("mine", "layers.stage2")).fits(subject, site)
    with pytest.raises(UserError, match="Unknown site"):
        dictionary.fits(subject, "blocks.3.resid_post")
    right = replace(dictionary, origin=Origin("mine", site))
    assert right.fits(subject, site) is right
