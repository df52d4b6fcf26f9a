"""Exact scores: a site's rest alone gives what the whole subject gives, and holding a unit is what an edit does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.parts.bases.ica import ica
from fairfight.parts.bases.neurons import neurons
from fairfight.parts.bases.nmf import nmf
from fairfight.parts.bases.pca import pca
from fairfight.parts.bases.positions import rows
from fairfight.parts.bases.sparse import train
from fairfight.parts.edits.installed import with_edits
from fairfight.parts.edits.units import Basis, clamp, mean_ablate
from fairfight.parts.scores.contrast import Contrast
from fairfight.parts.scores.exact import patching
from fairfight.parts.scores.gradients import attribution
from fairfight.parts.scores.suffix import Suffix
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, Inputs, Subject, Texts, cnn, wrap
from fairfight.subject.networks import build_network
from fairfight.worlds.architectures import tiny

pytestmark = pytest.mark.usefixtures("one_thread")


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def texts(n: int, seed: int = 0) -> Texts:
    lengths = torch.randint(3, 10, (n,), generator=rng(seed))
    mask = (torch.arange(9) < lengths[:, None]).long()
    return Texts(torch.randint(5, 60, (n, 9), generator=rng(seed + 1)) * mask, mask)


def images(n: int, channels: int = 1, size: int = 16, seed: int = 0) -> Images:
    return Images(torch.rand(n, channels, size, size, generator=rng(seed)))


def convnet() -> Subject:
    torch.manual_seed(0)
    return wrap(cnn(channels=1, size=16, classes=5, width=8), "image-classifier")


def model(family: str) -> Subject:
    return wrap(tiny(family, 0, layers=3), "text-classifier" if family == "bert" else "causal-lm")


def contrast(subject: Subject, site: str, make: Callable[[Tensor], Basis]) -> Contrast:
    inputs: tuple[Inputs, Inputs] = (
        (images(6, seed=1), images(20, seed=2)) if subject.kind == "image-classifier" else (texts(6, 1), texts(20, 2))
    )
    with torch.no_grad():
        faulty, clean = (Labelled(x, subject(x).topk(2).indices[:, 1]) for x in inputs)
    return Contrast(subject, site, make(rows(subject, clean.inputs, site, "position").x), faulty, clean, 0)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gpt-neox", "bert"])
def test_the_rest_of_a_transformer_gives_what_the_whole_gives(family: str) -> None:
    subject, inputs = model(family), texts(5)
    for site in subject.sites:
        suffix = Suffix(subject, inputs, site)
        assert suffix.is_short == (site not in ("embed", *(s for s in subject.sites if s.startswith("blocks.0")))) or (
            site == "blocks.0.resid_post"
        )
        moved = torch.cat([suffix.activation, suffix.activation + torch.randn(1, generator=rng(3))])
        with torch.no_grad(), subject.hooks(writes={site: lambda _, new=moved: new}):
            whole = subject(Texts.concat([inputs, inputs]))
        torch.testing.assert_close(suffix(moved), whole, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        assert torch.equal(subject(inputs), Suffix(subject, inputs, "embed").logits), "the subject is left as it was"


@pytest.mark.parametrize("name", ["cnn", "resnet20", "mobilenet-v2", "badnet", "wrn16"])
def test_the_rest_of_a_network_gives_what_the_whole_gives(name: str) -> None:
    torch.manual_seed(0)
    made = {"cnn": {"channels": 3, "size": 16, "classes": 4, "width": 4}}.get(name, {})
    module = build_network({"name": name, **made}).eval()
    x = images(3, 1 if name == "badnet" else 3, {"cnn": 16, "badnet": 28}.get(name, 32))
    subject = wrap(module, "image-classifier", example=x, check=False)
    short = 0
    for site in subject.sites[:: max(1, len(subject.sites) // 12)] + subject.trunk:
        suffix = Suffix(subject, x, site)
        short += suffix.is_short
        moved = torch.cat([suffix.activation, 1.5 * suffix.activation])
        with torch.no_grad(), subject.hooks(writes={site: lambda _, new=moved: new}):
            whole = subject(Images.concat([x, x]))
        torch.testing.assert_close(suffix(moved), whole, atol=1e-4, rtol=1e-3)
    assert short >= len(subject.trunk), "nothing before a stage is run again"


class Bypass(nn.Module):
    """The head also reads the first stage, past the second."""

    stages = ("first", "second")

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 3, 3), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        one = self.first(x)
        two = self.second(one)
        return self.head(torch.cat([one.mean((2, 3)), two.mean((2, 3))], dim=1))


def test_a_connection_past_a_stage_is_noticed() -> None:
    torch.manual_seed(0)
    x = images(3)
    subject = wrap(Bypass(), "image-classifier", example=x)
    suffix = Suffix(subject, x, "layers.second")
    assert not suffix.is_short
    with torch.no_grad(), subject.hooks(writes={"layers.second": lambda a: a + 1}):
        torch.testing.assert_close(suffix(suffix.activation + 1), subject(x))


def test_an_edited_subject_is_edited_once_only() -> None:
    subject = convnet()
    x = images(4)
    held = clamp(neurons(torch.randn(9, 16, generator=rng(0))), [1], 2.0)
    edited = with_edits(subject, {"layers.stage3": lambda rows: rows + 0.3, "layers.stage2": held}, example=x)
    for site in ("layers.stage2", "layers.stage3", "layers.stage4"):
        suffix = Suffix(edited, x, site)
        assert suffix.is_short
        with torch.no_grad():
            torch.testing.assert_close(suffix(suffix.activation), edited(x))
            assert float((suffix.logits - subject(x)).abs().max()) > 1e-3


BASES: dict[str, Callable[[Tensor], Basis]] = {
    "neurons": neurons,
    "pca": lambda x: pca(x, k=6),
    "ica": lambda x: ica(x, k=6, rng=rng(0)),
    "sae": lambda x: train(x, width=24, k=4, steps=60, seed=0),
}


@pytest.mark.parametrize("name", [*BASES, "nmf"])
@pytest.mark.parametrize("which", ["cnn", "gpt2"])
def test_a_score_is_what_an_edit_takes_from_the_fault(which: str, name: str) -> None:
    if (which, name) == ("gpt2", "nmf"):
        pytest.skip("a stream has negative entries")
    subject, site = (convnet(), "layers.stage2") if which == "cnn" else (model("gpt2"), "blocks.1.resid_post")
    given = contrast(subject, site, BASES[name] if name != "nmf" else lambda x: nmf(x, k=6, rng=rng(0)))
    found = patching(given)
    usual = rows(subject, given.clean.inputs, site, "position").x
    faulty = given.faulty
    with torch.no_grad():
        before = given.fault(subject(faulty.inputs), faulty.labels).mean()
        for unit in range(0, len(found), 3):
            edit = mean_ablate(given.basis, [unit], usual)
            edited = with_edits(subject, {site: edit}, example=faulty.inputs)
            after = given.fault(edited(faulty.inputs), faulty.labels).mean()
            torch.testing.assert_close(found[unit], before - after, atol=2e-4, rtol=1e-2)


def test_padding_does_not_count() -> None:
    subject, site = model("gpt2"), "blocks.1.resid_post"
    given = contrast(subject, site, neurons)

    def padded(x: Labelled) -> Labelled:
        assert isinstance(x.inputs, Texts)
        wide = Texts(*(nn.functional.pad(part, (0, 4)) for part in (x.inputs.ids, x.inputs.mask)))
        return Labelled(Texts(wide.ids + 7 * (1 - wide.mask), wide.mask), x.labels)

    other = replace(given, faulty=padded(given.faulty), clean=padded(given.clean))
    for method in (attribution, patching):
        torch.testing.assert_close(method(given), method(other), atol=1e-4, rtol=1e-3)


def test_attribution_is_exact_where_the_rest_is_linear() -> None:
    """From the last stage on there is a mean over space and a linear head; the best other class may not change."""
    subject = convnet()
    given = contrast(subject, "layers.stage4", neurons)
    to_one = replace(given, fault=lambda logits, labels: logits[:, 1] - logits[:, 2])
    torch.testing.assert_close(patching(to_one), attribution(to_one), atol=1e-5, rtol=1e-3)


def test_only_the_strongest_units_are_tried_if_there_are_many() -> None:
    given = contrast(convnet(), "layers.stage3", neurons)
    found, few = patching(given), patching(given, most=5)
    assert int((few != 0).sum()) == 5
    tried = few != 0
    torch.testing.assert_close(few[tried], found[tried], atol=1e-5, rtol=1e-4)
    first = attribution(given).abs()
    assert float(first[tried].min()) >= float(first[~tried].max())


def test_a_basis_that_does_not_add_up_is_refused() -> None:
    class Squares:
        def encode(self, x: Tensor) -> Tensor:
            return x

        def decode(self, codes: Tensor) -> Tensor:
            return codes.square()

    given = contrast(convnet(), "layers.stage3", lambda x: Squares())
    with pytest.raises(UserError, match="does not add its units up"):
        patching(given)
