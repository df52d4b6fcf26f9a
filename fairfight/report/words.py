"""The report's own words: how rigorous a verdict is, the rules in brief, tiers, a glossary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fairfight.report import numbers

if TYPE_CHECKING:
    from fairfight.arena.records import SealRecord
    from fairfight.verdict.records import Verdict

TIERS: dict[int, tuple[str, str]] = {
    1: ("claimed", "no match shows it"),
    2: ("basic science", "beats random on a prediction"),
    3: ("streetlight", "beats random at a useful job on embedded organisms"),
    4: (
        "useful engineering",
        "beats every baseline given the same tuning, on sealed cases on real pretrained subjects, after correction",
    ),
    5: (
        "net safety benefit",
        "tier 4, and it helps remove or detect harm more than the same tool used backwards adds it, and "
        "raises no capability",
    ),
}
"""Tier to name and meaning."""

RULES: tuple[tuple[str, str], ...] = (
    ("Same information", "Contenders get the brief and nothing else; the answer is out of reach."),
    (
        "Same compute",
        "A budget of floating-point operations covers all that a contender runs. Who overspends is stopped "
        "and scored at the floor, never dropped.",
    ),
    (
        "Same tuning",
        "Every contender gets the same number of tuning trials, on development cases that share nothing with "
        "the scored ones.",
    ),
    ("Same data and labels", "Counted, reported, and what a contender trains is charged to it in full."),
    (
        "Controls on every case",
        "Random is the floor and the oracle the ceiling. A case on which the oracle does not clearly beat "
        "random is void.",
    ),
    (
        "Paired statistics",
        "Differences on the same cases and seeds, intervals over cases and seeds as two levels, correction "
        "for the number of comparisons.",
    ),
    ("A loss counts as a win does", "Every match ever run stays in the store and in this report."),
    (
        "Sealed cases",
        "The scored cases can be committed as a hash before contenders are fixed, and revealed after.",
    ),
)

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Subject", "The model under test."),
    ("Fault", "What is wrong with a subject: a trojan, a brittle decision, an input from elsewhere."),
    ("Organism", "A subject with a planted, known fault. Its clean twin is the same subject without it."),
    (
        "Case",
        "One organism with its data: a brief, which contenders see, and a sealed answer, which only grading reads.",
    ),
    ("Task", "A family of cases and the way submissions are graded: one engineering job."),
    ("Contender", "Anything that turns a brief into a submission."),
    ("Tool", "A contender that interprets the subject: it reads what is inside."),
    ("Baseline", "A contender that does the same job without interpreting the subject."),
    ("Combination", "A contender made of several others."),
    (
        "Controls",
        "Random (the floor), oracle (knows the answer: the ceiling) and placebos (a tool with its insight "
        "taken out, such as random directions).",
    ),
    ("Match", "One contender on one case with one seed under one budget."),
    (
        "Score",
        "The task's primary metric: mean over cases of the mean over seeds. A match that fails or overspends "
        "has the floor's score.",
    ),
    ("Random 0, oracle 1", "The score moved and stretched so that random is 0 and the oracle 1."),
    ("Interval", "95 % bootstrap interval over cases and, within them, seeds."),
    (
        "p, p corrected",
        "Probability of a paired difference this large if there were none; after correction for the number of "
        "contrasts that were looked at.",
    ),
    (
        "No different",
        "Two one-sided tests (TOST) show the difference to be smaller than a margin fixed beforehand. Not the "
        "same as a large p.",
    ),
    (
        "Smallest visible difference",
        "The smallest true difference that this design sees with 80 % power. An open result says nothing "
        "about smaller ones.",
    ),
    ("AUROC", "How often a faulty input is ranked above a clean one: .5 is chance, 1 is perfect."),
    ("False alarms", "How much of the clean twin's harmless input is flagged."),
    ("FLOP", "Floating-point operation, counted deterministically over all modules, backward passes included."),
    (
        "Void",
        "A case that is not scored, because its fault did not take or the oracle does not clearly beat random.",
    ),
    ("Seal", "The commitment: a hash of the secret from which the scored cases were drawn."),
)


def rigor(verdict: Verdict, seals: Iterable[SealRecord]) -> str:
    """How rigorous a verdict is, in one or two plain sentences."""
    made = f"Paired over {numbers.counted(verdict.cases, 'valid case')} × {numbers.counted(verdict.seeds, 'seed')}"
    parts = [made]
    if verdict.contrasts:
        how = "for every pair at once" if verdict.contrasts[0].choice == "scored" else "after Holm"
        parts.append(f"{numbers.counted(len(verdict.contrasts), 'contrast')} corrected {how}")
    if verdict.void_cases:
        parts.append(f"{numbers.counted(len(verdict.void_cases), 'void case')} left out")
    own = [s for s in seals if (s.task, s.suite) == (verdict.task, verdict.suite)]
    if not own:
        parts.append("cases not sealed")
    elif any(s.drawn == "fresh" for s in own):
        parts.append("cases drawn fresh and sealed")
    else:
        parts.append("public cases, which contenders may have met before")
    return "; ".join(parts) + "."
