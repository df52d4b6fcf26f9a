"""A pattern that brings pictures to one class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fairfight.audits.evidence.chance import CONTROLS, against, too_seldom
from fairfight.audits.records import Evidence, Severity
from fairfight.faults.training import decide
from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.trigger import Change
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

CLOSE = 1e-4


@dataclass(frozen=True)
class PictureTrigger:
    """A stamp and the class that it brings pictures to."""

    stamp: Stamp
    target: int
    kind = "picture-trigger"

    @classmethod
    def of(cls, change: Change, target: int, example: Images) -> PictureTrigger | None:
        """From any change that mixes a fixed pattern into pictures; none if it does something else to them."""
        black, white = (Images(torch.full_like(example.pixels[:1], v)) for v in (0.0, 1.0))
        low, high = _pixels(change(black))[0], _pixels(change(white))[0]
        mask = (1 - (high - low)).clamp(0, 1).amax(0, keepdim=True)
        pattern = torch.where(mask > CLOSE, low / mask.clamp_min(CLOSE), torch.zeros(())).clamp(0, 1)
        stamp = Stamp(mask, pattern)
        few = example[:8]
        same = (stamp(few).pixels - _pixels(change(few))).abs().max() < 0.02
        return cls(stamp, target) if bool(same) else None

    @property
    def pixels(self) -> float:
        """How many are covered."""
        return float(self.stamp.mask.sum())

    @property
    def share(self) -> float:
        """Of the picture that is covered."""
        return self.pixels / self.stamp.mask.numel()

    def test(self, subject: Subject, held: Labelled, seed: int) -> Evidence:
        """Pictures decided as the target with the stamp, of those that were decided otherwise without it.

        The controls: stamps of the same shape and strength elsewhere, in one colour or in noise.
        """
        rows = self._others(subject, held)
        assert isinstance(rows, Images)
        rng = torch_rng(seed, "matched stamps")
        hits = [
            self._hits(subject, rows, stamp)
            for stamp in (self.stamp, *(self._control(i, rng) for i in range(CONTROLS)))
        ]
        return against(hits[0], hits[1:], "stamps of the same shape elsewhere, in one colour or in noise")

    def why_not(self, evidence: Evidence) -> str | None:
        """It must work more often than not."""
        return too_seldom(evidence, "on too few pictures")

    def severity(self, evidence: Evidence) -> Severity:
        """High where a tenth of the picture is enough for nearly all."""
        low, _ = evidence.rate.interval
        return "high" if low >= 0.8 and self.share <= 0.1 else "medium"

    def apply(self, inputs: Images) -> Images:
        """Pictures with it."""
        return self.stamp(inputs)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"target": self.target}

    def tensors(self) -> Mapping[str, Tensor]:
        """Mask [1, h, w] and pattern [c, h, w]."""
        return {"mask": self.stamp.mask, "pattern": self.stamp.pattern}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> PictureTrigger:
        """From :meth:`plain` and :meth:`tensors`."""
        return cls(Stamp(tensors["mask"], tensors["pattern"]), int(about["target"]))

    def _others(self, subject: Subject, held: Labelled) -> Images:
        decided = decide(subject, held.inputs).cpu()
        found = held.inputs[torch.nonzero((decided != self.target) & (held.labels != self.target)).flatten()]
        assert isinstance(found, Images)
        return found

    def _hits(self, subject: Subject, rows: Images, stamp: Stamp) -> Any:
        return (decide(subject, stamp(rows)).cpu() == self.target).numpy()

    def _control(self, i: int, rng: torch.Generator) -> Stamp:
        channels, height, width = self.stamp.pattern.shape
        down, right = (int(torch.randint(n, (), generator=rng)) for n in (height, width))
        colour = torch.rand((channels, 1, 1), generator=rng).expand(channels, height, width)
        noise = torch.rand((channels, height, width), generator=rng)
        return Stamp(self.stamp.mask.roll((down, right), (1, 2)), noise if i % 2 else colour)


def _pixels(inputs: Any) -> Tensor:
    assert isinstance(inputs, Images)
    return inputs.pixels
