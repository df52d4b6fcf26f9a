"""A sparse autoencoder, whatever it was trained by: how codes are found is all that tells the kinds apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.errors import UserError
from fairfight.parts.bases.sparse.select import largest

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject

Kind = Literal["topk", "batchtopk", "jumprelu", "standard"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_BLOCK = 1 << 22
"""Answers that are held at once where the codes themselves are not asked for."""


@dataclass(frozen=True)
class Origin:
    """Where the activations came from that a dictionary was trained on."""

    model: str
    site: str


@dataclass(frozen=True)
class SparseAutoencoder:
    """A dictionary with its encoder, in the units of the activations themselves.

    ============  =====================================================================================
    kind          an answer ``encoder @ (x - centre) + bias`` is kept if it is positive and
    ============  =====================================================================================
    ``topk``      among the ``k`` largest of its row (Gao et al. 2024, arXiv:2406.04093)
    ``batchtopk`` above one threshold, estimated in training (Bussmann et al. 2024, arXiv:2412.06410)
    ``jumprelu``  above its latent's own threshold (Rajamanoharan et al. 2024, arXiv:2407.14435)
    ``standard``  (Bricken et al. 2023; Huben et al. 2024, arXiv:2309.08600)
    ============  =====================================================================================
    """

    kind: Kind
    encoder: Float[Tensor, "width d"]
    bias: Float[Tensor, " width"]
    decoder: Float[Tensor, "width d"]
    """One unit row a latent."""
    centre: Float[Tensor, " d"]
    """What codes of nothing stand for; taken off before encoding."""
    k: int | None = None
    """Latents that may fire at once, for ``topk``."""
    threshold: Float[Tensor, " width"] | None = None
    """What an answer must exceed, for ``batchtopk`` and ``jumprelu``."""
    origin: Origin | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError(f"A dictionary's kind must be one of {', '.join(KINDS)}, not {self.kind!r}.")
        if (self.kind == "topk") != (self.k is not None):
            raise UserError("A dictionary of kind 'topk', and no other, needs k.")
        if (self.kind in ("batchtopk", "jumprelu")) != (self.threshold is not None):
            raise UserError("Dictionaries of the kinds 'batchtopk' and 'jumprelu', and no others, need a threshold.")

    @property
    def width(self) -> int:
        """Number of latents."""
        return len(self.encoder)

    @property
    def d(self) -> int:
        """Length of the activations."""
        return self.encoder.shape[1]

    def answers(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n width"]:
        """What every latent answers, before any is silenced."""
        if x.shape[1] != self.d:
            raise UserError(
                f"The dictionary is for activations of length {self.d}, and these have {x.shape[1]}: "
                "give those of the site that it was trained on."
            )
        return torch.addmm(self.bias, x - self.centre, self.encoder.T)

    def encode(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n width"]:
        """Codes: none is negative, most are zero.

        Raises:
            UserError: The activations have another length than the dictionary's.
        """
        answers = self.answers(x)
        if self.k is not None:
            best, where = largest(answers, min(self.k, self.width))
            return torch.zeros_like(answers).scatter_(1, where, best.relu_())
        if self.threshold is not None:
            return answers.relu() * (answers > self.threshold)
        return answers.relu()

    def decode(self, codes: Float[Tensor, "n width"]) -> Float[Tensor, "n d"]:
        """The activations that the codes stand for."""
        return torch.addmm(self.centre, codes, self.decoder)

    def reconstruct(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """``decode(encode(x))``, a block of rows at a time."""
        blocks = x.split(max(1, _BLOCK // self.width))
        return torch.cat([self.decode(self.encode(block)) for block in blocks])

    def residual(self, x: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Length of what the dictionary fails to rebuild."""
        lengths: Tensor = torch.linalg.vector_norm(x - self.reconstruct(x), dim=1)
        return lengths

    def fits(self, subject: Subject, site: str) -> SparseAutoencoder:
        """The dictionary itself, if it is one for this site of this subject.

        Raises:
            UserError: The subject lacks the site, or the dictionary was trained on another one or another model.
        """
        subject.site(site)
        if self.origin is not None and self.origin.model != subject.name:
            raise UserError(
                f"The dictionary was trained on {self.origin.model!r}, not on {subject.name!r}: "
                "load that model, or train a dictionary on this one."
            )
        if self.origin is not None and self.origin.site != site:
            raise UserError(
                f"The dictionary was trained at {self.origin.site!r} and not at {site!r}: read activations there."
            )
        return self

    def to_unit_rows(self) -> SparseAutoencoder:
        """The same function with decoder rows of unit length; codes and thresholds change their units instead.

        ``topk`` chooses among answers, so that the choice changes where rows had different lengths.
        """
        lengths = torch.linalg.vector_norm(self.decoder, dim=1).clamp_min(1e-12)
        return replace(
            self,
            encoder=self.encoder * lengths[:, None],
            bias=self.bias * lengths,
            decoder=self.decoder / lengths[:, None],
            threshold=None if self.threshold is None else self.threshold * lengths,
        )

    def save(self, file: str | Path) -> None:
        """Write one safetensors file, which :func:`load` reads; whole or not at all.

        Raises:
            UserError: The file cannot be written.
        """
        from fairfight.parts.bases.sparse.files import write

        tensors = {"encoder": self.encoder, "bias": self.bias, "decoder": self.decoder, "centre": self.centre}
        if self.threshold is not None:
            tensors["threshold"] = self.threshold
        about: dict[str, object] = {"kind": self.kind, "k": self.k}
        if self.origin is not None:
            about |= {"model": self.origin.model, "site": self.origin.site}
        write(Path(file), tensors, {"fairfight": "dictionary", **about})


def load(file: str | Path, *, subject: Subject | None = None, site: str | None = None) -> SparseAutoencoder:
    """Read what :meth:`SparseAutoencoder.save` wrote.

    Args:
        file: The safetensors file.
        subject: If given with ``site``, the dictionary must be one for them.
        site: A site of the subject.

    Raises:
        UserError: The file is missing, cut short or no dictionary, or is not for this subject and site.
    """
    from fairfight.parts.bases.sparse.files import read

    tensors, about = read(Path(file))
    shapes = {name: x.shape for name, x in tensors.items()}
    needed = {"encoder", "bias", "decoder", "centre"}
    if about.get("fairfight") != "dictionary" or not needed <= set(shapes) or len(shapes["encoder"]) != 2:
        raise UserError(f"{file} holds no dictionary of Fairfight's: give a file that SparseAutoencoder.save wrote.")
    width, d = shapes["encoder"]
    right = {"encoder": (width, d), "decoder": (width, d), "bias": (width,), "centre": (d,), "threshold": (width,)}
    wrong = [name for name, shape in shapes.items() if tuple(shape) != right.get(name)]
    if wrong:
        raise UserError(f"{file} is damaged: the shape of {wrong[0]!r} does not fit the others; save it anew.")
    origin = Origin(str(about["model"]), str(about["site"])) if "model" in about else None
    k = about.get("k")
    found = SparseAutoencoder(about.get("kind"), k=k, origin=origin, **tensors)  # type: ignore[arg-type]
    return found if subject is None or site is None else found.fits(subject, site)


def untrained(x: Float[Tensor, "n d"], *, width: int, k: int, rng: torch.Generator) -> SparseAutoencoder:
    """A ``topk`` dictionary of random unit rows that read and write alike: what a trained one has to beat.

    Args:
        x: Activations; only their mean is used.
        width: Number of latents.
        k: Latents that may fire at once; cut to ``width``.
        rng: Draws the rows.
    """
    rows = torch.nn.functional.normalize(torch.randn(width, x.shape[1], generator=rng), dim=1).to(x)
    return SparseAutoencoder("topk", rows, x.new_zeros(width), rows.clone(), x.mean(dim=0), min(k, width))
