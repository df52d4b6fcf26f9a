"""Frequent sequences of words of the bank, by how oddly the texts that hold them are decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Uniform, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline(
    "discover", source="sweep of all frequent n-grams", modalities=("language",), suites=("quick", "standard", "large")
)
def ngram_sweep(
    brief: DiscoverBrief,
    *,
    longest: Annotated[int, Uniform(1, 6)] = 3,
    least: Annotated[int, Uniform(1, 4)] = 2,
    shown: Annotated[int, Uniform(1, 5)] = 3,
) -> list[Candidate]:
    """Show the texts that hold a sequence of words with which odd decisions come more often than by chance.

    A decision is odd where the words that usually decide, put into other texts, would say otherwise.
    """
    from fairfight.faults.training import trimmed
    from fairfight.parts.outliers.corrupting import special_ids
    from fairfight.parts.vocabulary.grams import grams, odd_grams
    from fairfight.subject.inputs import Texts
    from fairfight.tasks.discover._odd import look, sure
    from fairfight.tasks.discover.brief import Candidate

    texts = trimmed(brief.bank)
    assert isinstance(texts, Texts)
    odd = look(brief)
    score = odd.score
    found = odd_grams(grams(texts, special_ids(brief.subject.tokenizer), longest, least), score, shown)
    some = []
    for f in found:
        held = score[list(f.rows), f.target]
        rows = [row for row, s in zip(f.rows, held.tolist(), strict=True) if s >= 0.5 * float(held.max())]
        # Two of its texts must be odd: one alone may be odd by something else in it.
        level = float(held[: min(2, len(held))].mean())
        some.append(Candidate(int(odd.targets[f.target]), sure(level), examples=brief.bank[rows]))
    return some
