"""The network of a case, and the sitting on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from fairfight.faults.program.published import load
from fairfight.faults.program.recurrent import build
from fairfight.faults.training import one_thread
from fairfight.parts.programs.graph import graph, wiring
from fairfight.subject.sequences import SequenceSubject
from fairfight.subject.transformer import Block, PlainTransformer
from fairfight.tasks.decompile._draw import Sitting, sitting
from fairfight.tasks.decompile._secret import secret_sitting
from fairfight.tasks.decompile._whole import compiled_sitting, published_sitting
from fairfight.tasks.decompile.cases import compiled_of, organism_of, secret_of
from fairfight.tasks.decompile.suites.row import Sizes
from fairfight.tasks.task import Case, Exhibit

LEAST = 0.99
"""Share of answers that have to be a compiled network's program's."""


def built(given: dict[str, Any], seed: int) -> Case:
    """The case of a recipe for one match seed."""
    if "compiled" in given:
        return _compiled(given, seed)
    if "secret" in given:
        return _secret(given, seed)
    return _published(given, seed) if "published" in given else _trained(given, seed)


SEEN = {
    "scenes": "A convolutional network that sees a scene, given by {} factors of {} values each",
    "digits": "A convolutional network that sees a handwritten digit of {} pixels of {} shades",
    "pairs": "A transformer of one layer over {} numbers of {} values",
}
"""What a network with a secret rule is."""


def _secret(given: dict[str, Any], seed: int) -> Case:
    organism = secret_of(given)
    rule = organism.recipe.rule
    text = SEEN[rule.world].format(rule.shape[0] * rule.shape[1], rule.high + 1) + "; labels come from a secret rule."
    exhibit = Exhibit(title=rule.text, text=text, facts={"agreement": organism.agreement})
    return _case(exhibit, organism.void, lambda: secret_sitting(organism, Sizes(), seed))


def _trained(given: dict[str, Any], seed: int) -> Case:
    organism = build(organism_of(given))
    rule, health = organism.rule, organism.health
    text = f"A recurrent network of {rule.net.hidden} units; inputs from {rule.low} to {rule.high}."
    facts = {"agreement": health.agreement, "agreement at four times the length": health.longer}
    exhibit = Exhibit(title=rule.text, text=text, facts=facts)
    return _case(exhibit, organism.void, lambda: sitting(organism, Sizes(), seed))


def _compiled(given: dict[str, Any], seed: int) -> Case:
    with one_thread():
        organism = compiled_of(given)
        share = organism.agreement()
    recipe = organism.recipe
    net = organism.subject.module
    assert isinstance(net, PlainTransformer)
    facts = {"agreement": share, "noise": recipe.noise, "width of the stream": float(net.embed.shape[1])}
    text = f"A transformer compiled from a program, {given['form']}; {_shape(organism.subject)}"
    text += f"; {recipe.tokens} tokens, sequences of up to {recipe.longest}."
    void = None if share >= LEAST else f"agreement {share:.3f} with the program is under {LEAST}"
    circuit = wiring(organism.circuit, "answer").plain()
    exhibit = Exhibit(title=organism.text, text=text, facts=facts, graph=circuit)
    return _case(exhibit, void, lambda: compiled_sitting(organism, Sizes(), seed))


def _published(given: dict[str, Any], seed: int) -> Case:
    found = load(given["published"])
    with one_thread():
        facts = {"agreement": found.agreement(256, 0)}
    text = f"A transformer that others trained; {_shape(found.subject)}."
    exhibit = Exhibit(title=found.text, text=text, facts=facts)
    return _case(exhibit, None, lambda: published_sitting(found, Sizes(), seed))


def _case(exhibit: Exhibit, void: str | None, sit: Callable[[], Sitting]) -> Case:
    if void is not None:
        return Case((), (), (), void=void, exhibit=exhibit)
    brief, exam, answer = sit()
    code = answer.program.python()
    exhibit = replace(exhibit, code=code, graph=exhibit.graph or graph(answer.program.body).plain())
    return Case((brief,), (exam,), (answer,), exhibit=exhibit)


def _shape(subject: SequenceSubject) -> str:
    blocks = subject.module.blocks
    assert isinstance(blocks, nn.ModuleList)
    heads = sum(len(block.q) for block in blocks if isinstance(block, Block))
    return f"{len(blocks)} layers, {heads} heads"
