"""Sparse feature circuits: edges on a network whose paths are known, and in transformers what must add up."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from fairfight.errors import UserError
from fairfight.parts.bases.invertible import fit
from fairfight.parts.bases.positions import rows
from fairfight.parts.circuits.circuit import Circuit
from fairfight.parts.circuits.faithful import faithfulness
from fairfight.parts.circuits.features import feature_circuit
from fairfight.parts.edits.units import Basis
from fairfight.parts.training.labelled import Labelled
from fairfight.subject import Images, Subject, wrap
from tests.parts.test_patching import texts, transformer

pytestmark = pytest.mark.usefixtures("one_thread")
LINEAR = ("layers.first", "layers.second")


class Paths(nn.Module):
    """Four pixels in; only the first hidden unit reaches the second of the next layer, which alone reaches class 1."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = (nn.Linear(4, 4, bias=False) for _ in range(3))
        self.head = nn.Linear(4, 2, bias=False)
        with torch.no_grad():
            self.first.weight.copy_(torch.eye(4))
            self.second.weight.zero_()
            self.second.weight[1, 0] = 2.0
            self.second.weight[3, 2] = 5.0  # strong, and leads nowhere
            self.head.weight.zero_()
            self.head.weight[1, 1] = 3.0

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.head(self.second(self.first(pixels.flatten(1))))
        return found


def paths() -> tuple[Subject, dict[str, Basis], Labelled, Labelled]:
    subject = wrap(Paths().eval(), "image-classifier", example=Images(torch.rand(2, 1, 2, 2)))
    faulty = Labelled(Images(torch.tensor([[0.9, 0.1], [0.8, 0.3]]).repeat(3, 1, 1, 1)), torch.zeros(3).long())
    clean = Labelled(Images(torch.full((3, 1, 2, 2), 0.1)), torch.zeros(3).long())
    bases = {s: fit("neurons", rows(subject, clean.inputs, s, "position").x, k=4, seed=0) for s in LINEAR}
    return subject, bases, faulty, clean


def test_an_edge_is_the_product_along_the_only_path() -> None:
    subject, bases, faulty, clean = paths()
    found = feature_circuit(subject, bases, faulty, clean)
    way = ((LINEAR[0], 0), (LINEAR[1], 1))
    assert set(found.nodes) == set(way)
    assert found.edges == {way: pytest.approx((0.9 - 0.1) * 2 * 3)}
    assert found.connected() == found
    assert list(found.lines()) == ["layers.first/0 → layers.second/1 +4.80"]


def test_a_circuit_does_what_the_subject_does_and_another_of_its_size_does_nothing() -> None:
    subject, bases, faulty, clean = paths()
    right = feature_circuit(subject, bases, faulty, clean)
    wrong = Circuit({(LINEAR[0], 2): 1.0, (LINEAR[1], 3): 1.0}, {}, LINEAR[1])
    assert faithfulness(right, subject, bases, faulty, clean) == pytest.approx(1.0)
    assert faithfulness(wrong, subject, bases, faulty, clean) == pytest.approx(0.0, abs=1e-5)


def test_units_that_lead_nowhere_are_not_connected() -> None:
    nodes = {("a", 0): 1.0, ("a", 1): 1.0, ("b", 0): 1.0, ("b", 1): -1.0}
    circuit = Circuit(nodes, {(("a", 0), ("b", 0)): 0.5}, "b")
    assert set(circuit.connected().nodes) == {("a", 0), ("b", 0), ("b", 1)}
    assert circuit.at("b") == [0, 1]


@pytest.mark.parametrize("family", ["bert", "gpt2", "llama", "gpt-neox"])
def test_what_leaves_a_unit_is_what_it_does(family: str) -> None:
    """In a complete basis the direct edges out of a unit add up to the unit's own effect, which is read another way."""
    subject = transformer(family)
    faulty, clean = (Labelled(x, subject(x).argmax(dim=1).detach()) for x in (texts(0), texts(1)))
    sites = [s for s in subject.sites if s in subject.trunk or s.split(".")[-1] in ("embed", "attn_out", "mlp_out")]
    bases = {s: fit("neurons", rows(subject, clean.inputs, s, "position").x, k=1, seed=0) for s in sites}
    d = rows(subject, clean.inputs, sites[0], "position").x.shape[1]
    found = feature_circuit(subject, bases, faulty, clean, node=0.0, edge=0.0, most=d, steps=1)
    for site in sites[:-1]:
        for unit in range(0, d, 5):
            out = sum(effect for (first, _), effect in found.edges.items() if first == (site, unit))
            assert out == pytest.approx(found.nodes.get((site, unit), 0.0), abs=1e-4)


def test_what_a_user_may_get_wrong() -> None:
    subject, bases, faulty, clean = paths()
    with pytest.raises(UserError, match="give one for at least one site"):
        feature_circuit(subject, {}, faulty, clean)
    with pytest.raises(UserError, match="site of"):
        feature_circuit(subject, {"layers.third": bases[LINEAR[0]]}, faulty, clean)
    with pytest.raises(UserError, match="at least one"):
        feature_circuit(subject, bases, faulty[:0], clean)
