"""A subject: a model under test, called in one way whatever its family, with named sites."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.errors import UserError, unknown
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.pooling import Pool, last_tokens, pooler
from fairfight.subject.sites import Anatomy, Site

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from fairfight.subject.earlier import Earlier
    from fairfight.subject.hooking import Tape

Kind = Literal["image-classifier", "text-classifier", "causal-lm"]


@dataclass(eq=False)
class Subject:
    """A model under test. Made by :func:`fairfight.subject.load` or :func:`fairfight.subject.wrap`."""

    module: nn.Module
    kind: Kind
    name: str
    anatomy: Anatomy
    tokenizer: PreTrainedTokenizerFast | None = None
    classes: tuple[str, ...] = ()
    """The classes' names in the order of the logits, or nothing."""
    pixel_scale: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    """Mean and standard deviation a channel that pixels are normalised with before the module sees them."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Plain facts that a maker leaves for a reader."""
    earlier: Earlier | None = field(default=None, repr=False)
    """What has been harvested of it already, if somebody keeps that; copies do without."""

    @property
    def sites(self) -> tuple[str, ...]:
        """Every site's name, shallow to deep."""
        return tuple(self.anatomy.sites)

    @property
    def trunk(self) -> tuple[str, ...]:
        """The residual-like sites, one a block or stage, shallow to deep: what "layer by layer" means here."""
        return self.anatomy.trunk

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        for parameter in self.module.parameters():
            return parameter.device
        return torch.device("cpu")

    def site(self, name: str) -> Site:
        """The site of that name.

        Raises:
            UserError: There is none; says which are near.
        """
        try:
            return self.anatomy.sites[name]
        except KeyError:
            raise unknown(f"site of {self.name}", name, self.anatomy.sites) from None

    def __call__(self, inputs: Inputs) -> Float[Tensor, "n classes"]:
        """The decision's logits: a classifier's, or a causal LM's for the token after the last real one.

        Runs in the ambient grad mode. A causal LM's output head is run at the decision's position only.
        """
        if isinstance(inputs, Images):
            out = self.module(self._pixels(inputs))
            return cast(Tensor, out if isinstance(out, Tensor) else out.logits)
        if self.anatomy.decision == "last":
            hidden = self._hidden(inputs)
            return self._head(hidden[torch.arange(len(hidden)), last_tokens(inputs)])
        return cast(Tensor, self.module(inputs.ids.to(self.device), attention_mask=inputs.mask.to(self.device)).logits)

    def hooks(
        self,
        reads: Iterable[str] = (),
        writes: Mapping[str, Callable[[Tensor], Tensor]] | None = None,
    ) -> AbstractContextManager[Tape]:
        """Read and write sites while calling the subject; see :func:`fairfight.subject.hooking.hooks`."""
        from fairfight.subject.hooking import hooks

        return hooks(self, reads, writes)

    def encode(self, texts: list[str]) -> Texts:
        """Tokenise texts, padded at the right and cut to the longest input that the model takes.

        Raises:
            UserError: The subject has no tokenizer.
        """
        from fairfight.subject.encoding import encode

        if self.tokenizer is None:
            raise UserError(f"{self.name} has no tokenizer: give one when you load or wrap it.")
        longest = getattr(getattr(self.module, "config", None), "max_position_embeddings", None)
        return encode(self.tokenizer, texts, longest)

    def pool(self, activation: Float[Tensor, "n ..."], inputs: Inputs, how: Pool = "decision") -> Float[Tensor, "n d"]:
        """One vector an input from a site's activation; see :func:`fairfight.subject.pooling.pooler`."""
        return pooler(self.anatomy, inputs, how)(activation)

    @property
    def has_readout(self) -> bool:
        """Whether :meth:`readout` exists for this family."""
        return bool(self.anatomy.head)

    def readout(self, hidden: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        """Logit lens (nostalgebraist 2020): final normalisation and output head on a trunk site's decision position.

        On the last trunk site it gives the subject's own logits.

        Raises:
            UserError: The subject is no transformer of a known family.
        """
        if not self.has_readout:
            raise UserError(
                f"{self.name} has no readout: use a transformer of a known family, which maps states to logits."
            )
        if self.anatomy.norm:
            hidden = self.module.get_submodule(self.anatomy.norm)(hidden)
        return self._head(hidden)

    def copy(self) -> Subject:
        """A deep copy: changing one leaves the other as it was."""
        return copy.deepcopy(self)

    def _pixels(self, inputs: Images) -> Float[Tensor, "n channels height width"]:
        pixels = inputs.pixels.to(self.device)
        if self.pixel_scale is None:
            return pixels
        mean, std = (pixels.new_tensor(x)[:, None, None] for x in self.pixel_scale)
        return (pixels - mean) / std

    def _hidden(self, inputs: Texts) -> Float[Tensor, "n tokens d"]:
        """Final states of a causal model, without its output head."""
        mask = inputs.mask.to(self.device)
        if not bool(mask[:, 0].all()):
            raise UserError("Texts must be padded at the right and hold at least one token each.")
        base = self.module.get_submodule(self.anatomy.base)
        given = None if self.anatomy.unmasked else mask
        out = base(inputs.ids.to(self.device), attention_mask=given, use_cache=False)
        return cast(Tensor, out.last_hidden_state)

    def _head(self, final: Float[Tensor, "n d"]) -> Float[Tensor, "n classes"]:
        takes_tokens = self.anatomy.family in ("bert", "roberta", "xlm-roberta")
        out = final[:, None] if takes_tokens else final
        for path in self.anatomy.head:
            out = out.relu() if path == "relu" else self.module.get_submodule(path)(out)
        return out
