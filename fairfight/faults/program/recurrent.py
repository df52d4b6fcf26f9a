"""Recurrent networks trained on a secret rule, measured on held-out inputs, built again or declared void; cached."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fairfight.content import cached_folder, code_id, content_id
from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.faults.training import one_thread
from fairfight.seeds import derive, numpy_rng, torch_rng
from fairfight.subject.recurrent import Recurrent
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.worlds.sequences.rule import LONGER, Rule
from fairfight.worlds.sequences.table import rule

MIN_AGREEMENT = 0.99
"""Share of held-out answers that have to be the rule's; under it the rule was not learnt."""
ATTEMPTS = 3
"""How often a network is trained before it is void."""
BATCH, MEASURED = 128, 1024
WEIGHTS = "weights.safetensors"
ROOMS = ("subject", "worlds", "faults", "seeds")

Labels = Literal["rule", "random", "none"]
"""The rule's; drawn anew for each of a few fixed inputs, which there is nothing to understand of; or no training."""


@dataclass(frozen=True)
class ProgramRecipe:
    """A recurrent network for a rule of the table."""

    family: str
    options: dict[str, int] = field(default_factory=dict)
    seed: int = 0
    """Initial weights and the training data's draw."""
    labels: Labels = "rule"

    @property
    def rule(self) -> Rule:
        """The secret rule."""
        return rule(self.family, **self.options)


@dataclass(frozen=True)
class ProgramHealth:
    """What was measured on inputs that were not trained on."""

    agreement: float
    """Share of answers that are the rule's, at the length trained on."""
    longer: float
    """The same at four times that length: a fact about the network, which does not void it."""
    attempts: int

    def fault_found(self) -> str | None:
        """Why the network must not be scored, if it must not."""
        if self.agreement < MIN_AGREEMENT:
            return f"agreement {self.agreement:.3f} with the rule is under {MIN_AGREEMENT} after {self.attempts} tries"
        return None


@dataclass(frozen=True)
class ProgramOrganism:
    """A subject that follows a known rule."""

    recipe: ProgramRecipe
    subject: SequenceSubject
    health: ProgramHealth
    void: str | None
    """Why it must not be scored, if it must not."""

    @property
    def rule(self) -> Rule:
        """What it was trained on."""
        return self.recipe.rule


def build(recipe: ProgramRecipe) -> ProgramOrganism:
    """The organism of a recipe: trained, measured, trained again from other weights where it failed; cached.

    Raises:
        UserError: There is no such rule.
    """
    from safetensors.torch import load_model, save_model

    def make(folder: Path) -> None:
        subject, health = _attempts(recipe)
        save_model(subject.module, str(folder / WEIGHTS))
        (folder / "organism.json").write_text(json.dumps(asdict(health), indent=1))

    code = code_id("fairfight.faults.program.recurrent", rooms=ROOMS)
    folder = cached_folder("organism", content_id("program", recipe, code, torch.__version__), make)
    subject = untrained(recipe.rule, recipe.seed)
    load_model(subject.module, str(folder / WEIGHTS))
    health = ProgramHealth(**json.loads((folder / "organism.json").read_text()))
    return ProgramOrganism(recipe, subject, health, health.fault_found())


def untrained(secret: Rule, seed: int) -> SequenceSubject:
    """A network for a rule, its weights drawn from the seed; torch's global generator is left as it was."""
    net = secret.net
    outputs = 1 if secret.answers is None else secret.answers[1] - secret.answers[0] + 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights", secret.name))
        module = Recurrent(
            low=secret.low, high=secret.high, channels=secret.channels, hidden=net.hidden, outputs=outputs,
            update=net.update, inputs=net.inputs, readout=net.readout,
        )  # fmt: skip
        # States that neither die out nor grow from one input to the next (Le et al. 2015).
        if net.update in ("linear", "tanh", "relu"):
            torch.nn.init.orthogonal_(module.recur.weight)
    space = Space(secret.low, secret.high, secret.channels, secret.length)
    return SequenceSubject(module.eval(), "recurrent network", space, secret.answers, {"state": "state"})


def _attempts(recipe: ProgramRecipe) -> tuple[SequenceSubject, ProgramHealth]:
    secret = recipe.rule
    best: tuple[SequenceSubject, ProgramHealth] | None = None
    for attempt in range(1, ATTEMPTS + 1):
        seed = recipe.seed if attempt == 1 else derive(recipe.seed, "attempt", attempt)
        subject = untrained(secret, seed)
        with one_thread():
            if recipe.labels != "none":
                train(subject, secret, seed, random=recipe.labels == "random")
            health = measured(subject, secret, seed, attempt)
        if best is None or health.agreement > best[1].agreement:
            best = subject, health
        if recipe.labels != "rule" or health.fault_found() is None:
            break
    assert best is not None
    return best


def measured(subject: SequenceSubject, secret: Rule, seed: int, attempts: int = 1) -> ProgramHealth:
    """How often a subject gives the rule's answer on fresh inputs, at the trained length and at four times that."""
    shares = []
    for length in (secret.length, LONGER * secret.length):
        values = secret.sample(MEASURED, length, seed, "held out")
        shares.append(float((subject.decide(torch.from_numpy(values)).numpy() == secret(values)).mean()))
    return ProgramHealth(shares[0], shares[1], attempts)


def train(subject: SequenceSubject, secret: Rule, seed: int, *, random: bool = False) -> None:
    """Bring the subject's answers to the rule's, on inputs drawn anew for each step, short ones first.

    Args:
        subject: Changed in place.
        secret: The rule, whose ``net`` says how long and how fast.
        seed: Draws inputs and noise.
        random: Learn instead outputs that were drawn at random for 64 fixed inputs.
    """
    module, net = subject.module, secret.net
    assert isinstance(module, Recurrent)
    rng, generator = numpy_rng(seed, "order"), torch_rng(seed, "noise")
    pool = secret.sample(BATCH * 64, secret.length, seed, "train")
    right = secret(pool)
    if random:
        pool, right = pool[:64], rng.permuted(right.reshape(-1)).reshape(right.shape)[:64]
    inputs, wanted = torch.from_numpy(pool), torch.from_numpy(right)
    module.train()
    with torch.enable_grad():
        descent = AdamW.over(module.parameters(), 0.0)
        for step in range(net.steps):
            rows = torch.from_numpy(rng.integers(len(pool), size=min(BATCH, len(pool))))
            length = min(secret.length, 3 + step * 2 * secret.length // net.steps)
            noise = None
            if net.noise:
                noise = net.noise * torch.randn((len(rows), length, net.hidden), generator=generator)
            outputs = module.answer(module.states(inputs[rows, :length], noise))
            _loss(subject, outputs, wanted[rows, :length]).backward()
            descent.step(one_cycle(step, net.steps, net.lr))
    descent.release()
    module.eval()


def _loss(
    subject: SequenceSubject, outputs: Float[Tensor, "n length outputs"], wanted: Int[Tensor, "n length"]
) -> Float[Tensor, ""]:
    """Cross entropy where there are finitely many answers, else MIPS' logarithm of the squared error."""
    if subject.answers is not None:
        return torch.nn.functional.cross_entropy(outputs.flatten(0, 1), (wanted - subject.answers[0]).flatten())
    return (outputs[..., 0] - wanted).square().add(1.0).log().mean()
