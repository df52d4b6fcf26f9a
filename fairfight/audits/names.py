"""What decisions are called."""

from __future__ import annotations

from fairfight.subject.subject import Subject


def decision(subject: Subject, label: int) -> str:
    """The class's name, or the token that comes next."""
    if subject.kind == "causal-lm":
        return repr(subject.tokenizer.decode([label])) if subject.tokenizer else f"token {label}"
    return repr(subject.classes[label]) if label < len(subject.classes) else f"class {label}"
