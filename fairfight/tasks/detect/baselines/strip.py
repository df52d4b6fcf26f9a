"""An answer that nothing can shake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, Uniform, baseline

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from fairfight.subject.inputs import Images, Inputs, Texts
    from fairfight.tasks.detect.brief import DetectBrief, Detector


AT_ONCE = 256
"""Blended inputs that the subject is given in one pass."""


@baseline("detect", source="Gao et al. 2019 (images); Gao et al. 2021 (STRIP-ViTA, texts)")
def strip(
    brief: DetectBrief,
    *,
    overlays: Annotated[int, Log(4, 32)] = 10,
    strength: Annotated[float, Uniform(0.2, 0.8)] = 0.4,
    entropy: Annotated[str, Choice("each", "mean")] = "each",
) -> Detector:
    """Score inputs by how sure the subject stays of its answer when trusted inputs are laid over them.

    Images are blended with trusted ones in the share ``strength``; in texts this share of the words is replaced
    by words of trusted texts. The score is minus the entropy of the answers: the mean of ``each`` as published, or that
    of the ``mean`` answer, which also counts as shaken what changes from one sure answer to another.
    """
    import torch

    from fairfight.parts.outliers.corrupting import special_ids
    from fairfight.seeds import torch_rng
    from fairfight.subject.inputs import Images, Texts

    subject, trusted = brief.subject, brief.trusted
    rng = torch_rng(brief.seed, "strip")
    special = special_ids(subject.tokenizer)

    def certainty(inputs: Inputs) -> Tensor:
        many = inputs[torch.arange(len(inputs)).repeat_interleave(overlays)]
        over = trusted[torch.randint(len(trusted), (len(many),), generator=rng)]
        mixed: Inputs
        if isinstance(many, Images) and isinstance(over, Images):
            mixed = blend(many, over, strength)
        elif isinstance(many, Texts) and isinstance(over, Texts):
            mixed = shuffle_in(many, over, strength, special, rng)
        chances = subject(mixed).double().softmax(dim=1).view(len(inputs), overlays, -1)
        if entropy == "mean":
            chances = chances.mean(dim=1, keepdim=True)
        return torch.special.xlogy(chances, chances).sum(dim=2).mean(dim=1)  # type: ignore[no-any-return]

    # All overlays of large pictures at once would not fit into memory.
    return lambda inputs: torch.cat([certainty(some) for some in inputs.batches(max(1, AT_ONCE // overlays))])


def blend(images: Images, over: Images, strength: float) -> Images:
    """Weighted sums of images and overlays; the weights add up to one."""
    return type(images)((1 - strength) * images.pixels + strength * over.pixels)


def shuffle_in(texts: Texts, over: Texts, strength: float, special: Tensor, rng: torch.Generator) -> Texts:
    """Texts in which the share ``strength`` of the words are words of the overlays; all else stays."""
    import torch

    from fairfight.parts.outliers.texts import words

    laid = words(over, special)
    laid[:, 0] |= ~laid.any(dim=1)
    # A uniform choice among each overlay's words, for every position.
    picks = torch.multinomial(laid.double(), texts.ids.shape[1], replacement=True, generator=rng)
    hit = (torch.rand(texts.ids.shape, generator=rng) < strength) & words(texts, special)
    return type(texts)(torch.where(hit, over.ids.gather(1, picks), texts.ids), texts.mask)
