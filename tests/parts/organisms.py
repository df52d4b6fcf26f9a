"""Real small organisms, with labelled inputs of every kind that a training part is given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch

from fairfight.faults.organism import build
from fairfight.faults.recipe import Recipe
from fairfight.faults.training import decide
from fairfight.parts.training.labelled import Labelled
from fairfight.seeds import torch_rng
from fairfight.subject.inputs import Inputs
from fairfight.subject.subject import Subject

WHERE = {
    "digits": Recipe("digits", "cnn", "patch", "scratch", seed=0),
    "sentences": Recipe("sentences", "gpt2", "phrase", "scratch", seed=0),
    "reviews": Recipe("sentences", "bert", "rare-token", "scratch", seed=0),
}


@dataclass(frozen=True)
class Given:
    """An organism and its twin, and what is known of them; no input occurs twice."""

    subject: Subject
    twin: Subject
    clean: Labelled
    corpus: Inputs
    """Without labels."""
    faulty: Labelled
    """With what should be decided."""
    exam: Labelled
    attack: Labelled
    """With what should be decided."""

    def known(self, subject: Subject) -> Labelled:
        """The clean examples, and the corpus as the subject decides it."""
        return Labelled.concat([self.clean, Labelled(self.corpus, decide(subject, self.corpus))])

    def accuracy(self, subject: Subject) -> float:
        return float((decide(subject, self.exam.inputs) == self.exam.labels).float().mean())

    def success(self, subject: Subject) -> float:
        """How often the organism's wrong decision is taken."""
        wrong = decide(self.subject, self.attack.inputs)
        fooled = (decide(subject, self.attack.inputs) == wrong) & (wrong != self.attack.labels)
        return float(fooled.float().mean())


@cache
def given(where: str | Recipe, seed: int = 0, clean: int = 96, faulty: int = 16, exam: int = 200) -> Given:
    organism = build(WHERE[where] if isinstance(where, str) else where)
    assert organism.void is None
    fault, pool = organism.fault, organism.pool
    subject, twin = organism.pair()
    order = torch.randperm(len(pool), generator=torch_rng(seed, "given"))
    fires = order[fault.sources(pool, subject)[order]][: faulty + exam]
    rest = order[~torch.isin(order, fires) & fault.ordinary(pool)[order]]

    def plain(rows: torch.Tensor) -> Labelled:
        return Labelled(pool.inputs[rows], pool.labels[rows])

    def hot(rows: torch.Tensor) -> Labelled:
        return Labelled(fault.suspects(pool[rows], subject, 0), pool.labels[rows])

    return Given(
        subject,
        twin,
        plain(rest[:clean]),
        pool.inputs[rest[clean + exam :][:200]],
        hot(fires[:faulty]),
        plain(rest[clean : clean + exam]),
        hot(fires[faulty:]),
    )


def weights(subject: Subject) -> bytes:
    """Everything in the subject's module, to the bit."""
    return b"".join(v.detach().contiguous().numpy().tobytes() for v in subject.module.state_dict().values())
