"""Sites: the named places in a subject where an activation can be read and written.

A site's name means the same in every family:

====================  =========================  =====================================================================
name                  shape                      meaning
====================  =========================  =====================================================================
embed                 [n, tokens, d]             token embeddings as looked up, before positions and normalisation
blocks.i.resid_pre    [n, tokens, d]             residual stream that enters block i
blocks.i.heads        [n, tokens, heads, d_head] each attention head's values, before the output projection
blocks.i.attn_out     [n, tokens, d]             what attention adds to the residual stream
blocks.i.mlp_out      [n, tokens, d]             what the MLP adds to the residual stream
blocks.i.resid_post   [n, tokens, d]             residual stream that leaves block i
final                 [n, tokens, d]             what the output head sees: after a final normalisation, if any
layers.PATH           any                        output of the submodule PATH of any other module
====================  =========================  =====================================================================

Where a family normalises after each addition (BERT), the streams that enter and leave a block are the normalised ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Site:
    """One place to read and write, as a hook on one submodule."""

    name: str
    module: str
    """Dotted path of the hooked submodule."""
    side: Literal["input", "output"] = "output"
    """Whether the activation is the submodule's first input or its output."""
    heads: int = 0
    """Into how many heads the last dimension is split; 0 leaves it whole."""
    overwritten: bool = False
    """The model later changes this tensor in place (an in-place ReLU, say), so a read has to copy it."""


@dataclass(frozen=True)
class Anatomy:
    """Where things are in a module, as plain data, so that a subject can be pickled and copied."""

    family: str
    """A transformer family's name, or "layers" for any other module."""
    sites: dict[str, Site]
    """Every site by name, shallow to deep."""
    trunk: tuple[str, ...]
    """The residual-like sites, one a block or stage, shallow to deep."""
    decision: Literal["last", "first", "space"]
    """Which position decides: last real token, first token, or the mean over space."""
    base: str = ""
    """Path of the model without its output head, for families where the two can be run apart."""
    norm: str = ""
    """Path of the final normalisation."""
    head: tuple[str, ...] = ()
    """Paths of the output head's modules, applied in order to the decision position's final state."""
    unmasked: bool = False
    """Attention is causal, so inputs padded at the right need no mask."""
