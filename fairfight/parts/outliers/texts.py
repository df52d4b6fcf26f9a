"""Texts with tokens in them that do not belong there: put in, put instead, or out of their order."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from fairfight.subject.inputs import Texts

MOST = 3
"""Words changed in one text, at most."""


def words(texts: Texts, special: Int[Tensor, " s"]) -> Bool[Tensor, "n tokens"]:
    """Which places hold a word: real tokens that are not special, and not the last one, where a prompt is answered."""
    last = torch.nn.functional.one_hot(texts.mask.sum(dim=1) - 1, texts.ids.shape[1]).bool()
    return texts.mask.bool() & ~last & ~torch.isin(texts.ids, special)


def corrupt_texts(texts: Texts, special: Int[Tensor, " s"], vocabulary: int, rng: torch.Generator) -> Texts:
    """One kind of corruption a text, of one to :data:`MOST` words: insertions, replacements, or swaps of two words.

    Every second new word is any of the vocabulary, the others come from the texts themselves.

    Args:
        texts: At least one. Those without a word stay as they are.
        special: Ids that are left where they are and never put in.
        vocabulary: How many ids there are.
        rng: Draws all of it.
    """
    allowed = torch.ones(vocabulary, dtype=torch.bool)
    allowed[special] = False
    any_word = torch.nonzero(allowed).flatten().tolist()
    there = words(texts, special)
    used = texts.ids[there].tolist() or any_word
    rows = [row[: int(n)].tolist() for row, n in zip(texts.ids, texts.mask.sum(dim=1), strict=True)]
    chances = torch.rand((len(rows), 2 + 4 * MOST), generator=rng).tolist()
    for row, places, (what, often, *each) in zip(rows, there, chances, strict=True):
        spots = torch.nonzero(places).flatten().tolist()
        if not spots:
            continue
        for i in range(1 + int(MOST * often)):
            where, whence, which, whither = each[4 * i : 4 * i + 4]
            spot = spots[int(where * len(spots))]
            source = any_word if whence < 0.5 else used
            word = source[int(which * len(source))]
            if what < 1 / 3:
                row.insert(spot, word)
            elif what < 2 / 3:
                row[spot] = word
            else:
                other = spots[int(whither * len(spots))]
                row[spot], row[other] = row[other], row[spot]
    return padded(rows, like=texts)


def without_each_word(texts: Texts, special: Int[Tensor, " s"], most: int) -> tuple[Texts, Int[Tensor, " m"]]:
    """Every text with one word taken out, for each of its words, and which text each of these was.

    Args:
        texts: Those with a single word or none give nothing.
        special: Ids that stay.
        most: Words tried a text; of more, as many evenly spaced ones.
    """
    rows, origin = [], []
    lengths = texts.mask.sum(dim=1).tolist()
    for i, places in enumerate(words(texts, special)):
        spots = torch.nonzero(places).flatten()
        if len(spots) < 2:
            continue
        if len(spots) > most:
            spots = spots[torch.linspace(0, len(spots) - 1, most).long()]
        whole = texts.ids[i, : lengths[i]].tolist()
        for spot in spots.tolist():
            rows.append(whole[:spot] + whole[spot + 1 :])
            origin.append(i)
    return padded(rows, like=texts), torch.tensor(origin, dtype=torch.long)


def padded(rows: list[list[int]], *, like: Texts) -> Texts:
    """Rows of ids as texts, padded as those in ``like`` are and cut to at most one token more than these have."""
    if not rows:
        return like[:0]
    empty = like.ids[like.mask == 0]
    pad = int(empty[0]) if len(empty) else 0
    width = min(max(map(len, rows)), like.ids.shape[1])
    ids = torch.full((len(rows), width), pad, dtype=like.ids.dtype)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        kept = row if len(row) <= width else [*row[: width - 1], row[-1]]
        ids[i, : len(kept)] = torch.tensor(kept)
        mask[i, : len(kept)] = 1
    return Texts(ids, mask)
