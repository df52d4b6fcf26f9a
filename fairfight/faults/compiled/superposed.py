"""Compiled transformers in a narrower stream than their variables have directions (after Lindner et al. 2023, 5.1).

The stream is mapped to the directions that are read most, by reduced-rank regression of all that is read from it; then
all weights are trained until the answers are the old ones. Variables share directions now: they are in superposition.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from fairfight.content import cached_folder, code_id, content_id
from fairfight.faults.adamw import AdamW, one_cycle
from fairfight.faults.compiled.library import CompiledOrganism, CompiledRecipe, build
from fairfight.faults.training import one_thread
from fairfight.seeds import numpy_rng
from fairfight.subject.transformer import Block, PlainTransformer

ATTEMPTS = ((0.8, 3e-3), (0.9, 3e-3), (0.9, 1e-3))
"""Widths, as shares of the dimensions that activations have, and learning rates that are tried in turn."""
STEPS, SIZE = 700, 64
GOOD = 0.999
"""Agreement at which no other attempt is made."""
WEIGHTS = "weights.safetensors"
ROOMS = ("subject", "faults", "seeds")


def superpose(recipe: CompiledRecipe) -> CompiledOrganism:
    """The organism of a recipe, compressed; cached. Whether it still follows its program, its agreement says."""
    from safetensors.torch import load_model, save_model

    def make(folder: Path) -> None:
        with one_thread():
            net = _best(build(recipe))
        save_model(net, str(folder / WEIGHTS))
        (folder / "width.json").write_text(json.dumps(net.embed.shape[1]))

    code = code_id("fairfight.faults.compiled.superposed", rooms=ROOMS)
    folder = cached_folder("organism", content_id("superposed", recipe, code, torch.__version__), make)
    organism = build(recipe)
    net = _empty(_inside(organism), json.loads((folder / "width.json").read_text()))
    load_model(net, str(folder / WEIGHTS))
    return replace(organism, subject=replace(organism.subject, module=net.eval()))


def _inside(organism: CompiledOrganism) -> PlainTransformer:
    assert isinstance(organism.subject.module, PlainTransformer)
    return organism.subject.module


def _best(organism: CompiledOrganism) -> PlainTransformer:
    best, most = _inside(organism), -1.0
    for share, rate in ATTEMPTS:
        net = _trained(organism, _narrowed(organism, share), rate)
        found = replace(organism, subject=replace(organism.subject, module=net)).agreement()
        if found > most:
            best, most = net, found
        if most >= GOOD:
            break
    return best


@torch.no_grad()
def _narrowed(organism: CompiledOrganism, share: float) -> PlainTransformer:
    """The network with its stream mapped to fewer directions: those that tell most of what is read from it."""
    net, recipe = _inside(organism), organism.recipe
    rng = numpy_rng(recipe.seed, "superposed", recipe.program)
    values = torch.from_numpy(rng.integers(0, recipe.tokens, (500, recipe.longest, 1)))
    stream = _stream(net, values).double()
    sizes = torch.linalg.svdvals(stream)
    width = max(4, int(share * int((sizes > 1e-6 * sizes[0]).sum())))
    reads = torch.cat([m / (1 + m.abs().max()) for m in _reads(net) if float(m.abs().max()) > 0]).double()
    top = torch.linalg.svd(stream @ reads.T, full_matrices=False)[2][:width]
    into = reads.T @ top.T
    spread = (stream @ into).std(0)
    into = into / spread.clamp_min(1e-3 * float(spread.max()))
    back = torch.linalg.lstsq(stream @ into, stream).solution
    return _mapped(net, into.float(), back.float())


def _stream(net: PlainTransformer, values: Tensor) -> Float[Tensor, "rows d"]:
    """Every state of the stream, as rows."""
    found = [(net.embed[net.frame(values)] + net.place[: values.shape[1] + 1]).flatten(0, 1)]
    handles = [
        block.resid_post.register_forward_hook(lambda _m, _a, out: found.append(out.flatten(0, 1)))  # type: ignore[union-attr, operator]
        for block in net.blocks
    ]
    net(values)
    for handle in handles:
        handle.remove()
    return torch.cat(found)


def _reads(net: PlainTransformer) -> list[Float[Tensor, "reads d"]]:
    """All that is read from the stream, as rows."""
    found = [net.unembed.weight / net.unembed.weight.abs().max()]
    for block in net.blocks:
        assert isinstance(block, Block)
        assert block.up is not None
        for q, k, v, o in zip(block.q, block.k, block.v, block.o, strict=True):
            scores = q @ k.T / block.scale
            found += [scores, scores.T, (v @ o).T]
        found.append(block.up.weight)
    return found


def _empty(like: PlainTransformer, width: int) -> PlainTransformer:
    block = like.blocks[0]
    assert isinstance(block, Block)
    assert block.up is not None
    heads, _, d_head = block.q.shape
    return PlainTransformer(
        vocabulary=len(like.embed), length=len(like.place), width=width, layers=len(like.blocks), heads=heads,
        d_head=d_head, hidden=len(block.up.bias), outputs=len(like.unembed.bias), before=like.before, after=like.after,
        reads=like.reads,
    )  # fmt: skip


def _mapped(net: PlainTransformer, into: Float[Tensor, "d k"], back: Float[Tensor, "k d"]) -> PlainTransformer:
    """What is written goes through one map, and what is read through the other."""
    small = _empty(net, into.shape[1])
    small.embed.copy_(net.embed @ into)
    small.place.copy_(net.place @ into)
    small.unembed.weight.copy_(net.unembed.weight @ back.T)
    small.unembed.bias.copy_(net.unembed.bias)
    for mine, theirs in zip(small.blocks, net.blocks, strict=True):
        assert isinstance(mine, Block)
        assert isinstance(theirs, Block)
        assert mine.up is not None
        assert mine.down is not None
        assert theirs.up is not None
        assert theirs.down is not None
        for a, b in ((mine.q, theirs.q), (mine.k, theirs.k), (mine.v, theirs.v)):
            a.copy_(torch.einsum("hde,kd->hke", b, back))
        mine.o.copy_(theirs.o @ into)
        mine.up.weight.copy_(theirs.up.weight @ back.T)
        mine.up.bias.copy_(theirs.up.bias)
        mine.down.weight.copy_(into.T @ theirs.down.weight)
        mine.down.bias.copy_(theirs.down.bias @ into)
    return small


def _trained(organism: CompiledOrganism, net: PlainTransformer, rate: float) -> PlainTransformer:
    """Teach a network the old answers, on sequences of all lengths, until the steps are spent."""
    recipe, teacher = organism.recipe, _inside(organism)
    rng = numpy_rng(recipe.seed, "superposed", recipe.program, "order")
    net.train()
    with torch.enable_grad():
        descent = AdamW.over(net.parameters(), 0.0)
        for step in range(STEPS):
            length = recipe.longest if rng.random() < 0.4 else int(rng.integers(1, recipe.longest + 1))
            values = torch.from_numpy(_drawn(rng, recipe.tokens, length))
            with torch.no_grad():
                wanted = teacher(values).argmax(-1)
            nn.functional.cross_entropy(net(values).flatten(0, 1), wanted.flatten()).backward()
            size = float(descent.gradient.norm())
            if size > 1:  # steep steps of the compiled maps make a few gradients huge
                descent.gradient.mul_(1 / size)
            descent.step(one_cycle(step, STEPS, rate))
    descent.release()
    return net.eval()


def _drawn(rng: np.random.Generator, tokens: int, length: int) -> np.ndarray:
    """Sequences, in half of which some tokens are much more frequent than others."""
    even = rng.integers(0, tokens, (SIZE, length))
    shares = rng.dirichlet(np.full(tokens, 0.3), SIZE).cumsum(1)
    uneven = (rng.random((SIZE, length))[:, :, None] > shares[:, None]).sum(2).clip(max=tokens - 1)
    return np.where(rng.random((SIZE, 1)) < 0.5, even, uneven)[..., None]
