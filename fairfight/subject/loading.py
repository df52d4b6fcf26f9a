"""From a hub name or a folder to a subject; no code and no pickle is ever run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.subject.families import FAMILIES
from fairfight.subject.hub import fetch
from fairfight.subject.networks import build_network
from fairfight.subject.saving import DESCRIPTION, WEIGHTS
from fairfight.subject.subject import Kind, Subject
from fairfight.subject.weights import check_finite, check_weight_files, read_json
from fairfight.subject.wrapping import wrap

_KINDS: dict[str, Kind] = {
    "ForCausalLM": "causal-lm",
    "LMHeadModel": "causal-lm",
    "ForSequenceClassification": "text-classifier",
    "ForImageClassification": "image-classifier",
}
_AUTO: dict[Kind, str] = {
    "causal-lm": "AutoModelForCausalLM",
    "text-classifier": "AutoModelForSequenceClassification",
    "image-classifier": "AutoModelForImageClassification",
}


def load(
    name_or_folder: str | Path,
    kind: Kind | None = None,
    *,
    classes: Sequence[str] = (),
    head_seed: int | None = None,
    dtype: torch.dtype = torch.float32,
    check: bool = True,
) -> Subject:
    """A subject from a folder or from the Hugging Face hub, in eval mode.

    Weights come from safetensors, or through torch's weights-only loader; code that comes with a model is never run.

    Args:
        name_or_folder: A folder in transformers' format or written by :func:`fairfight.subject.save`, or a hub name.
        kind: What the model does, where its configuration does not say, or another head is wanted.
        classes: Class names; needed, with ``head_seed``, to give a bare encoder a fresh classification head.
        head_seed: Weights that the files lack (the head's) are drawn from this seed instead of being refused.
        dtype: Precision of the weights in memory.
        check: Make sure that it answers the same hooked or plain, alone or in a padded batch.

    Raises:
        UserError: No such model, damaged or unsafe files, an unknown family, or a failed check.
    """
    folder = Path(name_or_folder)
    name = str(name_or_folder)
    if not folder.is_dir():
        if re.fullmatch(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", name) is None or folder.exists():
            raise UserError(f"There is no model folder at {name}: give a folder with a config.json, or a hub name.")
        folder = fetch(name)
    else:
        name = folder.resolve().name
    about = read_json(folder / DESCRIPTION) if (folder / DESCRIPTION).exists() else {}
    if kind is None or kind == about.get("kind"):
        kind = about.get("kind")
        classes = classes or about.get("classes", ())
    options: dict[str, Any] = {"name": about.get("name", name), "classes": classes, "check": check}
    if "pixel_scale" in about:
        options["pixel_scale"] = tuple(tuple(x) for x in about["pixel_scale"])
    if "architecture" in about:
        kind = kind or "image-classifier"
        module = _own(folder, about["architecture"])
    else:
        config = read_json(folder / "config.json")
        kind = kind or _kind(folder, config)
        module, more = _theirs(folder, kind, config, classes, head_seed, dtype)
        options = more | {k: v for k, v in options.items() if v or k not in more}
    check_finite(name, module)
    subject = wrap(module, kind, **options)
    subject.notes.update(about.get("notes", {}))
    return subject


def _own(folder: Path, architecture: dict[str, Any]) -> nn.Module:
    from safetensors.torch import load_file

    check_weight_files(folder)
    try:
        module = build_network(architecture)
        module.load_state_dict(load_file(folder / WEIGHTS))
    except (RuntimeError, TypeError, OSError) as error:
        raise UserError(f"The weights in {folder} do not fit its {DESCRIPTION}: save the model again.") from error
    return module


def _kind(folder: Path, config: dict[str, Any]) -> Kind:
    for architecture in config.get("architectures") or ():
        for ending, kind in _KINDS.items():
            if str(architecture).endswith(ending):
                return kind
    raise UserError(f"{folder}/config.json does not say what the model does: give its kind, one of {', '.join(_AUTO)}.")


def _theirs(
    folder: Path, kind: Kind, config: dict[str, Any], classes: Sequence[str], head_seed: int | None, dtype: torch.dtype
) -> tuple[nn.Module, dict[str, Any]]:
    """A transformers model, and what its folder says about tokens, classes and pixels."""
    if kind not in _AUTO:
        raise UserError(f"Unknown kind {kind!r}: known are {', '.join(_AUTO)}.")
    model_type = config.get("model_type")
    if kind != "image-classifier" and model_type not in FAMILIES:
        raise UserError(f"The model in {folder} is of unknown family {model_type!r}: known are {', '.join(FAMILIES)}.")
    check_weight_files(folder)
    # Seconds to import, so only once nothing else can be wrong.
    import transformers

    options: dict[str, Any] = {"num_labels": len(classes)} if classes else {}
    try:
        with quiet():
            module, report = getattr(transformers, _AUTO[kind]).from_pretrained(
                folder,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                dtype=dtype,
                **options,
            )
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"The model in {folder} cannot be loaded as a {kind}: {reason}") from error
    # Reported instead of raised, so that the message can name the tensor.
    if wrong := sorted(str(key[0]) for key in report["mismatched_keys"]):
        raise UserError(f"The weights in {folder} do not fit its config.json: {wrong[0]} has another shape.")
    if missing := sorted(report["missing_keys"]):
        if head_seed is None:
            raise UserError(
                f"The weights in {folder} lack {missing[0]}: give another kind, or a head_seed to draw it at random."
            )
        _draw(module, missing, head_seed)
    found: dict[str, Any] = {}
    if kind == "image-classifier":
        found["pixel_scale"] = _pixel_scale(folder)
    elif (folder / "tokenizer.json").exists() or (folder / "tokenizer_config.json").exists():
        try:
            found["tokenizer"] = transformers.AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
        except Exception as error:
            raise UserError(f"The tokenizer in {folder} cannot be loaded ({error}): save it again.") from error
    labels = [str(v) for _, v in sorted(getattr(module.config, "id2label", {}).items())]
    if kind != "causal-lm" and not all(label.startswith("LABEL_") for label in labels):
        found["classes"] = labels
    return cast(nn.Module, module), found


@torch.no_grad()
def _draw(module: nn.Module, missing: list[str], seed: int) -> None:
    """Fresh weights (normal, 0.02; biases 0) for the tensors of these names."""
    from fairfight.seeds import torch_rng

    for path in missing:
        tensor = module.get_parameter(path)
        if tensor.ndim > 1:
            tensor.copy_(0.02 * torch.randn(tensor.shape, generator=torch_rng(seed, "head", path)))
        else:
            tensor.zero_()


def _pixel_scale(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    if not (folder / "preprocessor_config.json").exists():
        return None
    said = read_json(folder / "preprocessor_config.json")
    if not said.get("do_normalize", True) or "image_mean" not in said:
        return None
    return tuple(said["image_mean"]), tuple(said["image_std"])


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and reports, whose content goes into our own messages."""
    from transformers.utils import logging

    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
