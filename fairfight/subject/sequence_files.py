"""Subjects over sequences of whole numbers as folders: safetensors and JSON, nothing that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from fairfight.content import write_whole
from fairfight.errors import UserError
from fairfight.subject.recurrent import Recurrent
from fairfight.subject.saving import DESCRIPTION, WEIGHTS
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.transformer import Block, PlainTransformer
from fairfight.subject.weights import check_finite, check_weight_files, read_json

NETWORKS: dict[str, Callable[..., nn.Module]] = {"transformer": PlainTransformer, "recurrent": Recurrent}
"""What can be stored, by the name that stands in the description."""
KIND = "sequences"
"""By which the description of such a folder is told from others."""


def save_sequences(subject: SequenceSubject, folder: str | Path, *, shortest: int = 1) -> None:
    """Write what :func:`load_sequences` reads.

    Args:
        subject: A plain transformer or recurrent network of ours.
        folder: Where it goes.
        shortest: How long inputs are at least; a note of the subject that is loaded again.

    Raises:
        UserError: The module is no plain transformer or recurrent network of ours, or the folder cannot be written.
    """
    from safetensors.torch import save

    module = subject.module
    name = next((n for n, network in NETWORKS.items() if type(module) is network), None)
    if name is None:
        raise UserError(f"{subject.name} cannot be saved: only {', '.join(NETWORKS)} networks of ours can be.")
    space = subject.space
    about = {
        "kind": KIND,
        "name": subject.name,
        "network": name,
        "shape": _shape(module) if isinstance(module, PlainTransformer) else module.architecture,
        "space": [space.low, space.high, space.channels, space.length, space.longest],
        "shortest": shortest,
        "answers": subject.answers,
        "sites": dict(subject.sites),
    }
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / WEIGHTS, save({k: v.contiguous() for k, v in module.state_dict().items()}))
        # The description goes last: with it the folder is a subject.
        write_whole(folder / DESCRIPTION, json.dumps(about, indent=1, sort_keys=True).encode())
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{folder} cannot be written ({reason}): free some space or choose another.") from error


def load_sequences(folder: str | Path) -> SequenceSubject:
    """The subject of a folder that :func:`save_sequences` wrote, in eval mode.

    Raises:
        UserError: Files are missing, damaged, or of another kind of subject.
    """
    from safetensors.torch import load_model

    folder = Path(folder)
    about = read_json(folder / DESCRIPTION)
    if about.get("kind") != KIND:
        raise UserError(f"{folder} holds a subject over {about.get('kind')} and not one over sequences of numbers.")
    check_weight_files(folder)
    try:
        shape = {k: tuple(v) if isinstance(v, list) else v for k, v in about["shape"].items()}
        module = NETWORKS[about["network"]](**shape)
        load_model(module, str(folder / WEIGHTS))
        answers = None if about["answers"] is None else (int(about["answers"][0]), int(about["answers"][1]))
        notes = {"shortest": int(about["shortest"])}
        subject = SequenceSubject(module.eval(), about["name"], Space(*about["space"]), answers, about["sites"], notes)
    except (KeyError, TypeError, AttributeError, RuntimeError, OSError) as error:
        raise UserError(f"The weights in {folder} do not fit its {DESCRIPTION}: save the subject again.") from error
    check_finite(str(folder), module)
    return subject


def _shape(net: PlainTransformer) -> dict[str, Any]:
    """The arguments that such a transformer is made with."""
    block = net.blocks[0]
    assert isinstance(block, Block)
    heads, width, d_head = block.q.shape
    return {
        "vocabulary": len(net.embed), "length": len(net.place), "width": width, "layers": len(net.blocks),
        "heads": heads, "d_head": d_head, "hidden": 0 if block.up is None else block.up.out_features,
        "outputs": net.unembed.out_features, "norm": isinstance(net.norm, nn.LayerNorm), "causal": block.causal,
        "before": net.before, "after": net.after, "shift": net.shift, "reads": net.reads,
    }  # fmt: skip
