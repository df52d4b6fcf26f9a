"""What can be said of a picture without knowing what it shows."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from fairfight.subject.inputs import Images

TITLES = {
    "brightness": "brightness",
    "contrast": "contrast",
    "detail": "fine detail",
    "redness": "redness",
    "blueness": "blueness",
    "left": "weight on the left side",
    "top": "weight at the top",
}


def looks(inputs: Images) -> dict[str, Float[np.ndarray, " n"]]:
    """Brightness, contrast, fine detail, where the light is and, in colour, its tint, for every picture."""
    x = inputs.pixels.double()
    grey = x.mean(1)
    _, height, width = grey.shape
    edges = (grey[:, 1:] - grey[:, :-1]).abs().mean((1, 2)) + (grey[:, :, 1:] - grey[:, :, :-1]).abs().mean((1, 2))
    found = {
        "brightness": grey.mean((1, 2)),
        "contrast": grey.std((1, 2)),
        "detail": edges,
        "left": grey[:, :, : width // 2].mean((1, 2)) - grey[:, :, width // 2 :].mean((1, 2)),
        "top": grey[:, : height // 2].mean((1, 2)) - grey[:, height // 2 :].mean((1, 2)),
    }
    if x.shape[1] == 3:
        mean = x.mean((2, 3))
        found |= {"redness": mean[:, 0] - mean.mean(1), "blueness": mean[:, 2] - mean.mean(1)}
    return {name: look.numpy() for name, look in found.items()}
