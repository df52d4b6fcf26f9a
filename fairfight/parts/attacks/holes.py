"""Texts with room for a sequence of tokens that is being sought, and the target's loss with many sequences in it.

In a causal language model what stands before the room is the same for all sequences: its keys and values are computed
once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.attacks.checking import check_target
from fairfight.parts.attacks.insertion import Insertion
from fairfight.parts.attacks.sequences import ROWS
from fairfight.parts.attacks.trigger import frozen
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.subject.inputs import Texts
from fairfight.subject.pooling import last_tokens
from fairfight.subject.subject import Subject

Memory = list[tuple[Tensor, Tensor]]
"""Keys and values of every layer, a row a text."""


@dataclass(frozen=True)
class Hole:
    """Texts of other decisions than the target, with room."""

    subject: Subject
    texts: Texts
    at: Bool[Tensor, "n tokens"]
    """Where the room is."""
    target: int
    start: int
    """Columns before it, of all texts."""
    memory: Memory | None
    """What is remembered of them; None where nothing can be."""

    @classmethod
    @torch.no_grad()
    def of(
        cls, subject: Subject, texts: Texts, target: int, length: int, way: Insertion, *, cached: bool = True
    ) -> Hole:
        """Room for so many tokens in every text.

        Raises:
            UserError: The target does not exist, or every token of the vocabulary stands in the texts.
        """
        check_target(subject, target)
        rows = len(embedding(subject))
        unused = ~torch.isin(torch.arange(rows), torch.cat([texts.ids.unique(), special_ids(subject.tokenizer)]))
        if not bool(unused.any()):
            raise UserError("Every token of the vocabulary stands in the texts: give fewer texts.")
        mark = int(torch.nonzero(unused)[0])
        opened = way.put(texts, torch.full((1, length), mark))
        at = opened.ids == mark
        start = int(at.long().argmax(1).min())
        memory = None
        if cached and start > 0 and subject.kind == "causal-lm":
            memory = _remembered(subject, Texts(opened.ids[:, :start], opened.mask[:, :start]))
        return cls(subject, opened, at, target, start, memory)

    @property
    def table(self) -> Float[Tensor, "v d"]:
        """The subject's embedding of every token."""
        return embedding(self.subject)

    def filled(self, sequences: Int[Tensor, "m l"]) -> Texts:
        """All texts with the first sequence, then all with the second, and so on."""
        m, each = len(sequences), sequences.repeat_interleave(len(self.texts), 0)
        ids = self.texts.ids.repeat(m, 1).masked_scatter(self.at.repeat(m, 1), each)
        return Texts(ids, self.texts.mask.repeat(m, 1))

    @torch.no_grad()
    def losses(self, sequences: Int[Tensor, "m l"]) -> Float[Tensor, " m"]:
        """The target's mean loss over the texts with each sequence in them."""
        found = []
        for some in sequences.split(max(1, ROWS // len(self.texts))):
            texts = self.filled(some)
            logits = self.subject(texts) if self.memory is None else self._after(texts, len(some))
            found.append(-logits.log_softmax(1)[:, self.target].view(len(some), -1).mean(1).cpu())
        return torch.cat(found)

    def slopes(self, sequence: Int[Tensor, " l"]) -> Float[Tensor, "l v"]:
        """By how much the loss rises with each token at each place, were it linear in the token's embedding."""
        made: list[Tensor] = []

        def watched(x: Tensor) -> Tensor:
            made.append(x.detach().requires_grad_(True))
            return made[-1]

        with torch.enable_grad(), frozen(self.subject.module), self.subject.hooks(writes={"embed": watched}):
            logits = self.subject(self.filled(sequence[None]))
            (gradient,) = torch.autograd.grad(-logits.log_softmax(1)[:, self.target].mean(), made)
        places = gradient[self.at.to(gradient.device)].view(len(self.texts), len(sequence), -1).sum(0)
        found: Tensor = (places @ embedding(self.subject).T).cpu()
        return found

    def _after(self, texts: Texts, copies: int) -> Float[Tensor, "n v"]:
        """The decision's logits, from what is remembered of the columns before the room."""
        from transformers import DynamicCache

        assert self.memory is not None
        past = DynamicCache([(k.repeat(copies, 1, 1, 1), v.repeat(copies, 1, 1, 1)) for k, v in self.memory])
        subject = self.subject
        out: Any = subject.module.get_submodule(subject.anatomy.base)(
            texts.ids[:, self.start :].to(subject.device),
            attention_mask=None if subject.anatomy.unmasked else texts.mask.to(subject.device),
            past_key_values=past,
        )
        last = last_tokens(texts) - self.start
        hidden: Tensor = out.last_hidden_state[torch.arange(len(texts)), last]
        for path in subject.anatomy.head:
            hidden = hidden.relu() if path == "relu" else subject.module.get_submodule(path)(hidden)
        return hidden


def embedding(subject: Subject) -> Float[Tensor, "v d"]:
    """A row for each token of the vocabulary."""
    module = subject.module.get_submodule(subject.site("embed").module)
    assert isinstance(module.weight, Tensor)
    return module.weight.detach()


def _remembered(subject: Subject, texts: Texts) -> Memory:
    from transformers import DynamicCache

    past: Any = DynamicCache()
    base = subject.module.get_submodule(subject.anatomy.base)
    base(texts.ids.to(subject.device), past_key_values=past, use_cache=True)
    return [(layer.keys, layer.values) for layer in past.layers]
