"""A word that is better left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Log, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Qi et al. 2021 (ONION)", modalities=("language",), suites=("standard", "large"))
def onion(
    brief: DetectBrief,
    *,
    signal: Annotated[str, Choice("perplexity", "decision")] = "perplexity",
    most: Annotated[int, Log(8, 32)] = 16,
) -> Detector:
    """Score texts by the most that leaving out a single word does to them.

    ``perplexity`` is as published: how much less perplexing the text becomes, to the subject itself if it is a causal
    language model, else to the trusted texts' word pairs (published: GPT-2). ``decision`` is how much less probable the
    subject's answer becomes. ``most`` bounds the words tried a text, and with it the cost.
    """
    import torch

    from fairfight.parts.densities.wording import mean_loss, wording
    from fairfight.parts.outliers.corrupting import special_ids
    from fairfight.parts.outliers.texts import without_each_word
    from fairfight.subject.inputs import Texts

    subject = brief.subject
    assert isinstance(brief.trusted, Texts)
    expect, special = wording(subject, brief.trusted), special_ids(subject.tokenizer)

    def drop(inputs: Inputs) -> Tensor:
        assert isinstance(inputs, Texts)
        shorter, origin = without_each_word(inputs, special, most)
        # Where there is no word to leave out, nothing can be suspicious.
        least = torch.zeros(len(inputs), dtype=torch.float64)
        if not len(shorter):
            return least
        if signal == "perplexity":
            before, after = (mean_loss(expect(t), t).double() for t in (inputs, shorter))
            gain = before[origin] - after
        else:
            chances = subject(inputs).double().log_softmax(dim=1)
            answer = chances.argmax(dim=1)
            left = torch.cat([subject(batch).double().log_softmax(dim=1) for batch in shorter.batches(64)])
            gain = chances[origin, answer[origin]] - left.gather(1, answer[origin][:, None])[:, 0]
        return least.scatter_reduce(0, origin, gain, "amax", include_self=False)

    return drop
