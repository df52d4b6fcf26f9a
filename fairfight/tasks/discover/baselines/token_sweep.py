"""Every token of the vocabulary, put into clean texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Log, baseline

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@baseline("discover", source="sweep of all single tokens; Ebrahimi et al. 2018 (HotFlip)", modalities=("language",))
def token_sweep(
    brief: DiscoverBrief,
    *,
    texts: Annotated[int, Log(6, 24)] = 12,
    tokens: Annotated[int, Log(128, 1024)] = 512,
) -> list[Candidate]:
    """Try every token between the words of clean texts; one that works far better than any other is claimed.

    Of vocabularies larger than ``tokens``, those that a first-order estimate chooses are tried.
    """
    from fairfight.parts.attacks.tokens import sweep_tokens
    from fairfight.tasks.discover._claims import claimed

    return claimed(sweep_tokens(brief.subject, brief.clean, seed=brief.seed, texts=texts, most=tokens))
