"""Any image classifier can be looked into, and what would mislead a reader is left out or copied."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import Tensor, nn

from fairfight.errors import UserError
from fairfight.subject import Images, harvest, read, wrap

X = Images(torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)))


class Net(nn.Module):
    """One ReLU object used twice, one that overwrites its input, and stages as blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.one = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True))
        self.two = nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(80, 3))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.relu(self.two(self.relu(self.one(x)))))
        return out


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


def test_sites_are_the_submodules_that_run_once(net: Net) -> None:
    subject = wrap(net, "image-classifier", example=X)
    assert "layers.relu" not in subject.sites
    assert subject.sites[0] == "layers.one.0"
    assert subject.sites[-1] == "layers.head"
    assert subject.trunk == ("layers.one", "layers.two")


@torch.no_grad()
def test_a_tensor_that_is_overwritten_later_is_read_as_it_was(net: Net) -> None:
    subject = wrap(net, "image-classifier", example=X)
    _, tape = read(subject, X, ["layers.one.0", "layers.one.1"])
    torch.testing.assert_close(tape["layers.one.0"], net.one[0](X.pixels))
    assert bool((tape["layers.one.0"] < 0).any())
    assert not bool((tape["layers.one.1"] < 0).any())


def test_stages_can_be_given_and_are_checked(net: Net) -> None:
    assert wrap(net, "image-classifier", example=X, trunk=["one.0", "two"]).trunk == ("layers.one.0", "layers.two")
    with pytest.raises(UserError, match="Unknown stage 'tow'"):
        wrap(net, "image-classifier", example=X, trunk=["tow"])


@pytest.mark.parametrize(
    ("module", "trunk"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(), nn.Linear(8, 2)), ("0", "1", "2")),
        (nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), nn.Flatten(), nn.Linear(144, 2)), ("0.0", "0.1")),
        (nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), ("0",)),
    ],
)
def test_guessed_stages(module: nn.Module, trunk: tuple[str, ...]) -> None:
    assert wrap(module, "image-classifier", example=X).trunk == tuple(f"layers.{path}" for path in trunk)


@torch.no_grad()
def test_maps_pool_to_their_mean_over_space(net: Net) -> None:
    subject = wrap(net, "image-classifier", example=X)
    got = harvest(subject, X, ["layers.two", "layers.head"], batch_size=3)
    whole = harvest(subject, X, ["layers.two"], pool=None)["layers.two"]
    torch.testing.assert_close(got["layers.two"], whole.mean((2, 3)))
    torch.testing.assert_close(got["layers.head"], subject(X))


@torch.no_grad()
def test_pixels_are_normalised_for_a_module_that_wants_it(net: Net) -> None:
    mean, std = (0.5, 0.4, 0.3), (0.2, 0.2, 0.1)
    subject = wrap(net, "image-classifier", example=X, pixel_scale=(mean, std))
    scaled = (X.pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]
    torch.testing.assert_close(subject(X), net(scaled))


@torch.no_grad()
def test_copies_and_pickles_are_independent(net: Net) -> None:
    subject = wrap(net, "image-classifier", example=X, classes=["a", "b", "c"])
    before = subject(X)
    for twin in (subject.copy(), pickle.loads(pickle.dumps(subject)), copy.deepcopy(subject)):
        assert torch.equal(twin(X), before)
        assert twin.classes == subject.classes
        assert twin.trunk == subject.trunk
        twin.module.head[1].weight.zero_()
        assert not torch.equal(twin(X), before)
    assert torch.equal(subject(X), before)


def test_what_cannot_be_known_is_asked_for(net: Net) -> None:
    with pytest.raises(UserError, match="give wrap a few inputs"):
        wrap(net, "image-classifier")
    with pytest.raises(UserError, match="cannot be run on inputs of shape"):
        wrap(net, "image-classifier", example=Images(torch.rand(2, 1, 8, 8)))
    with pytest.raises(UserError, match="no known family"):
        wrap(net, "causal-lm")
    with pytest.raises(UserError, match="no readout"):
        wrap(net, "image-classifier", example=X).readout(torch.zeros(1, 5))
    with pytest.raises(UserError, match="no tokenizer"):
        wrap(net, "image-classifier", example=X).encode(["a"])
