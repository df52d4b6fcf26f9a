"""An audit of one's own model: any module with data in memory, or folders and files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairfight.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from fairfight.audits.given import Given
    from fairfight.audits.mend import Mended
    from fairfight.audits.records import Evidence, Report
    from fairfight.audits.run import Now
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.subject import Kind, Subject

MENDED = "mended"
"""Where repaired copies lie."""


def audit(
    model: Subject | nn.Module | str | Path,
    data: Labelled | tuple[Any, Any] | str | Path,
    *,
    prepare: Callable[[Tensor], Tensor] | None = None,
    kind: Kind | None = None,
    classes: Sequence[str] = (),
    out: str | Path | None = None,
    budget: float = 600.0,
    spikes: int = 4,
    workers: int | None = None,
    seed: int = 0,
    watch: Callable[[Now], None] | None = None,
) -> Report:
    """Search a model for faults, keep those that hold up on data no search saw, and measure what would be missed.

    Args:
        model: A subject; an image classifier as any module; or a folder or hub name, loaded without running its code.
        data: Ordinary inputs with labels: :class:`~fairfight.parts.training.labelled.Labelled`; pictures [n, c, h, w]
            in [0, 1] with class numbers [n]; or a file or folder (see :func:`fairfight.audits.given.given`).
        prepare: From pictures in [0, 1] to what a module takes (normalising, say). It must let gradients through.
        kind: What a model in a folder does, where its files do not say.
        classes: The classes' names in the order of the logits.
        out: Folder for findings, and for what is needed to go on after a stop.
        budget: Seconds.
        spikes: Copies for every known fault and strength at most.
        workers: Processes; one a core by default.
        seed: Of whatever is drawn.
        watch: Called whenever something has been done.

    Raises:
        UserError: The model cannot be loaded, or the data are too few or do not fit it.
    """
    from fairfight.audits.run import audit as run

    subject, found = taken(model, data, prepare=prepare, kind=kind, classes=classes)
    return run(
        subject, found.clean, out=out, budget=budget, spikes=spikes, workers=workers, seed=seed,
        notes=found.notes, watch=watch,
    )  # fmt: skip


def reproduce(model: Any, data: Any, name: str, *, out: str | Path, seed: int = 0, **how: Any) -> Evidence:
    """Test a finding of an earlier audit again.

    Args:
        model: As for :func:`audit`.
        data: As for :func:`audit`.
        name: Of the finding ("F1").
        out: The folder of that audit.
        seed: Of that audit.
        how: ``prepare``, ``kind`` and ``classes`` as for :func:`audit`.

    Raises:
        UserError: There is no such finding, or the model or data cannot be used.
    """
    from fairfight.audits.evidence.reproducer import load
    from fairfight.audits.material import split

    folder = _folder(out, name)
    subject, found = taken(model, data, **how)
    return load(folder).test(subject, split(subject, found.clean, seed).held, seed)


def repaired(
    model: Any, data: Any, name: str, *, out: str | Path, seed: int = 0, by: str | None = None, **how: Any
) -> tuple[Mended, Path]:
    """Repair a finding of an earlier audit in a copy, look again, and save the copy beside the audit.

    Args:
        model: As for :func:`audit`. It and its files stay as they are.
        data: As for :func:`audit`.
        name: Of the finding.
        out: The folder of that audit; the copy goes to ``mended/NAME`` in it, as safetensors.
        seed: Of that audit.
        by: A contender of ``repair``; the one that won if not said.
        how: ``prepare``, ``kind`` and ``classes`` as for :func:`audit`.

    Raises:
        UserError: There is no such finding, the repair fails, or the copy would lie where the model is.
    """
    from fairfight.audits.evidence.reproducer import load
    from fairfight.audits.material import split
    from fairfight.audits.mend import BY, mend
    from fairfight.subject.saving import save

    folder = _folder(out, name)
    place = Path(out) / MENDED / name
    if isinstance(model, (str, Path)) and Path(model).exists() and place.resolve() == Path(model).resolve():
        raise UserError(f"The repaired copy would overwrite the model in {model}: choose another --out.")
    subject, found = taken(model, data, **how)
    done = mend(split(subject, found.clean, seed), load(folder), seed, by or BY)
    save(done.subject, place)
    return done, place


def taken(
    model: Any,
    data: Any,
    *,
    prepare: Callable[[Tensor], Tensor] | None = None,
    kind: Kind | None = None,
    classes: Sequence[str] = (),
) -> tuple[Subject, Given]:
    """A model and its data, as an audit works with them; arguments as for :func:`audit`.

    Raises:
        UserError: They cannot be loaded or do not fit together.
    """
    from torch import nn

    from fairfight.audits.given import Given, given
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.loading import load
    from fairfight.subject.subject import Subject
    from fairfight.tasks.discover.asked import check

    if isinstance(data, tuple):
        data = _pictures(*data)
    if isinstance(model, (str, Path)):
        model = load(model, kind, classes=classes)
    elif isinstance(model, nn.Module):
        model = _wrapped(model, data, prepare, classes)
    if not isinstance(model, Subject):
        raise UserError("The model is to be a torch module, a subject, or the name of a folder or of a hub model.")
    if isinstance(data, (str, Path)):
        return model, given(model, data)
    if not isinstance(data, Labelled):
        raise UserError("The data are to be pictures with labels, a Labelled, or a file or folder with them.")
    if len(data):
        check(model, data)
    return model, Given(data, ())


def _wrapped(
    model: nn.Module, data: Any, prepare: Callable[[Tensor], Tensor] | None, classes: Sequence[str]
) -> Subject:
    from fairfight.audits.prepared import Prepared
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.wrapping import wrap

    if not isinstance(data, Labelled):
        raise UserError("A module is audited with pictures in memory: give (pictures, labels) as data.")
    module = model if prepare is None else Prepared(model, prepare)
    name = type(model).__name__
    return wrap(module, "image-classifier", name=name, classes=classes, example=data.inputs[:2])


def _pictures(pixels: Any, labels: Any) -> Labelled:
    import torch

    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.inputs import Images

    try:
        x, y = torch.as_tensor(pixels, dtype=torch.float32), torch.as_tensor(labels, dtype=torch.long)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(f"Pictures and labels are to be arrays of numbers ({error}).") from error
    if x.ndim != 4 or y.ndim != 1:
        raise UserError(f"Pictures are to be [n, c, h, w] and labels [n], not {list(x.shape)} and {list(y.shape)}.")
    return Labelled(Images(x), y)


def _folder(out: str | Path, name: str) -> Path:
    from fairfight.audits.run import FINDINGS

    folder = Path(out) / FINDINGS / name
    if not name.isalnum() or not folder.is_dir():
        base = Path(out) / FINDINGS
        known = ", ".join(sorted(d.name for d in base.iterdir())) if base.is_dir() else ""
        raise UserError(f"There is no finding {name!r} in {out}: known are {known or 'none'}.")
    return folder
