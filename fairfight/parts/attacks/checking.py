"""What can be wrong with texts, labels and targets before a trigger is sought: one sentence each."""

from __future__ import annotations

from typing import Any

import torch

from fairfight.errors import UserError
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject


def check_texts(subject: Subject, clean: Any, *others: Any) -> None:
    """Make sure that tokens can be sought in a subject by these texts.

    Args:
        subject: A text classifier or causal language model; it is not run.
        clean: Ordinary texts with what should be decided (:class:`~fairfight.parts.training.labelled.Labelled`).
        others: Texts without labels.

    Raises:
        UserError: The subject does not read texts, or decides between fewer than two things; there are no texts, one is
            empty or has tokens that the subject does not know; they have no labels, or a label is none of its
            decisions.
    """
    if subject.kind == "image-classifier":
        raise UserError(f"{subject.name} decides on pictures: tokens are sought in subjects that read texts.")
    for label in _labels(clean).unique().tolist():
        check_target(subject, label)
    for some in (clean.inputs, *others):
        _check_tokens(subject, some)


def check_target(subject: Subject, target: int) -> None:
    """Make sure that a subject can decide so.

    Raises:
        UserError: It decides between fewer than two things, or the target is none of them.
    """
    count = decisions(subject)
    if count < 2:
        raise UserError(f"{subject.name} knows one class only: a trigger needs a subject of two classes or more.")
    if not 0 <= target < count:
        what = "class" if subject.kind == "text-classifier" else "token"
        raise UserError(
            f"There is no {what} {target} in {subject.name}: labels and targets go from 0 to {count - 1}; leave texts "
            "without a label out."
        )


def decisions(subject: Subject) -> int:
    """How many things a subject of texts decides between: classes, or tokens that may come next."""
    if subject.kind == "causal-lm":
        return tokens_of(subject)
    known = len(subject.classes) or getattr(getattr(subject.module, "config", None), "num_labels", None)
    if known:
        return int(known)
    one = Texts(torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.long))
    with torch.no_grad():
        return int(subject(one).shape[1])


def tokens_of(subject: Subject) -> int:
    """How many tokens a subject has embeddings for."""
    module: Any = subject.module.get_submodule(subject.site("embed").module)
    return len(module.weight)


def _labels(clean: Any) -> torch.Tensor:
    labels = getattr(clean, "labels", None)
    if not isinstance(labels, torch.Tensor) or labels.is_floating_point():
        raise UserError("The clean texts have no labels: give each the class, or the token, that should be decided.")
    if not len(labels):
        raise UserError("There are no clean texts: give at least four, of two labels or more.")
    return labels


def _check_tokens(subject: Subject, texts: Any) -> None:
    if not isinstance(texts, Texts):
        raise UserError(f"{subject.name} reads texts: give token ids, as its method encode makes them of texts.")
    if not len(texts):
        raise UserError("There are no texts to search with: give at least one.")
    lengths, rows = texts.mask.sum(1), tokens_of(subject)
    if not bool(lengths.all()):
        raise UserError(f"Text {int((lengths == 0).long().argmax())} is empty: leave texts without tokens out.")
    outside = texts.ids[(texts.ids < 0) | (texts.ids >= rows)]
    if len(outside):
        raise UserError(
            f"{subject.name} has no token {int(outside[0])}, only 0 to {rows - 1}: encode texts with its own tokenizer."
        )
