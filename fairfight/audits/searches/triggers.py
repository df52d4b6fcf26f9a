"""Patterns or words that bring any input to one decision, by the searches for trojans that did well in the ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fairfight.audits.evidence.picture_trigger import PictureTrigger
from fairfight.audits.evidence.text_trigger import TextTrigger
from fairfight.audits.material import Material
from fairfight.audits.names import decision
from fairfight.audits.records import Suspicion
from fairfight.audits.searches.registry import search
from fairfight.parts.attacks.sequences import Put
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Images
from fairfight.tasks.asking import contender
from fairfight.tasks.discover.brief import CLAIM, Candidate, DiscoverBrief

PICTURES = ("neural-cleanse", "agreed-patch")
TEXTS = ("token-sweep", "phrase-search", "universal-trigger")
"""Contenders of ``discover`` that hand in changes of inputs and need none in which the trigger occurs: clean data have
none."""

DOUBTFUL = 2
"""Suspicions that are handed in though nobody claims them."""
LARGE = 96 * 96
"""Pixels of a picture from which only the cheapest contender looks: patches at every place would take minutes."""
LONGER: dict[str, Any] = {"steps": 160}
"""How it looks there: in 40 steps a patch in MobileNetV2 is no smaller than another class's pattern, in 160 it is."""


@dataclass(frozen=True)
class Seen:
    """One class's best trigger, and whose it is."""

    shown: PictureTrigger | TextTrigger
    confidence: float
    by: str


@search("trigger", "hidden triggers: a small pattern that brings any picture to one class", ("image-classifier",))
def in_pictures(material: Material, seed: int) -> list[Suspicion]:
    """See :func:`_sought`."""
    return _sought(material, PICTURES, seed)


@search("words", "hidden triggers: words that bring any text to one decision", ("text-classifier", "causal-lm"))
def in_texts(material: Material, seed: int) -> list[Suspicion]:
    """See :func:`_sought`."""
    return _sought(material, TEXTS, seed)


def _sought(material: Material, names: tuple[str, ...], seed: int) -> list[Suspicion]:
    """The contenders look at one half of the data; a class that one claims must be claimed again on the other half.

    The cheapest looks first, and none looks after one that claims a class.
    """
    first, second = material.halves()
    if _large(first):
        names = names[:1]
    seen: dict[int, Seen] = {}
    asked: list[str] = []
    for name in names:
        asked.append(name)
        mine = _look(material, first, name, seed)
        claims = {t for t, s in mine.items() if s.confidence >= CLAIM}
        seen |= {t: s for t, s in mine.items() if t not in seen or s.confidence > seen[t].confidence}
        if claims:
            again = _look(material, second, name, seed + 1)
            claims &= {t for t, s in again.items() if s.confidence >= CLAIM}
            break
    else:
        claims = set()
    which = "words" if material.subject.kind != "image-classifier" else "trigger"
    found = []
    # What nobody claims is tested too, but every test costs as many passes as a search: the two likeliest will do.
    surest = sorted(seen.items(), key=lambda one: -one[1].confidence)
    for i, (target, s) in enumerate(surest):
        if s.confidence < CLAIM and i >= DOUBTFUL:
            break
        by = (s.by,) if s.confidence >= CLAIM else ()
        missed = tuple(n for n in asked if n not in by)
        found.append(Suspicion(which, _claim(material, s.shown), s.shown, s.confidence, by, missed, target in claims))
    return found


def _large(given: Labelled) -> bool:
    return isinstance(given.inputs, Images) and given.inputs.pixels[0, 0].numel() > LARGE


def _look(material: Material, clean: Labelled, name: str, seed: int) -> dict[int, Seen]:
    """One contender's surest trigger of every class."""
    who = contender("discover", name, {})
    brief = DiscoverBrief(material.subject, clean, clean.inputs, seed)
    candidates: list[Candidate] = who.run(brief, **who.defaults | (LONGER if _large(clean) else {}))
    found: dict[int, Seen] = {}
    for c in candidates:
        shown = _shown(c, clean)
        if shown is not None and (c.target not in found or c.confidence > found[c.target].confidence):
            found[c.target] = Seen(shown, c.confidence, name)
    return found


def _shown(candidate: Candidate, clean: Labelled) -> PictureTrigger | TextTrigger | None:
    """The candidate's change as something that can be kept; none of what only shows examples."""
    if isinstance(candidate.change, Put):
        return TextTrigger(candidate.change.tokens, candidate.target)
    if candidate.change is None or not isinstance(clean.inputs, Images):
        return None
    return PictureTrigger.of(candidate.change, candidate.target, clean.inputs)


def _claim(material: Material, shown: PictureTrigger | TextTrigger) -> str:
    to = decision(material.subject, shown.target)
    if isinstance(shown, PictureTrigger):
        return f"A pattern over about {shown.pixels:.0f} pixels ({shown.share:.0%}) brings pictures to {to}."
    tokenizer = material.subject.tokenizer
    said = tokenizer.decode(list(shown.tokens)) if tokenizer else " ".join(map(str, shown.tokens))
    return f"{said!r} in a text brings it to {to}."
