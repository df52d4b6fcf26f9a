"""A subject as a folder: safetensors and JSON, nothing that runs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from fairfight.errors import UserError
from fairfight.subject.subject import Subject

DESCRIPTION = "subject.json"
WEIGHTS = "model.safetensors"


def save(subject: Subject, folder: str | Path) -> None:
    """Write what :func:`fairfight.subject.load` reads: transformers' format, or an architecture's name and weights.

    Everything is written beside the folder first and moved there when whole; other files in the folder stay.

    Raises:
        UserError: The module is neither transformers' nor our own, or the folder cannot be written.
    """
    folder = Path(folder)
    about: dict[str, Any] = {"name": subject.name, "kind": subject.kind, "classes": list(subject.classes)}
    if subject.pixel_scale is not None:
        about["pixel_scale"] = subject.pixel_scale
    if subject.notes:
        about["notes"] = subject.notes
    own = getattr(subject.module, "architecture", None)
    theirs = hasattr(subject.module, "save_pretrained")
    if not theirs:
        if not isinstance(own, dict):
            raise UserError(
                f"{subject.name} cannot be saved: only transformers models and the architectures of "
                "fairfight.subject.networks can be, since nothing else can be loaded without running its code."
            )
        about["architecture"] = own
    work: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        if theirs:
            _save_theirs(subject, work)
        else:
            from safetensors.torch import save_model

            save_model(subject.module, str(work / WEIGHTS))
        (work / DESCRIPTION).write_text(json.dumps(about, indent=1, sort_keys=True), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        # The description goes last: with it the folder is a subject.
        for file in sorted(work.iterdir(), key=lambda f: f.name == DESCRIPTION):
            os.replace(file, folder / file.name)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{folder} cannot be written ({reason}): free some space or choose another.") from error
    finally:
        if work is not None:
            shutil.rmtree(work, ignore_errors=True)


def _save_theirs(subject: Subject, work: Path) -> None:
    from fairfight.subject.loading import quiet

    with quiet():
        module: Any = subject.module
        module.save_pretrained(work, safe_serialization=True)
        if subject.tokenizer is not None:
            subject.tokenizer.save_pretrained(work)
