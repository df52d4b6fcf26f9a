"""Networks whose labels come from a secret rule, after the challenges of Casper (2023): many rules, drawn by seed.

Three worlds: scenes described by five factors, handwritten digits, and pairs of whole numbers. All answer yes or no.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from fairfight.content import cached_folder, code_id, content_id
from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.faults.program.secret_rules import FACTORS, MODULUS, SIDE, VALUES, SecretRule, secret_rule
from fairfight.faults.training import one_thread
from fairfight.seeds import derive, numpy_rng
from fairfight.subject.networks import cnn
from fairfight.subject.sequences import SequenceSubject, Space
from fairfight.subject.transformer import PlainTransformer, sites
from fairfight.worlds import scenes

World = Literal["scenes", "digits", "pairs"]
MIN_AGREEMENT = 0.9
"""Share of held-out answers that have to be the rule's; under it the rule was not learnt."""
ATTEMPTS, BATCH, DECAY = 2, 64, 1e-3
PICTURES, SIZE = 3000, 16
"""Scenes that a network is trained on, and their side in pixels."""
LAST = "last"
"""The site before the last layer."""
WEIGHTS = "weights.safetensors"
ROOMS = ("subject", "worlds", "faults", "seeds")
PLANS: dict[str, tuple[int, float]] = {"scenes": (500, 1e-2), "digits": (500, 1e-2), "pairs": (1500, 1e-2)}
"""Steps and learning rate of a world."""


@dataclass(frozen=True)
class SecretRecipe:
    """A network for a secret rule."""

    world: World
    family: str
    options: dict[str, Any] = field(default_factory=dict)
    """The rule's numbers; see :mod:`fairfight.faults.program.secret_rules`."""
    seed: int = 0

    @property
    def rule(self) -> SecretRule:
        """The secret rule."""
        return secret_rule(self.world, self.family, self.options)


@dataclass(frozen=True)
class SecretOrganism:
    """A subject that follows a secret rule."""

    recipe: SecretRecipe
    subject: SequenceSubject
    agreement: float
    """Share of answers that are the rule's, on inputs that were not trained on."""

    @property
    def void(self) -> str | None:
        """Why it must not be scored, if it must not."""
        if self.agreement >= MIN_AGREEMENT:
            return None
        return f"agreement {self.agreement:.3f} with the rule is under {MIN_AGREEMENT}"


class Pictured(nn.Module):
    """Numbers to a picture, and its class."""

    def __init__(self, net: nn.Module) -> None:
        """Around a convolutional network with a pool and a head."""
        super().__init__()
        self.net, self.last = net, nn.Identity()

    def picture(self, values: Int[Tensor, "n length channels"]) -> Float[Tensor, "n c h w"]:
        """What the network sees."""
        raise NotImplementedError

    def seen(self, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 2"]:
        """Logits of pictures."""
        x = pixels - 0.5
        for name in self.net.stages:  # type: ignore[union-attr]
            x = self.net.get_submodule(name)(x)
        kept = self.last(self.net.get_submodule("pool")(x).flatten(1)[:, None])
        out: Tensor = self.net.get_submodule("head")(kept)
        return out

    def forward(self, values: Int[Tensor, "n length channels"]) -> Float[Tensor, "n 1 2"]:
        """Logits of no and yes."""
        return self.seen(self.picture(values))


class Digits(Pictured):
    """Eight by eight pixels from 0 to 16, enlarged."""

    def picture(self, values: Int[Tensor, "n 64 1"]) -> Float[Tensor, "n 1 16 16"]:
        """Each pixel four times."""
        small = values.reshape(-1, 1, SIDE, SIDE).float() / 16
        return small.repeat_interleave(2, 2).repeat_interleave(2, 3)


class Painted(Pictured):
    """Five factors, each of a few values, to the scene that they describe, which was painted beforehand."""

    def __init__(self, net: nn.Module) -> None:
        """See :class:`Pictured`."""
        super().__init__(net)
        every = np.stack(np.meshgrid(*[np.arange(VALUES)] * len(FACTORS), indexing="ij"), -1).reshape(-1, len(FACTORS))
        self.register_buffer("scenes", _painted(every, None), persistent=False)

    def picture(self, values: Int[Tensor, "n 1 factors"]) -> Float[Tensor, "n 3 h w"]:
        """The scene, whatever is no factor being always the same."""
        place = values[:, 0] @ (VALUES ** torch.arange(len(FACTORS)).flip(0))
        found: Tensor = self.scenes[place]  # type: ignore[index]
        return found


def _painted(factors: Int[np.ndarray, "n f"], rng: np.random.Generator | None) -> Float[Tensor, "n 3 h w"]:
    """Scenes of these factors, halved; all else drawn, or always the same."""
    table = {}
    for name, values in scenes.VALUES.items():
        if name in FACTORS:
            first, step = FACTORS[name]
            table[name] = first + step * factors[:, list(FACTORS).index(name)]
        else:
            free = rng is not None and name in ("grain", "angle", "size", "shape")
            table[name] = rng.integers(0, len(values), len(factors)) if free and rng else np.zeros(len(factors), int)
    pixels = scenes.render(table).pixels
    return nn.functional.avg_pool2d(pixels, 32 // SIZE)


def build(recipe: SecretRecipe) -> SecretOrganism:
    """The organism of a recipe: trained, measured, trained once more from other weights where it failed; cached.

    Raises:
        UserError: There is no such rule.
    """
    from safetensors.torch import load_model, save_model

    def make(folder: Path) -> None:
        with one_thread():
            subject, share = _attempt(recipe, 0)
            for number in range(1, ATTEMPTS):
                if share < MIN_AGREEMENT:
                    subject, share = max((subject, share), _attempt(recipe, number), key=lambda found: found[1])
        save_model(subject.module, str(folder / WEIGHTS))
        (folder / "organism.json").write_text(json.dumps({"agreement": share}))

    code = code_id("fairfight.faults.program.secret", rooms=ROOMS)
    folder = cached_folder("organism", content_id("secret", asdict(recipe), code, torch.__version__), make)
    subject = untrained(recipe, recipe.seed)
    load_model(subject.module, str(folder / WEIGHTS))
    subject.module.eval()
    return SecretOrganism(recipe, subject, json.loads((folder / "organism.json").read_text())["agreement"])


def untrained(recipe: SecretRecipe, seed: int) -> SequenceSubject:
    """A network for a rule, its weights drawn from the seed; torch's global generator is left as it was."""
    rule = recipe.rule
    length, channels = rule.shape
    space = Space(0, rule.high, channels, length, length)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "weights", recipe.world, recipe.family))
        if recipe.world == "pairs":
            own = _transformer()
            return SequenceSubject(own.eval(), "transformer", space, (0, 1), sites(len(own.blocks)))
        net = cnn(channels=1 if recipe.world == "digits" else 3, size=SIZE, classes=2, width=8)
        module = (Digits if recipe.world == "digits" else Painted)(net)
    return SequenceSubject(module.eval(), "convolutional network", space, (0, 1), {LAST: "last"})


def _transformer() -> PlainTransformer:
    """One block over two numbers and a token after them, at which it answers."""
    net = PlainTransformer(
        vocabulary=MODULUS + 1, length=3, width=32, layers=1, heads=2, d_head=16, hidden=64, outputs=2,
        after=(MODULUS,), reads=(-1, None),
    )  # fmt: skip
    for name, p in net.named_parameters():
        if p.ndim > 1 and "up" not in name and "down" not in name and "unembed" not in name:
            nn.init.normal_(p, std=0.2 if name in ("embed", "place") else p.shape[-2] ** -0.5)
    return net


def _attempt(recipe: SecretRecipe, number: int) -> tuple[SequenceSubject, float]:
    seed = recipe.seed if number == 0 else derive(recipe.seed, "attempt", number)
    subject = untrained(recipe, seed)
    values = recipe.rule.drawn(derive(seed, "split"))
    cut = len(values) * 2 // 3
    _train(subject, recipe, values[:cut], seed)
    held = values[cut:]
    told = subject.decide(torch.from_numpy(held)).numpy()
    return subject, float((told == recipe.rule(held)).mean())


def _train(
    subject: SequenceSubject, recipe: SecretRecipe, values: Int[np.ndarray, "n length channels"], seed: int
) -> None:
    """Bring the answers to the rule's on some inputs; of scenes with all else about them drawn anew."""
    module, (steps, lr), rng = subject.module, PLANS[recipe.world], numpy_rng(seed, "order")
    if recipe.world == "scenes":
        values = values[rng.integers(len(values), size=PICTURES)]
    inputs = torch.from_numpy(values)
    if isinstance(module, Painted):
        inputs = _painted(values[:, 0], rng)
    elif isinstance(module, Digits):
        inputs = module.picture(inputs)
    call = module.seen if isinstance(module, Pictured) else module
    wanted = torch.from_numpy(recipe.rule(values)[:, 0])
    module.train()
    with torch.enable_grad():
        descent = AdamW.over(module.parameters(), DECAY if isinstance(module, Pictured) else 0.3)
        for step in range(steps):
            rows = torch.from_numpy(rng.integers(len(values), size=BATCH))
            nn.functional.cross_entropy(call(inputs[rows])[:, 0], wanted[rows]).backward()
            descent.step(one_cycle(step, steps, lr))
    descent.release()
    module.eval()
