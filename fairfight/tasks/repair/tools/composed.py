"""Composed tools: find the units of a basis that a score finds guilty, and edit them. Any of the grid by its name.

``basis+score+edit`` (``sae+attribution+ablate``) is a contender even where nobody registered it. Of the grid, a few
fight unasked: :data:`FIELD` says which and why.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from fairfight.errors import unknown
from fairfight.tasks.registry import Choice, Contender, Log, Traits, Uniform, describe, register_maker, tool

if TYPE_CHECKING:
    from fairfight.subject.subject import Subject
    from fairfight.tasks.repair.brief import RepairBrief

Option = tuple[Any, Any]
"""A default, and a type with a range."""

DEPTH = Annotated[str, Choice("any", "early", "middle", "late", "last")]
UNITS = Annotated[int, Log(2, 64)]
COMMON: dict[str, Option] = {
    "depth": ("any", DEPTH),
    "units": (48, UNITS),
    "tolerance": (0.06, Annotated[float, Uniform(0.02, 0.2)]),
}
WIDTH: Option = (64, Annotated[int, Log(16, 256)])
LATENTS: Option = (256, Annotated[int, Log(64, 512)])
SPARSE: Option = (4, Annotated[int, Log(2, 16)])


class Part:
    """A part of a composed tool, as a reader is told of it."""

    def __init__(self, words: str, source: str, **options: Option) -> None:
        """What it is in words, where it comes from, and what can be set about it."""
        self.words, self.source, self.options = words, source, options


BASES: dict[str, Part] = {
    "neurons": Part("neurons", ""),
    "pca": Part("principal components", "", width=WIDTH),
    "ica": Part("independent components", "Hyvärinen 1999", width=WIDTH),
    "nmf": Part("non-negative factors", "Lee & Seung 1999", width=(32, Annotated[int, Log(8, 64)])),
    "sae": Part(
        "latents of a sparse autoencoder",
        "Bricken et al. 2023",
        width=LATENTS,
        sparse=SPARSE,
        steps=(100, Annotated[int, Log(100, 1000)]),
    ),
    "random-sae": Part("latents of a dictionary that nobody trained", "control", width=LATENTS, sparse=SPARSE),
    "random-directions": Part("random directions", "control", width=WIDTH),
}
SCORES: dict[str, Part] = {
    "difference": Part("the difference of means", ""),
    "probe": Part("a linear probe", "Alain & Bengio 2016"),
    "attribution": Part("attribution patching", "Nanda 2023"),
    "integrated": Part("integrated gradients", "Marks et al. 2024"),
    "patching": Part("exact activation patching", "Vig et al. 2020"),
    "shapley": Part("their Shapley values", "Ghorbani & Zou 2020"),
    "sparse-layer": Part("a sparse layer that decides as the subject does", "Wong et al. 2021"),
    "random": Part("chance", "control"),
}
EDITS: dict[str, Part] = {
    "ablate": Part("hold them at zero", ""),
    "mean-ablate": Part("hold them at their mean", "Chan et al. 2022"),
    "resample": Part("give them values from ordinary inputs", "Chan et al. 2022"),
    "clamp": Part(
        "turn them round where they fire",
        "Templeton et al. 2024; Farrell et al. 2024",
        strength=(1.0, Annotated[float, Log(0.25, 8.0)]),
    ),
    "steer": Part("move back along them", "Turner et al. 2023", strength=(1.0, Annotated[float, Log(0.25, 4.0)])),
    "project-out": Part("project their directions out", "Arditi et al. 2024"),
    "leace": Part("erase from their span what tells faulty inputs", "Belrose et al. 2023"),
    "orthogonalise": Part("keep all weights from writing along them", "Arditi et al. 2024"),
    "tune": Part(
        "train a scale and a bias of each",
        "Casper 2024",
        depth=("early", DEPTH),
        units=(16, UNITS),
        strength=(1.0, Annotated[float, Log(0.25, 8.0)]),
        corpus=(True, Annotated[bool, Choice(True, False)]),
    ),
}

TOUR, SHORT, LONG = ("tour", "quick", "standard", "large"), ("quick", "standard", "large"), ("standard", "large")
LARGE = ("large",)
FIELD: dict[str, tuple[str, ...]] = {
    "neurons+attribution+mean-ablate": TOUR,
    "sae+difference+clamp": TOUR,
    "neurons+patching+tune": LONG,
    "neurons+attribution+tune": LONG,
    "neurons+difference+steer": LONG,
    "neurons+shapley+ablate": LONG,
    "neurons+sparse-layer+ablate": LONG,
    "pca+probe+leace": LONG,
    "sae+attribution+ablate": LONG,
    "sae+integrated+ablate": LONG,
    "neurons+attribution+ablate": LARGE,
    "neurons+attribution+resample": LARGE,
    "neurons+shapley+mean-ablate": LARGE,
    "pca+attribution+ablate": LARGE,
    "pca+attribution+project-out": LARGE,
    "ica+attribution+ablate": LARGE,
    "nmf+attribution+ablate": LARGE,
    "sae+attribution+clamp": LARGE,
    "sae+attribution+tune": LARGE,
    "sae+shapley+ablate": LARGE,
}
"""Who of the grid fights unasked, and where.

In short suites: the plainest recipe and the best-known one with a dictionary. In ``standard`` one for every score and
most edits. In ``large`` most others differ from one of these in a single part, so that what a part is worth can be told
from pairs, and every basis, score and edit occurs; but for ``orthogonalise``, which not every family of transformers
allows (``refusal-direction`` does it where one does). Whoever wants one of these elsewhere names it.
"""


def compose(basis: str, score: str, edit: str) -> Callable[..., Subject]:
    """The tool that edits the units of a basis that a score finds guilty; its keyword arguments are its parts' own."""
    parts = BASES[basis], SCORES[score], EDITS[edit]
    options = COMMON | {name: option for part in parts for name, option in part.options.items()}

    def run(brief: RepairBrief, **params: Any) -> Subject:
        from fairfight.tasks.repair.tools._composing import composed

        return composed(brief, basis, score, edit, **params)

    run.__name__ = f"{basis}+{score}+{edit}"
    run.__doc__ = f"Find the {parts[0].words} that are guiltiest by {parts[1].words}, and {parts[2].words}."
    keywords = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (default, kind) in options.items()
    ]
    brief = inspect.Parameter("brief", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([brief, *keywords])  # type: ignore[attr-defined]
    return run


def traits(basis: str, score: str, edit: str) -> Traits:
    """What can be said of a composed tool beforehand."""
    found: Traits = {"reusable": basis == "sae"}
    if basis == "nmf":
        found["modalities"] = ("vision",)  # a transformer's stream has negative entries
    if edit == "orthogonalise":
        found["modalities"] = ("language",)
    return found


def source(basis: str, score: str, edit: str) -> str:
    """Where the parts come from."""
    found = (BASES[basis].source, SCORES[score].source, EDITS[edit].source)
    return "; ".join(dict.fromkeys(s for s in found if s)) or "ablation by guilt"


@cache
def make(name: str) -> Contender | None:
    """The composed tool of a name made of three parts.

    Raises:
        UserError: One of the three is not known.
    """
    parts = name.split("+")
    if len(parts) != 3:
        return None
    for kind, part, known in zip(("basis", "score", "edit"), parts, (BASES, SCORES, EDITS), strict=True):
        if part not in known:
            raise unknown(f"{kind} of a composed tool", part, known)
    return describe(compose(*parts), "repair", "tool", source(*parts), name, **traits(*parts))


for _name, _suites in FIELD.items():
    _basis, _score, _edit = _name.split("+")
    _traits = traits(_basis, _score, _edit)
    _traits["suites"] = _suites
    tool("repair", source=source(_basis, _score, _edit), name=_name, **_traits)(compose(_basis, _score, _edit))
register_maker("repair", make)
