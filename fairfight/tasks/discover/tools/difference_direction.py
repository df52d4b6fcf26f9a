"""The direction inside a subject from ordinary inputs to those decided oddly, and the inputs at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fairfight.tasks.registry import Choice, Uniform, tool

if TYPE_CHECKING:
    from fairfight.tasks.discover.brief import Candidate, DiscoverBrief


@tool("discover", source="Marks & Tegmark 2023; Arditi et al. 2024 (difference in means)")
def difference_direction(
    brief: DiscoverBrief,
    *,
    depth: Annotated[float, Uniform(0.2, 1.0)] = 0.67,
    pool: Annotated[str, Choice("decision", "mean")] = "decision",
    most: Annotated[int, Uniform(2, 24)] = 16,
) -> list[Candidate]:
    """Show the inputs whose decision rests most on the mean difference of oddly and ordinarily decided inputs.

    The few oddest texts say where the direction points; what it finds may be texts that were not odd themselves. In
    pictures it is what sets the bank's pictures of a class apart from clean ones in a middle layer; ``depth`` and
    ``pool`` are for texts.
    """
    import torch

    from fairfight.parts.scans.differences import difference_directions
    from fairfight.parts.vocabulary.ends import difference, far_out
    from fairfight.subject.harvesting import harvest
    from fairfight.subject.inputs import Images
    from fairfight.tasks.discover._examples import EVERY, exhibited
    from fairfight.tasks.discover._odd import look, oddest, sure
    from fairfight.tasks.discover.brief import Candidate

    if isinstance(brief.bank, Images):
        how = {"pictures": most, "most": EVERY}
        found = difference_directions(brief.subject, brief.clean, brief.bank, seed=brief.seed, **how)
        return exhibited(found, target=brief.target)
    odd = look(brief)
    score = odd.score
    k = int(torch.argmax(score.amax(0)))
    rows = oddest(score[:, k], 0.8, 8)
    if not len(rows):
        return []
    trunk = brief.subject.trunk
    site = trunk[min(len(trunk) - 1, int(depth * len(trunk)))]
    x = harvest(brief.subject, brief.bank, [site], pool="mean" if pool == "mean" else "decision", head=False)[site]
    alike = torch.nonzero(odd.odds[:, k] > 0.5).flatten()
    along = difference(x, rows, alike[~torch.isin(alike, rows)])
    ends = alike[far_out(x[alike] @ along, most)]
    return [Candidate(int(odd.targets[k]), sure(float(score[:, k].max())), examples=brief.bank[ends])]
