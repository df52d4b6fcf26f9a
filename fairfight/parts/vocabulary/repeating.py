"""Whether a language model can say a token: it is asked to repeat it (Rumbelow & Watkins 2023)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.faults.training import trimmed
from fairfight.parts.attacks.checking import check_target, check_texts
from fairfight.parts.attacks.sequences import ROWS
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject


@torch.no_grad()
def repeated(subject: Subject, prompts: Labelled, tokens: Int[Tensor, " m"]) -> Float[Tensor, " m"]:
    """In which share of some prompts each token is said when it is asked for; greedily, as at temperature zero.

    Args:
        subject: A causal language model.
        prompts: Each asks to repeat its label, which stands in it: the token takes its place.
        tokens: What is asked for.

    Raises:
        UserError: The subject is no language model, a token does not exist, or a prompt does not hold its label.
    """
    if subject.kind != "causal-lm":
        raise UserError(f"{subject.name} repeats nothing: give a causal language model.")
    check_texts(subject, prompts)
    if not len(tokens):
        return torch.zeros(0)
    for token in (int(tokens.min()), int(tokens.max())):
        check_target(subject, token)
    texts = trimmed(prompts.inputs)
    assert isinstance(texts, Texts)
    at = (texts.ids == prompts.labels[:, None]) & texts.mask.bool()
    if not bool(at.any(1).all()):
        raise UserError("A prompt does not hold what it asks for: leave out those without their label in them.")
    found = []
    for some in tokens.split(max(1, ROWS // len(texts))):
        each = some.repeat_interleave(len(texts))
        ids = texts.ids.repeat(len(some), 1)
        asked = Texts(torch.where(at.repeat(len(some), 1), each[:, None], ids), texts.mask.repeat(len(some), 1))
        found.append((subject(asked).argmax(1).cpu() == each).float().view(len(some), -1).mean(1))
    return torch.cat(found)
