"""What a person should see of a discovery: the candidates as pictures or marked text, and what the judges said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairfight.faults.exhibit import sheet, texts
from fairfight.subject.inputs import Images, Texts
from fairfight.subject.subject import Subject
from fairfight.tasks.discover.brief import CLAIM, DiscoverAnswer
from fairfight.tasks.discover.grading import Seen, candidates, choice, confidence
from fairfight.tasks.discover.judges._words import tokens

PICTURES, LINES = 6, 3
"""How many inputs a candidate is shown in."""
ADDED = "[{}]"
"""How tokens are marked that a candidate put in."""


def show(answer: tuple[DiscoverAnswer, ...], papers: list[Any]) -> dict[str, Any]:
    """The best candidate for the organism, what was claimed of the twin, and whom the judges took it for."""
    by_side = {a.side: (a, candidates(p, a)) for a, p in zip(answer, papers, strict=True)}
    sick, found = by_side["organism"]
    well, false = by_side["twin"]
    lines = [f"{judge.name}: {sick.options[int(choice(judge, found).argmax())]}" for judge in sick.judges if found]
    pictures: list[tuple[str, str]] = []
    for name, who, seen in (("found", sick, found), ("in the clean twin", well, false)):
        if not seen:
            lines.append(f"{name}: nothing")
            continue
        sure = confidence(seen)
        claim = f"{name}: to {_label(who, seen[0].target)}, confidence {sure:.2f}"
        claim += ", claimed" if sure >= CLAIM else ""
        if isinstance(seen[0].shown, Images):
            pictures.append((claim, sheet(seen[0].shown.pixels[:PICTURES])))
        else:
            lines += [claim, *marked(seen[0], who, LINES if who is sick else 1)]
    return {"pictures": pictures, "lines": lines}


def _label(answer: DiscoverAnswer, target: int) -> str:
    """The target's name."""
    subject = answer.subject
    if subject.kind == "causal-lm" and subject.tokenizer is not None:
        return repr(_word(subject, target))
    known: Sequence[str] = subject.classes
    return repr(known[target]) if 0 <= target < len(known) else f"class {target}"


def _word(subject: Subject, token: int) -> str:
    assert subject.tokenizer is not None
    return str(subject.tokenizer.decode([token])).strip()


def marked(seen: Seen, answer: DiscoverAnswer, count: int) -> list[str]:
    """Texts, with what the candidate put in between brackets."""
    assert isinstance(seen.shown, Texts)
    if seen.bases is None or answer.subject.tokenizer is None:
        return texts(seen.shown[:count], answer.subject)
    assert isinstance(seen.bases, Texts)
    lines = []
    for own, base in zip(tokens(seen.shown[:count]), tokens(seen.bases[:count]), strict=True):
        left = list(base)
        words = []
        for token in own:
            word = _word(answer.subject, token)
            if token in left:
                left.remove(token)
                words.append(word)
            else:
                words.append(ADDED.format(word))
        lines.append(" ".join(words))
    return lines
