"""What every reproducer can do, and how one is written to a folder and read again."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fairfight.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.audits.records import Evidence, Severity
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.subject import Subject

ABOUT, TENSORS = "reproducer.json", "reproducer.safetensors"


class Reproducer(Protocol):
    """Shows one suspected fault on any inputs."""

    kind: str

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """How often the fault shows in inputs that no search saw, beside matched controls."""
        ...

    def why_not(self, evidence: Evidence) -> str | None:
        """Why so much would not matter even if it is no chance; none if it matters."""
        ...

    def severity(self, evidence: Evidence) -> Severity:
        """How bad it is if it holds."""
        ...

    def plain(self) -> dict[str, Any]:
        """All of it but tensors, as JSON values."""
        ...

    def tensors(self) -> Mapping[str, Tensor]:
        """Its tensors by name."""
        ...


def save(reproducer: Reproducer, folder: Path) -> None:
    """Two files: JSON, and safetensors if there are tensors."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    if found := _tensors(reproducer):
        save_file(found, str(folder / TENSORS))
    text = json.dumps({"kind": reproducer.kind, **reproducer.plain()}, indent=1, allow_nan=False)
    (folder / ABOUT).write_text(text, encoding="utf-8")


def load(folder: Path) -> Reproducer:
    """What :func:`save` wrote.

    Raises:
        UserError: The files are missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        return _read(about, load_file(folder / TENSORS) if (folder / TENSORS).exists() else {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise UserError(f"{folder} holds no reproducer that can be read: run the audit again.") from error


def packed(reproducer: Reproducer) -> dict[str, Any]:
    """All of it as JSON values."""
    from safetensors.torch import save as to_bytes

    text = base64.b64encode(to_bytes(_tensors(reproducer))).decode()
    return {"kind": reproducer.kind, **reproducer.plain(), "tensors": text}


def unpacked(about: Mapping[str, Any]) -> Reproducer:
    """What :func:`packed` made."""
    from safetensors.torch import load as from_bytes

    return _read(about, from_bytes(base64.b64decode(about["tensors"])))


def _tensors(reproducer: Reproducer) -> dict[str, Tensor]:
    return {name: t.contiguous() for name, t in reproducer.tensors().items()}


def _read(about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Reproducer:
    from fairfight.audits.evidence.picture_trigger import PictureTrigger
    from fairfight.audits.evidence.slice import Slice
    from fairfight.audits.evidence.text_trigger import TextTrigger
    from fairfight.audits.evidence.unsayable import Unsayable

    kinds: dict[str, Any] = {k.kind: k for k in (PictureTrigger, TextTrigger, Slice, Unsayable)}
    found: Reproducer = kinds[about["kind"]].read(about, tensors)
    return found
