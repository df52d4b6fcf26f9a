"""Tokens that a language model cannot say: those whose embeddings look untaught, each asked for.

In the task ``spot`` rankings by embeddings found most of them with a tenth of the queries that asking for every token
takes.
"""

from __future__ import annotations

import torch

from fairfight.audits.evidence.unsayable import Unsayable, prompts, sayable
from fairfight.audits.material import Material
from fairfight.audits.records import Suspicion
from fairfight.audits.searches.registry import search
from fairfight.parts.vocabulary.embeddings import allowed, smallness, strangeness
from fairfight.parts.vocabulary.repeating import repeated

ASKED = 128
"""Tokens that are asked for at most, by each ranking."""
FEW = 4
"""Prompts that each is asked for in."""
ABLE = 0.5
"""Share of the data's own tokens that the model must repeat, or its failures say nothing."""
NAMED = 8
"""Tokens that are written out."""


@search("glitch", "tokens that it cannot say", ("causal-lm",))
def glitch(material: Material, seed: int) -> list[Suspicion]:
    """One suspicion that names all tokens which failed in most prompts; none of a model that repeats nothing."""
    subject = material.subject
    asked = prompts(subject, material.search)[:FEW]
    usual = sayable(subject, material.search)
    if not len(asked) or not len(usual):
        return []
    able = repeated(subject, asked, usual[:: max(1, len(usual) // ASKED)])
    if float((able > 0.5).float().mean()) < ABLE:
        return []
    every = allowed(subject)
    ranks = (strangeness(subject)[every, 0], smallness(subject)[every])
    odd = torch.cat([every[r.topk(min(ASKED, len(every))).indices] for r in ranks]).unique()
    right = repeated(subject, asked, odd)
    found = odd[right < 0.5]
    if not len(found):
        return []
    tokens = tuple(found.tolist())
    said = ", ".join(repr(subject.tokenizer.decode([t])) if subject.tokenizer else str(t) for t in tokens[:NAMED])
    more = f" and {len(tokens) - NAMED} more" if len(tokens) > NAMED else ""
    claim = f"It cannot say {said}{more}: asked to repeat {'it' if len(tokens) == 1 else 'one of them'}, it fails."
    return [Suspicion("glitch", claim, Unsayable(tokens), 1.0, ("embedding-geometry", "embedding-norm"))]
