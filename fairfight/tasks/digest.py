"""A digest of each input's content, the same in whatever batch it comes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fairfight.subject.inputs import Inputs


def digests(inputs: Inputs) -> list[str]:
    """SHA-256 of each image's pixels, or of each text's tokens without the padding."""
    from fairfight.subject.inputs import Images

    if isinstance(inputs, Images):
        rows = [x.contiguous().numpy().tobytes() for x in inputs.pixels.cpu()]
    else:
        pairs = zip(inputs.ids.cpu(), inputs.mask.cpu(), strict=True)
        rows = [ids[mask.bool()].long().contiguous().numpy().tobytes() for ids, mask in pairs]
    return [hashlib.sha256(row).hexdigest() for row in rows]
