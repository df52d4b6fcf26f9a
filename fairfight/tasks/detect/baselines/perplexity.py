"""A text that nobody would write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline(
    "detect", source="Qi et al. 2021; Alon & Kamfonas 2023", modalities=("language",), suites=("standard", "large")
)
def perplexity(
    brief: DetectBrief,
    *,
    over: Annotated[str, Choice("mean", "max")] = "mean",
    two_sided: Annotated[bool, Choice(False, True)] = False,
) -> Detector:
    """Score texts by their perplexity, or by their least expected word.

    A causal language model judges by its own expectations; for an encoder, pairs of words are counted in the trusted
    texts.
    """
    from fairfight.parts.densities.sided import sided
    from fairfight.parts.densities.wording import mean_loss, wording
    from fairfight.subject.inputs import Texts

    assert isinstance(brief.trusted, Texts)
    expect = wording(brief.subject, brief.trusted)

    def surprise(inputs: Inputs) -> Tensor:
        assert isinstance(inputs, Texts)
        losses = expect(inputs)
        return mean_loss(losses, inputs) if over == "mean" else losses.amax(dim=1)

    return sided(surprise, brief.trusted, two_sided=two_sided)
