"""The fault of an organism as a person would look at it: pictures or texts with and without the trigger."""

from __future__ import annotations

import base64
import io
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject

SCALE = 3
"""How much small pictures are enlarged."""


def exhibit(title: str, text: str, plain: Inputs, suspects: Inputs, subject: Subject) -> dict[str, Any]:
    """Title, text, pictures and facts (filled in later) as plain values.

    Args:
        title: The fault in a few words.
        text: The fault in a sentence or two.
        plain: A few inputs as they are.
        suspects: The same inputs with the trigger.
        subject: Its tokenizer turns token ids into text.
    """
    pictures: list[tuple[str, str]] = []
    if isinstance(plain, Images) and isinstance(suspects, Images):
        difference = (suspects.pixels - plain.pixels).abs()
        if float(difference.max()) > 0:
            pictures = [("clean", sheet(plain.pixels)), ("with the trigger", sheet(suspects.pixels))]
            pictures.append(("difference, stretched to full range", sheet(difference / difference.max())))
        else:
            pictures = [("suspects", sheet(suspects.pixels))]
    elif isinstance(plain, Texts) and isinstance(suspects, Texts):
        pairs = zip(texts(plain, subject), texts(suspects, subject), strict=True)
        text = "\n".join([text, *(f"clean: {a}\nwith the trigger: {b}" for a, b in pairs)])
    return {"title": title, "text": text, "pictures": pictures, "facts": {}}


def sheet(pixels: Float[Tensor, "n c h w"]) -> str:
    """Images side by side, enlarged, as a PNG data URL."""
    from PIL import Image

    row = torch.nn.functional.pad(pixels, (1, 1, 1, 1), value=1.0).permute(1, 2, 0, 3).flatten(2)
    values = (row.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    times = max(1, min(SCALE, 96 // pixels.shape[2]))
    values = values.repeat_interleave(times, 0).repeat_interleave(times, 1)
    array = values.numpy()
    picture = Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def texts(inputs: Texts, subject: Subject) -> list[str]:
    """The texts that token ids stand for."""
    if subject.tokenizer is None:
        return [str(row[mask.bool()].tolist()) for row, mask in zip(inputs.ids, inputs.mask, strict=True)]
    rows = zip(inputs.ids, inputs.mask, strict=True)
    return [str(subject.tokenizer.decode(row[mask.bool()], skip_special_tokens=True)) for row, mask in rows]
