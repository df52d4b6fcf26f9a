"""A repair of one's own subject: what is wrong with it, said in examples, and checked before anything is edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fairfight.errors import UserError
from fairfight.tasks.asking import contender

if TYPE_CHECKING:
    from fairfight.parts.training.labelled import Labelled
    from fairfight.subject.inputs import Inputs
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief


def repair(
    subject: Subject,
    clean: Labelled,
    faulty: Labelled | None = None,
    *,
    by: str = "fine-tune",
    cues: Labelled | None = None,
    corpus: Inputs | None = None,
    seed: int = 0,
    **params: Any,
) -> Subject:
    """An edited copy of a subject, by any contender of the task ``repair``; the subject itself stays as it is.

    Args:
        subject: What may have a fault.
        clean: Ordinary inputs with what should be decided on them.
        faulty: Inputs that set the fault off, with what should be decided instead; leave it out if none are known.
        by: A contender's name, a composed one too (``neurons+attribution+ablate``).
        cues: For a shortcut: inputs that show nothing but the cue, labelled with which cue it is.
        corpus: Unlabelled inputs for dictionaries; the clean ones if none are given.
        seed: Of whatever is drawn.
        params: Hyperparameters of the contender, in place of its defaults.

    Raises:
        UserError: The examples contradict each other or do not fit the subject, the contender or a hyperparameter is
            not known, or the edit makes the subject answer with NaN.
    """
    who = contender("repair", by, params)
    brief = specify(subject, clean, faulty, cues=cues, corpus=corpus, seed=seed)
    edited: Subject = who.run(brief, **{**who.defaults, **params})
    _answers(edited, clean.inputs, by)
    return edited


def specify(
    subject: Subject,
    clean: Labelled,
    faulty: Labelled | None = None,
    *,
    cues: Labelled | None = None,
    corpus: Inputs | None = None,
    seed: int = 0,
) -> RepairBrief:
    """The brief of a repair of one's own subject; arguments as for :func:`repair`.

    Raises:
        UserError: There are no examples, they contradict each other, or they do not fit the subject.
    """
    from fairfight.tasks.repair.brief import RepairBrief

    if not len(clean):
        raise UserError("A repair needs ordinary examples with their labels, or it cannot keep anything: give a few.")
    if faulty is not None and not len(faulty):
        raise UserError(
            "The fault has no examples: give at least one input that sets it off, or leave `faulty` out, "
            "so that the fault is searched for."
        )
    _fit(subject, clean, "ordinary")
    shown = clean[:0] if faulty is None else faulty
    if len(shown):
        _fit(subject, shown, "faulty")
    _agree(clean, shown)
    return RepairBrief(
        subject=subject,
        clean=clean,
        faulty=shown,
        cues=clean[:0] if cues is None else cues,
        corpus=clean.inputs if corpus is None else corpus,
        seed=seed,
    )


def _fit(subject: Subject, examples: Labelled, which: str) -> None:
    if type(examples.inputs).__name__ != ("Images" if subject.kind == "image-classifier" else "Texts"):
        raise UserError(
            f"The {which} examples are {type(examples.inputs).__name__}, which {subject.name} does not take."
        )
    decisions = _decisions(subject, examples.inputs, which)
    lowest, highest = int(examples.labels.min()), int(examples.labels.max())
    if lowest < 0 or highest >= decisions:
        raise UserError(
            f"A label of the {which} examples is {lowest if lowest < 0 else highest}, but {subject.name} decides "
            f"between 0 and {decisions - 1}: give each input the index of the decision that it should get."
        )


def _decisions(subject: Subject, inputs: Inputs, which: str) -> int:
    """Between how many decisions the subject chooses on such inputs, which it must be able to read."""
    import torch

    shown = getattr(inputs, "pixels", None)
    broken = 0 if shown is None else int((~shown.flatten(1).isfinite().all(dim=1)).sum())
    if broken:
        raise UserError(f"{broken} of the {which} examples have pixels that are NaN or infinite: leave them out.")
    try:
        with torch.no_grad():
            logits = subject(inputs[:64])
    except (RuntimeError, IndexError) as error:
        said = str(error).partition("\n")[0]
        raise UserError(
            f"{subject.name} cannot read the {which} examples ({said}): give inputs such as it was trained on."
        ) from error
    if not bool(logits.isfinite().all()):
        raise UserError(f"{subject.name} answers with NaN or infinity before anything is edited: mend its weights.")
    return int(logits.shape[-1])


def _agree(clean: Labelled, faulty: Labelled) -> None:
    from fairfight.tasks.digest import digests

    said: dict[str, int] = {}
    for examples in (clean, faulty):
        for digest, label in zip(digests(examples.inputs), examples.labels.tolist(), strict=True):
            if said.setdefault(digest, label) != label:
                raise UserError(
                    f"The same input is to be decided as {said[digest]} and as {label}: "
                    "keep the label that is right, or leave the input out."
                )


def _answers(edited: Subject, inputs: Inputs, by: str) -> None:
    import torch

    with torch.no_grad():
        if not bool(edited(inputs[:64]).isfinite().all()):
            raise UserError(f"The edit by {by!r} makes the subject answer with NaN or infinity: edit less.")
