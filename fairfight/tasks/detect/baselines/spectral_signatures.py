"""Large along the direction in which a class varies most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, baseline

if TYPE_CHECKING:
    from torch import Tensor

    from fairfight.subject.inputs import Inputs
    from fairfight.tasks.detect.brief import DetectBrief, Detector


@baseline("detect", source="Tran et al. 2018", suites=("standard", "large"))
def spectral_signatures(
    brief: DetectBrief,
    *,
    depth: Annotated[str, Choice("first", "middle", "late", "last")] = "last",
) -> Detector:
    """Score inputs by their squared projection on the top singular vector of the class that is decided.

    Published for a training set of which a share is poisoned: that share bends the top vector towards the trigger. At
    run time there are trusted inputs only, whose top vector is that of ordinary variation; so this is known to stay
    near chance where the trigger lies in other directions.
    """
    from fairfight.parts.densities.activations import at_depth, finite_activations
    from fairfight.parts.densities.spectral import fit_signatures

    subject, (site,) = brief.subject, at_depth(brief.subject.trunk, depth)
    trusted = finite_activations(subject, brief.trusted, [site], head=True)
    assert trusted.logits is not None
    signatures = fit_signatures(trusted[site], trusted.logits.argmax(dim=1))

    def detect(inputs: Inputs) -> Tensor:
        acts = finite_activations(subject, inputs, [site], head=True)
        assert acts.logits is not None
        return signatures.score(acts[site], acts.logits.argmax(dim=1))

    return detect
