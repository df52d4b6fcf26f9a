"""Published results on dictionaries that a sound implementation should meet again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.feature_selection import f_classif
from sklearn.linear_model import LogisticRegression

from fairfight.parts.bases.sparse import health, train, untrained
from fairfight.subject import harvest
from fairfight.worlds.digits import load
from tests.tasks import tiny


def accuracy(codes: np.ndarray, labels: np.ndarray, m: int) -> float:
    """Of a probe on the ``m`` latents that tell the classes apart best, on the second half."""
    half = len(codes) // 2
    codes = codes / (codes[:half].std(axis=0) + 1e-6)
    score = np.nan_to_num(f_classif(codes[:half] + 1e-9 * np.arange(half)[:, None], labels[:half])[0])
    best = score.argsort()[::-1][:m]
    probe = LogisticRegression(max_iter=3000).fit(codes[:half][:, best], labels[:half])
    return float(probe.score(codes[half:][:, best], labels[half:]))


def measure() -> dict[str, dict[int, float]]:
    """Probe accuracy on digits by dictionary and number of latents, from the middle of a small network."""
    world = load()
    subject = tiny.organism()[1].subject
    order = torch.randperm(1797, generator=torch.Generator().manual_seed(1))
    images, labels = world.inputs[order], world.labels[order].numpy()
    site = subject.trunk[1]
    x = harvest(subject, images, [site], head=False)[site]
    options = {"width": 256, "k": 16}
    dictionaries = {
        "trained": train(x[:900], steps=400, batch=256, rate=3e-3, **options),  # type: ignore[arg-type]
        "frozen decoder": train(x[:900], steps=400, batch=256, rate=3e-3, frozen="decoder", **options),  # type: ignore[arg-type]
        "random": untrained(x[:900], rng=torch.Generator().manual_seed(0), **options),
    }
    explained = {name: health(d, x[900:]).explained for name, d in dictionaries.items()}
    assert explained["trained"] > explained["random"] + 0.2
    found = {
        name: {m: accuracy(d.encode(x).numpy(), labels, m) for m in (4, 16, 256)} for name, d in dictionaries.items()
    }
    found["activations"] = {m: accuracy(x.numpy(), labels, m) for m in (4, 16, 256)}
    return found


@pytest.mark.slow
def test_a_random_dictionary_is_nearly_as_good_to_probe_as_a_trained_one() -> None:
    """Korznikov et al. 2026 (arXiv:2602.14111): what a probe makes of a dictionary tells little about it."""
    found = measure()
    print(found)
    assert found["trained"][256] > 0.7
    assert found["random"][256] > found["trained"][256] - 0.1
    assert found["activations"][256] > found["trained"][256] - 0.02
