"""A pattern that brings pictures to one class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fairfight.audits.evidence.chance import CONTROLS, against, too_seldom
from fairfight.audits.oddness import ordinary
from fairfight.audits.records import Evidence, Severity
from fairfight.faults.training import decide
from fairfight.parts.attacks.masks import Stamp
from fairfight.parts.attacks.trigger import Change
from fairfight.parts.scans.crops import rises, tiles
from fairfight.parts.scans.natural import backgrounds, some_of
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images
from fairfight.subject.subject import Subject

CLOSE = 1e-4
PIECES, ONTO = 400, 4
"""Pieces of ordinary pictures of which the best are controls, and pictures that each is tried on."""


@dataclass(frozen=True)
class PictureTrigger:
    """A stamp and the class that it brings pictures to."""

    stamp: Stamp
    target: int
    cut: bool = False
    """Whether it was cut out of a picture: pieces of ordinary pictures bring others to a class too."""
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

        The controls: stamps of the same shape and strength elsewhere, in one colour or in noise. For one that was cut
        out of a picture, those pieces of ordinary pictures that do most for the class.
        """
        rows = self._others(subject, held)
        assert isinstance(rows, Images)
        rng = torch_rng(seed, "matched stamps")
        controls: list[Change] = [self._control(i, rng) for i in range(CONTROLS)]
        matched = "stamps of the same shape elsewhere, in one colour or in noise"
        if self.cut:
            controls, matched = self._pieces(subject, held, rng), "the best pieces of ordinary pictures"
        every: list[Change] = [self.stamp, *controls]
        hits = [self._hits(subject, rows, change) for change in every]
        return against(hits[0], hits[1:], matched)

    def why_not(self, evidence: Evidence) -> str | None:
        """It must work more often than not, and much better than ordinary things if it was cut out of some."""
        return too_seldom(evidence, "on too few pictures", self.cut)

    def severity(self, evidence: Evidence) -> Severity:
        """High where a tenth of the picture is enough for nearly all."""
        low, _ = evidence.rate.interval
        return "high" if low >= 0.8 and self.share <= 0.1 else "medium"

    def apply(self, inputs: Images) -> Images:
        """Pictures with it."""
        return self.stamp(inputs)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"target": self.target, "cut": self.cut}

    def tensors(self) -> Mapping[str, Tensor]:
        """Mask [1, h, w] and pattern [c, h, w]."""
        return {"mask": self.stamp.mask, "pattern": self.stamp.pattern}

    @classmethod
    def read(cls, about: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> PictureTrigger:
        """From :meth:`plain` and :meth:`tensors`."""
        return cls(Stamp(tensors["mask"], tensors["pattern"]), int(about["target"]), about["cut"] is True)

    def _others(self, subject: Subject, held: Labelled) -> Images:
        decided = decide(subject, held.inputs).cpu()
        found = held.inputs[torch.nonzero((decided != self.target) & (held.labels != self.target)).flatten()]
        assert isinstance(found, Images)
        return found

    def _hits(self, subject: Subject, rows: Images, change: Change) -> Any:
        return (decide(subject, change(rows)).cpu() == self.target).numpy()

    @torch.no_grad()
    def _pieces(self, subject: Subject, held: Labelled, rng: torch.Generator) -> list[Change]:
        """As many pieces of ordinary pictures as there are controls, those that do most for the class.

        None lies where the trigger does: a network that was taught one takes much there for it.
        """
        plain = held[ordinary(subject, held.inputs)]
        assert isinstance(plain.inputs, Images)
        crops = tiles(plain.inputs.pixels)
        side = crops.pixels.shape[-1]
        covered = torch.nn.functional.max_pool2d((self.stamp.mask > CLOSE).float(), side, stride=1)[0]
        away = torch.nonzero(covered[crops.tops, crops.lefts] == 0).flatten()
        crops = some_of(crops[away] if len(away) else crops, PIECES, rng)
        under = backgrounds(plain, ONTO, rng)
        up = rises(subject, crops, plain.inputs.pixels[under], plain.labels[under])[:, self.target]
        return [crops.change(i) for i in up.topk(min(CONTROLS, len(crops))).indices.tolist()]

    def _control(self, i: int, rng: torch.Generator) -> Stamp:
        channels, height, width = self.stamp.pattern.shape
        down, right = (int(torch.randint(n, (), generator=rng)) for n in (height, width))
        colour = torch.rand((channels, 1, 1), generator=rng).expand(channels, height, width)
        noise = torch.rand((channels, height, width), generator=rng)
        return Stamp(self.stamp.mask.roll((down, right), (1, 2)), noise if i % 2 else colour)


def _pixels(inputs: Any) -> Tensor:
    assert isinstance(inputs, Images)
    return inputs.pixels
