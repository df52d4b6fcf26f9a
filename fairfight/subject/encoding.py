"""From texts to token ids, padded at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from fairfight.errors import UserError
from fairfight.subject.inputs import Texts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str], longest: int | None = None) -> Texts:
    """Tokenise and pad, the same for every tokenizer, also for one without a padding token.

    Args:
        tokenizer: Adds its own special tokens.
        texts: At least one.
        longest: Longer texts are cut to this many tokens.

    Raises:
        UserError: There are no texts, or one has no tokens.
    """
    if not texts:
        raise UserError("No texts were given: give at least one.")
    rows = tokenizer(texts, truncation=longest is not None, max_length=longest)["input_ids"]
    if empty := [i for i, row in enumerate(rows) if not row]:
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        if start is None:
            raise UserError(f"Text {empty[0]} is empty and the tokenizer has no start token: leave empty texts out.")
        for i in empty:
            rows[i] = [start]
    width = max(map(len, rows))
    ids = torch.full((len(rows), width), tokenizer.pad_token_id or 0, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
    return Texts(ids, mask)
