"""Tokens that look suspicious by their embeddings alone; the subject is not run on any text."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.attacks.checking import check_target
from fairfight.parts.attacks.holes import embedding
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.subject.subject import Subject


def allowed(subject: Subject) -> Int[Tensor, " v"]:
    """Tokens that are not special."""
    every = torch.arange(len(embedding(subject)))
    return every[~torch.isin(every, special_ids(subject.tokenizer))]


@torch.no_grad()
def pointing(subject: Subject, targets: Int[Tensor, " k"]) -> Float[Tensor, "v k"]:
    """How far each token's embedding, read through the logit lens, points at each target (nostalgebraist 2020).

    Log-odds of the target among all targets, above what is usual over the vocabulary. The lens reads at the decision;
    a token's embedding is read as if it stood there, unchanged by all layers.

    Raises:
        UserError: The subject has no readout, or a target does not exist.
    """
    for target in targets.tolist():
        check_target(subject, target)
    said = subject.readout(embedding(subject))[:, targets.to(subject.device)].cpu().log_softmax(1)
    return (said - said.mean(0)) / said.std(0).clamp_min(1e-6)


@torch.no_grad()
def strangeness(subject: Subject) -> Float[Tensor, "v 2"]:
    """How near each token's embedding is to the middle of all, and how far off (Rumbelow & Watkins 2023).

    Tokens that training hardly ever met stay where they began, near the middle or at an odd length; those that were
    met for one purpose alone are far out. Both are given in standard deviations: nearness, then farness.
    """
    table = embedding(subject).cpu()
    own = table[allowed(subject)]
    away = (table - own.mean(0)).norm(dim=1)
    typical = (away[allowed(subject)].mean(), away[allowed(subject)].std().clamp_min(1e-6))
    far = (away - typical[0]) / typical[1]
    return torch.stack([-far, far], dim=1)


@torch.no_grad()
def smallness(subject: Subject) -> Float[Tensor, " v"]:
    """Minus the length of each token's embedding: training moves those that it meets away from where they began."""
    lengths: Tensor = embedding(subject).cpu().norm(dim=1)
    return -lengths


@torch.no_grad()
def unspoken(subject: Subject, unused: Int[Tensor, " u"]) -> Float[Tensor, " v"]:
    """How much each token's row of the unembedding is like those of tokens that are never said (Land & Bartolo 2024).

    All that training never asks for is pushed the same way, down in every context. The cosine with the mean row of
    tokens known to be unused, after what all rows have in common is taken out.

    Args:
        subject: A causal language model.
        unused: At least one token that occurs in no text, such as special ones.

    Raises:
        UserError: The subject has no unembedding, or no token is given.
    """
    if not subject.anatomy.head or not len(unused):
        raise UserError(f"{subject.name} is compared by its unembedding: it needs one, and at least one unused token.")
    head = subject.module.get_submodule(subject.anatomy.head[-1])
    assert isinstance(head.weight, Tensor)
    rows = head.weight.detach().cpu()
    rows = rows - rows[allowed(subject)].mean(0)
    return torch.nn.functional.cosine_similarity(rows, rows[unused].mean(0)[None], dim=1)
