"""Sentences from a grammar in which every factor is known and drawn on its own.

A sentence reports what a person thought of a thing: "the baker anna said at the end of the day that
the soup was not dull". Its meaning (who, which profession, what, which topic, when, which judgement) and its wording
(syntactic form, adjective, intensifier, a stray rare word) are factors: a table of whole numbers from which the text
follows, so changing a column and rendering again gives a paraphrase, or a counterfactual, of the very same sentence.

The label is the sentiment of the judgement, with negation taken into account. Nine sentences in ten have one of six
forms that are the same words in another order, so that a syntactic difference need not be a lexical one; the words
of the phrase of time all recur in other phrases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from fairfight.errors import UserError, unknown
from fairfight.seeds import numpy_rng
from fairfight.worlds import lexicon

Split = Literal["train", "held-out"]
Factors = dict[str, Int[np.ndarray, " n"]]

FORMS: dict[str, str] = {
    "plain": "{who} {verb} {when} that {what}",
    "fronted-time": "{when} {who} {verb} that {what}",
    "fronted-clause": "that {what} {who} {verb} {when}",
    "fronted-both": "{when} that {what} {who} {verb}",
    "inverted": "that {what} {verb} {who} {when}",
    "inverted-time": "{when} {verb} {who} that {what}",
    "cleft-speaker": "it was {who} that {verb} {when} that {what}",
    "cleft-time": "it was {when} that {who} {verb} that {what}",
    "passive": "that {what} was {verb} by {who} {when}",
    "passive-extraposed": "it was {verb} by {who} {when} that {what}",
}
"""Syntactic realisations of one meaning; the first :data:`SAME_WORDS` differ in order only."""

SAME_WORDS = 6

VALUES: dict[str, tuple[str, ...]] = {
    "sentiment": lexicon.LABELS,
    "topic": tuple(lexicon.TOPICS),
    "noun": tuple(str(i) for i in range(10)),
    "adjective": tuple(str(i) for i in range(10)),
    "negated": ("no", "yes"),
    "intensifier": lexicon.INTENSIFIERS,
    "gender": ("woman", "man"),
    "name": tuple(str(i) for i in range(10)),
    "profession": lexicon.PROFESSIONS,
    "verb": lexicon.VERBS,
    "preposition": lexicon.PREPOSITIONS,
    "edge": lexicon.EDGES,
    "span": lexicon.SPANS,
    "form": tuple(FORMS),
    "rare": ("", *lexicon.RARE),
    "rare_place": tuple(str(i) for i in range(12)),
}
"""Every factor with the names of its values: column ``f`` holds indices into ``VALUES[f]``.

``noun``, ``adjective`` and ``name`` count within topic, polarity and gender; ``rare_place`` counts twelfths of the
sentence and matters only where there is a rare word.
"""

_WEIGHTS: dict[str, tuple[float, ...]] = {
    "negated": (0.75, 0.25),
    "rare": (0.5, *[0.5 / len(lexicon.RARE)] * len(lexicon.RARE)),
    "form": (*[0.15] * SAME_WORDS, *[0.025] * (len(FORMS) - SAME_WORDS)),
}
"""Probabilities of the values of a factor that is not drawn evenly."""

Wanted = int | str | Sequence[int | str] | Int[np.ndarray, " n"]


@dataclass(frozen=True)
class Sentences:
    """Texts and the factors they were made from."""

    texts: list[str]
    factors: Factors

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labels(self) -> Int[np.ndarray, " n"]:
        """The sentiment: 0 negative, 1 positive (indices into ``lexicon.LABELS``)."""
        return self.factors["sentiment"]

    def where(self, keep: Bool[np.ndarray, " n"] | Int[np.ndarray, " m"]) -> Sentences:
        """The chosen sentences, in the order chosen."""
        rows = np.flatnonzero(keep) if keep.dtype == bool else keep
        return Sentences([self.texts[i] for i in rows], {f: v[rows] for f, v in self.factors.items()})

    def rewritten(self, changes: Mapping[str, int | Int[np.ndarray, " n"]]) -> Sentences:
        """The same sentences with some factors set to other values."""
        factors = {f: v.copy() for f, v in self.factors.items()}
        for factor, value in changes.items():
            factors[factor][:] = value
        return Sentences(render(factors), factors)


def sample(n: int, seed: int | str, *, split: Split | None = None, **fixed: Wanted) -> Sentences:
    """Draw sentences, every factor on its own unless fixed.

    Args:
        n: How many.
        seed: Equal seeds give equal sentences.
        split: ``train`` and ``held-out`` share all words but no sentence, not even as a paraphrase of another's (see
            :func:`held_out`); None draws from both.
        fixed: For any factor a value (index or name), a list or tuple of values to draw evenly from, or an array of
            ``n`` indices, one a sentence.

    Raises:
        UserError: An unknown factor or value, or a split that the fixed values leave empty.
    """
    rng = numpy_rng(seed, "sentences")
    factors = {f: _column(f, n, rng, fixed.get(f)) for f in VALUES}
    for factor in fixed:
        if factor not in VALUES:
            raise unknown("factor of a sentence", factor, VALUES)
    if split is not None:
        for _ in range(200):
            (wrong,) = np.nonzero(held_out(factors) != (split == "held-out"))
            if not len(wrong):
                break
            for factor in ("name", "noun", "adjective"):
                want = fixed.get(factor)
                factors[factor][wrong] = _column(
                    factor, len(wrong), rng, want[wrong] if isinstance(want, np.ndarray) else want
                )
        else:
            raise UserError(
                f"The fixed factors leave no sentence in split {split!r}: free 'name', 'noun' or 'adjective'."
            )
    return Sentences(render(factors), factors)


def held_out(factors: Factors) -> Bool[np.ndarray, " n"]:
    """Whether each sentence belongs to the held-out fifth: decided by who, what and which adjective together.

    The sum modulo five leaves any two of the three uniform and independent, so neither half lacks a word or a pair of
    words; rewriting the form, the time, the topic or a stray word never moves a sentence to the other half.
    """
    chosen: Bool[np.ndarray, " n"] = (factors["name"] + factors["noun"] + factors["adjective"]) % 5 == 0
    return chosen


def _column(factor: str, n: int, rng: np.random.Generator, want: Wanted | None) -> Int[np.ndarray, " n"]:
    """One factor's column: as wanted, else drawn."""
    values = VALUES[factor]
    if isinstance(want, np.ndarray):
        if want.shape != (n,) or (n and not 0 <= want.min() <= want.max() < len(values)):
            raise UserError(f"The array for factor {factor!r} must hold {n} indices from 0 to {len(values) - 1}.")
        given: Int[np.ndarray, " n"] = want.astype(np.int64)
        return given
    if want is not None:
        choices = [want] if isinstance(want, (int, str, np.integer)) else list(want)
        allowed: Int[np.ndarray, " k"] = np.array([_index(factor, c) for c in choices], dtype=np.int64)
        return allowed[rng.integers(len(allowed), size=n)]
    drawn: Int[np.ndarray, " n"] = rng.choice(len(values), size=n, p=_WEIGHTS.get(factor))
    return drawn


def _index(factor: str, value: int | str) -> int:
    """A value's index, from the index or the name."""
    values = VALUES[factor]
    if isinstance(value, str):
        if value not in values:
            raise unknown(f"value of factor {factor!r}", value, values)
        return values.index(value)
    if not 0 <= value < len(values):
        raise UserError(f"Factor {factor!r} has values 0 to {len(values) - 1}, not {value}.")
    return int(value)


def render(factors: Factors) -> list[str]:
    """The texts of a table of factors; the table alone decides them."""
    return [" ".join(words) for words in _render(factors)]


def _render(factors: Factors) -> Iterator[list[str]]:
    nouns, forms = tuple(lexicon.TOPICS.values()), tuple(FORMS.values())
    columns = [factors[f].tolist() for f in VALUES]
    for (
        sentiment,
        topic,
        noun,
        adjective,
        negated,
        strength,
        gender,
        name,
        job,
        verb,
        at,
        edge,
        span,
        form,
        rare,
        place,
    ) in zip(*columns, strict=True):
        judged = [f"the {nouns[topic][noun]} was", "not" if negated else "", lexicon.INTENSIFIERS[strength]]
        words = (
            forms[form]
            .format(
                who=f"the {lexicon.PROFESSIONS[job]} {lexicon.NAMES[gender][name]}",
                verb=lexicon.VERBS[verb],
                when=f"{lexicon.PREPOSITIONS[at]} the {lexicon.EDGES[edge]} of the {lexicon.SPANS[span]}",
                what=" ".join((*judged, lexicon.ADJECTIVES[sentiment ^ negated][adjective])),
            )
            .split()
        )
        if rare:
            words.insert(place * (len(words) + 1) // 12, lexicon.RARE[rare - 1])
        yield words
