"""SAELens' folder: ``cfg.json`` and ``sae_weights.safetensors``, as most published dictionaries come.

Written and read without that package; what it calls ``batchtopk`` it keeps as ``jumprelu``, and so is it kept here.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from fairfight.errors import UserError
from fairfight.parts.bases.sparse.autoencoder import Kind, Origin, SparseAutoencoder
from fairfight.parts.bases.sparse.files import read, write

CONFIG = "cfg.json"
WEIGHTS = "sae_weights.safetensors"
VERSION = "6.0.0"
"""Of SAELens, whose layout of ``cfg.json`` this is; older layouts are read too."""

_KINDS: dict[str, Kind] = {"topk": "topk", "jumprelu": "jumprelu", "standard": "standard"}
_HOOKS = {
    "hook_resid_pre": "resid_pre",
    "hook_resid_post": "resid_post",
    "hook_mlp_out": "mlp_out",
    "hook_attn_out": "attn_out",
    "attn.hook_z": "heads",
}


def load_saelens(folder: str | Path) -> SparseAutoencoder:
    """Read a dictionary that SAELens saved.

    Raises:
        UserError: A file is missing or damaged, or the dictionary is of a sort that is not supported.
    """
    folder = Path(folder)
    config = _config(folder / CONFIG)
    kind = _kind(config, folder)
    if config.get("normalize_activations") not in (None, False, "none"):
        raise UserError(
            f"{folder} normalises activations ({config['normalize_activations']}) by figures that it does not hold: "
            "fold them into the weights in SAELens (fold_activation_norm_scaling_factor) and save it again."
        )
    tensors, _ = read(folder / WEIGHTS)
    needed = ["W_enc", "W_dec", "b_enc", "b_dec"] + (["threshold"] if kind == "jumprelu" else [])
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise UserError(f"{folder / WEIGHTS} lacks {', '.join(missing)}: fetch or save it anew.")
    w_enc, w_dec, b_enc, b_dec = (tensors[name].float() for name in needed[:4])
    d, width = w_enc.shape
    if w_dec.shape != (width, d) or b_enc.shape != (width,) or b_dec.shape != (d,):
        raise UserError(
            f"{folder / WEIGHTS} is damaged: the shapes of its tensors do not fit each other; save it anew."
        )
    encoder = w_enc.T.contiguous()
    if not config.get("apply_b_dec_to_input", True):
        b_enc = b_enc + encoder @ b_dec
    found = SparseAutoencoder(
        kind,
        encoder,
        b_enc,
        w_dec,
        b_dec,
        k=int(config["k"]) if kind == "topk" else None,
        threshold=tensors["threshold"].float() if kind == "jumprelu" else None,
        origin=_origin(config),
    )
    # These choose among answers times the length of the decoder's row, which is what unit rows give.
    return found.to_unit_rows() if config.get("rescale_acts_by_decoder_norm") else found


def save_saelens(dictionary: SparseAutoencoder, folder: str | Path) -> None:
    """Write a dictionary so that ``sae_lens.SAE.load_from_disk`` reads it.

    Raises:
        UserError: The folder cannot be written.
    """
    folder = Path(folder)
    tensors = {
        "W_enc": dictionary.encoder.T.contiguous(),
        "W_dec": dictionary.decoder,
        "b_enc": dictionary.bias,
        "b_dec": dictionary.centre,
    }
    architecture = "jumprelu" if dictionary.kind == "batchtopk" else dictionary.kind
    config: dict[str, Any] = {
        "architecture": architecture,
        "d_in": dictionary.d,
        "d_sae": dictionary.width,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "none",
        "metadata": {"sae_lens_version": VERSION, "sae_lens_training_version": None},
    }
    if dictionary.k is not None:
        config |= {"k": dictionary.k, "rescale_acts_by_decoder_norm": False}
    if dictionary.threshold is not None:
        tensors["threshold"] = dictionary.threshold
    if dictionary.origin is not None:
        hook = _renamed(dictionary.origin.site, {ours: theirs for theirs, ours in _HOOKS.items()})
        config["metadata"] |= {"model_name": dictionary.origin.model, "hook_name": hook}
        if hook.endswith("hook_z"):
            config["reshape_activations"] = "hook_z"
    write(folder / WEIGHTS, {name: x.float() for name, x in tensors.items()}, {})
    part = folder / f".{CONFIG}.part"
    try:
        part.write_text(json.dumps(config, indent=1), encoding="utf-8")
        os.replace(part, folder / CONFIG)
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}): free some space or choose another.") from error


def _config(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise UserError(f"There is no file {file}: give the folder of a dictionary that SAELens saved.")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise UserError(f"{file} is cut short or no JSON: fetch or save it anew.") from error
    if not isinstance(config, dict):
        raise UserError(f"{file} describes no dictionary: fetch or save it anew.")
    # Before SAELens 6, TopK was an activation function of the standard architecture.
    if config.get("activation_fn_str", config.get("activation_fn")) == "topk":
        config["architecture"] = "topk"
        config.setdefault("k", (config.get("activation_fn_kwargs") or {}).get("k"))
    return config


def _kind(config: dict[str, Any], folder: Path) -> Kind:
    named = config.get("architecture", "standard")
    if named not in _KINDS:
        raise UserError(f"{folder} has the architecture {named!r}; known are {', '.join(_KINDS)}.")
    if named == "topk" and not isinstance(config.get("k"), int):
        raise UserError(f"{folder / CONFIG} lacks k, the number of latents that fire at once: fetch or save it anew.")
    return _KINDS[named]


def _origin(config: dict[str, Any]) -> Origin | None:
    """Model and site, where the file names them; SAELens keeps them in either of two places."""
    about = {**config, **(config.get("metadata") or {})}
    model, hook = about.get("model_name"), about.get("hook_name") or about.get("hook_point")
    return Origin(str(model), _renamed(str(hook), _HOOKS)) if model and hook else None


def _renamed(name: str, words: dict[str, str]) -> str:
    """``blocks.3.hook_resid_post`` for ``blocks.3.resid_post`` and back; other names stay."""
    found = re.fullmatch(r"(blocks\.\d+\.)(.+)", name)
    return found[1] + words[found[2]] if found and found[2] in words else name
