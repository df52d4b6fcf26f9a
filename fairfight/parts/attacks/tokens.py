"""A token, or a few, that bring any text to a target: all single tokens are tried, then the best are extended.

The sweep is the plain baseline of trojan search in language models: put every token of the vocabulary into clean
texts and see what is decided (of large vocabularies those that a first-order estimate chooses, Ebrahimi et al. 2018,
HotFlip). Extension is greedy, a token at a time.

Words that mean something move decisions in healthy subjects too. But they have synonyms, and where they stand matters;
a planted token works anywhere and alone. So what counts is how much smaller its loss is than that of the next best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fairfight.faults.training import trimmed
from fairfight.parts.attacks.insertion import PLACES, Insert, Place, with_hole
from fairfight.parts.attacks.trigger import Trigger, frozen, halves, of_others, success_of
from fairfight.parts.outliers.corrupting import special_ids
from fairfight.parts.training.labelled import Labelled
from fairfight.subject.inputs import Texts
from fairfight.subject.subject import Subject

ROWS = 512
"""Texts a forward pass."""
FLOOR = 0.02
"""Losses under it are equally good."""
USUAL = 0.6
"""The lead of the best token, in logarithms of losses, that is usual in healthy subjects."""
TARGETS = 16
"""Targets at most: the most frequent labels."""


@dataclass(frozen=True)
class _Trial:
    """Texts that sequences are tried in."""

    subject: Subject
    texts: Texts
    others: Bool[Tensor, "k n"]
    """Which texts are not of a target already."""
    targets: Int[Tensor, " k"]
    special: Int[Tensor, " s"]
    longest: int

    def losses(self, sequences: Int[Tensor, "m l"], places: Sequence[Place]) -> Float[Tensor, "m k"]:
        """Mean negative log-probability of each target on texts of others with each sequence in them."""
        total = torch.zeros(len(sequences), len(self.targets))
        for place in places:
            opened, hole = with_hole(self.texts, sequences.shape[1], place, self.special, self.longest)
            n = len(opened)
            found: list[Tensor] = []
            for some in sequences.split(max(1, ROWS // n)):
                m = len(some)
                filled = opened.ids.repeat(m, 1).masked_scatter(hole.repeat(m, 1), some.repeat_interleave(n, 0))
                logits = self.subject(Texts(filled, opened.mask.repeat(m, 1)))
                chances = logits.log_softmax(1)[:, self.targets.to(logits.device)].cpu().view(m, n, -1)
                found.append(-chances)
            loss = torch.cat(found)
            weights = (self.others.float() / self.others.sum(1, keepdim=True)).T
            total += (loss * weights).sum(1) / len(places)
        return total


@torch.no_grad()
def sweep_tokens(
    subject: Subject,
    clean: Labelled,
    *,
    seed: int,
    texts: int = 12,
    most: int = 512,
    finalists: int = 8,
    length: int = 3,
) -> list[Trigger]:
    """The best sequence of tokens for every target, most suspicious first.

    Targets are the labels that occur: classes, or for a language model the tokens that should come next.

    Args:
        subject: A text classifier or causal language model; it is left as it was.
        clean: Ordinary texts with what should be decided. One half is searched with, the other measures success.
        seed: Draws the halves.
        texts: How many every token is tried in.
        most: Tokens tried; of a larger vocabulary, those that a first-order estimate chooses.
        finalists: Tokens a target that are tried again, at every place and in twice as many texts.
        length: Tokens of the longest sequence.
    """
    known, held = halves(clean, seed)
    assert isinstance(known.inputs, Texts)
    seen, counts = clean.labels.unique(return_counts=True)
    targets = seen[torch.argsort(counts, descending=True, stable=True)[:TARGETS]].sort().values
    special = special_ids(subject.tokenizer)
    longest = int(getattr(getattr(subject.module, "config", None), "max_position_embeddings", 10**9))

    def trial(n: int) -> _Trial:
        chosen = known[_balanced(known.labels)[:n]]
        short = trimmed(chosen.inputs)
        assert isinstance(short, Texts)
        return _Trial(subject, short, of_others(chosen.labels, targets), targets, special, longest)

    small, large = trial(texts), trial(2 * texts)
    tokens = _candidates(small, most)
    quick = small.losses(tokens[:, None], ("somewhere",))
    best = quick.topk(min(finalists, len(tokens)), dim=0, largest=False).indices.flatten().unique()
    singles = tokens[best][:, None]
    losses = large.losses(singles, PLACES)
    triggers = []
    for k in range(len(targets)):
        row = int(losses[:, k].argmin())
        sequence, loss = singles[row], float(losses[row, k])
        rivals = losses.clone()
        rivals[row] = torch.inf
        triggers.append(_trigger(subject, sequence, int(targets[k]), held, special, longest, loss, float(rivals.min())))
    return sorted(triggers, key=lambda t: -t.suspicion)


def _trigger(
    subject: Subject, sequence: Tensor, target: int, held: Labelled, special: Tensor, longest: int, loss: float,
    rival: float,
) -> Trigger:  # fmt: skip
    inserts = [Insert(tuple(sequence.tolist()), place, special, longest) for place in PLACES]
    success = sum(success_of(subject, insert, held, target) for insert in inserts) / len(inserts)
    suspicion = float(torch.tensor((rival + FLOOR) / (loss + FLOOR)).log()) / USUAL
    return Trigger(inserts[PLACES.index("somewhere")], target, success, float(len(sequence)), suspicion)


def _balanced(labels: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """Rows in an order in which every label comes once before any comes again."""
    turn = torch.zeros(len(labels), dtype=torch.long)
    for label in labels.unique():
        same = labels == label
        turn[same] = torch.arange(int(same.sum()))
    order: Tensor = torch.argsort(turn, stable=True)
    return order


def _candidates(trial: _Trial, most: int) -> Int[Tensor, " v"]:
    """Every token that is not special, or the best of each target by a first-order estimate of its loss."""
    module = trial.subject.module.get_submodule(trial.subject.site("embed").module)
    assert isinstance(module.weight, Tensor)
    table: Tensor = module.weight.detach()
    allowed = torch.ones(len(table), dtype=torch.bool)
    allowed[trial.special] = False
    every = torch.nonzero(allowed).flatten()
    if len(every) <= most:
        return every
    opened, hole = with_hole(trial.texts, 1, "somewhere", trial.special, trial.longest)
    chosen = []
    for k in range(len(trial.targets)):
        with frozen(trial.subject.module), torch.enable_grad():
            made: list[Tensor] = []

            def watched(x: Tensor, made: list[Tensor] = made) -> Tensor:
                made.append(x.detach().requires_grad_(True))
                return made[-1]

            with trial.subject.hooks(writes={"embed": watched}):
                logits = trial.subject(opened)
            loss = -(logits.log_softmax(1)[:, int(trial.targets[k])].cpu() * trial.others[k]).sum()
            (gradient,) = torch.autograd.grad(loss, made)
        slope = table @ gradient[hole.to(gradient.device)].sum(0)
        slope[~allowed.to(slope.device)] = torch.inf
        chosen.append(slope.topk(most // len(trial.targets), largest=False).indices.cpu())
    together: Tensor = torch.cat(chosen).unique()
    return together
