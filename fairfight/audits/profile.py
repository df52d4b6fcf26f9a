"""What the model is, how it does on the data given, and which small changes turn its decisions."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from fairfight.audits.records import Profile, Rate
from fairfight.faults.adversarial import ascended
from fairfight.faults.training import one_thread, trimmed
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Images, Inputs, Texts
from fairfight.subject.subject import Subject

BINS = 15
SHAKEN = 100
"""Rows on which small changes are tried."""
FEWEST, SECONDS = 20, 8.0
"""So many rows at least, and else as many as so many seconds are enough for."""
BOUND = 2 / 255
STEPS = 8


def profile(subject: Subject, clean: Labelled, seed: int) -> Profile:
    """Everything that an audit says of a model before it searches."""
    # Processor time of one thread: on a busy machine the clock would tell of others' work.
    with one_thread():
        began = time.process_time()
        logits = _logits(subject, clean.inputs)
        seconds = time.process_time() - began
    decided = logits.argmax(1)
    right = decided == clean.labels
    each = max(seconds / len(clean), 1e-6)
    rows = torch.nonzero(right).flatten()[: max(FEWEST, min(SHAKEN, int(SECONDS / (3 * STEPS * each))))]
    return Profile(
        name=subject.name,
        kind=subject.kind,
        architecture=type(subject.module).__name__,
        parameters=sum(p.numel() for p in subject.module.parameters()),
        sites=len(subject.sites),
        classes=subject.classes,
        accuracy=Rate(int(right.sum()), len(right)),
        calibration=_calibration(logits, clean.labels),
        brittle=_brittle(subject, clean[rows], seed),
        model_hash=model_hash(subject),
        data_hash=data_hash(clean),
        milliseconds=1000 * seconds / len(clean),
    )


def model_hash(subject: Subject) -> str:
    """SHA-256 of all weights and buffers with their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(subject.module.state_dict().items()):
        digest.update(name.encode() + str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def data_hash(clean: Labelled) -> str:
    """SHA-256 of all inputs and labels."""
    digest = hashlib.sha256(clean.labels.numpy().tobytes())
    parts = [clean.inputs.pixels] if isinstance(clean.inputs, Images) else [clean.inputs.ids, clean.inputs.mask]
    for part in parts:
        digest.update(str(tuple(part.shape)).encode() + part.contiguous().numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def _logits(subject: Subject, inputs: Inputs) -> Float[Tensor, "n classes"]:
    return torch.cat([subject(trimmed(batch)).float().cpu() for batch in inputs.batches(64)])


def _calibration(logits: Float[Tensor, "n classes"], labels: Tensor) -> float:
    """Mean gap between confidence and accuracy over equal bins of confidence, weighted by how much is in each."""
    sure, decided = logits.softmax(1).max(1)
    right = (decided == labels).float()
    which = (sure * BINS).long().clamp_max(BINS - 1)
    gaps = [(sure[which == b].mean() - right[which == b].mean()).abs() * (which == b).sum() for b in which.unique()]
    return float(torch.stack(gaps).sum() / len(labels))


def _brittle(subject: Subject, right: Labelled, seed: int) -> tuple[tuple[str, Rate], ...]:
    """For each small change, how many of the right decisions it turns."""
    if not len(right):
        return ()
    rng = torch_rng(seed, "audit", "brittle")
    changes: dict[str, Callable[[], Inputs]]
    if isinstance(right.inputs, Images):
        pixels = right.inputs.pixels
        noise = 0.05 * torch.randn(pixels.shape, generator=rng)
        changes = {
            "moved by one pixel": lambda: Images(pixels.roll((1, 1), (2, 3))),
            "a twentieth brighter": lambda: Images((pixels + 0.05).clamp(0, 1)),
            "a twentieth of noise": lambda: Images((pixels + noise).clamp(0, 1)),
            "the worst change of 2 in 255 a pixel": lambda: Images(
                ascended(subject, pixels, right.labels, BOUND, STEPS, rng)
            ),
        }  # fmt: skip
    else:
        texts = right.inputs
        changes = {"one word left out": lambda: _without_one(subject, texts, rng)}
    found = []
    for name, change in changes.items():
        turned = _logits(subject, change()).argmax(1) != right.labels
        found.append((name, Rate(int(turned.sum()), len(turned))))
    return tuple(found)


def _without_one(subject: Subject, texts: Texts, rng: torch.Generator) -> Texts:
    """Each text without a word that is drawn; texts without words stay."""
    from fairfight.parts.outliers.corrupting import special_ids
    from fairfight.parts.outliers.texts import words

    there = words(texts, special_ids(subject.tokenizer)).float()
    weights = torch.where(there.sum(1, keepdim=True) > 0, there, torch.nn.functional.one_hot(
        torch.zeros(len(texts), dtype=torch.long), there.shape[1]).float())  # fmt: skip
    gone = torch.multinomial(weights, 1, generator=rng)
    at = torch.arange(texts.ids.shape[1] - 1)[None]
    source = at + (at >= gone)
    kept = there.sum(1, keepdim=True) > 0
    ids = torch.where(kept, texts.ids.gather(1, source), texts.ids[:, :-1])
    mask = torch.where(kept, texts.mask.gather(1, source), texts.mask[:, :-1])
    # A text that fills the row and has no word would lose its end.
    return Texts(ids, mask) if bool((mask.sum(1) > 0).all()) else texts
