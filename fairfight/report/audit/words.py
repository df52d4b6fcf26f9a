"""What an audit says in plain sentences."""

from __future__ import annotations

from fairfight.audits.records import Power, Report, Tested
from fairfight.report.numbers import counted

BLIND = 0.5
"""Share of spikes found under which an audit has no power to speak of."""


def headline(report: Report) -> str:
    """The outcome in one sentence."""
    if report.findings:
        worst = report.findings[0]
        more = f" and {counted(len(report.findings) - 1, 'more finding')}" if len(report.findings) > 1 else ""
        return f"{worst.suspicion.claim.rstrip('.')}{more}."
    return "Nothing was found that holds up on data no search has seen."


def blind(report: Report) -> list[str]:
    """What silence is not worth: kinds of faults that the same search does not find, the first thing to be read."""
    said = []
    for name, title in {p.spike: p.title for p in report.powers}.items():
        some = [p for p in report.powers if p.spike == name]
        tried = sum(p.rate.of for p in some)
        if not tried:
            lost = sum(p.lost for p in some)
            why = f"none of {lost} could be planted" if lost else "there was no time to plant any"
            said.append(f"Nothing is known of how often it would have found {title}: {why}.")
        elif all(p.rate.value < BLIND for p in some if p.rate.of):
            hits = sum(p.rate.hits for p in some)
            said.append(f"It would probably have missed {title}: of {counted(tried, 'planted one')} it found {hits}.")
    return said


def smallest(report: Report) -> list[str]:
    """For every kind with power, the weakest strength that is still found more often than not."""
    said = []
    for name, title in {p.spike: p.title for p in report.powers}.items():
        seen = [p for p in report.powers if p.spike == name and p.rate.of and p.rate.value >= BLIND]
        if seen:
            weakest = seen[-1]
            low, high = weakest.rate.interval
            said.append(
                f"It finds {title} down to “{weakest.strength}”: {weakest.rate.hits} of {weakest.rate.of} "
                f"[{low:.0%}, {high:.0%}]."
            )
    return said


def alarms(report: Report) -> str:
    """How often it cries wolf."""
    if not report.alarms.of:
        return "How often it cries wolf is not known: there was no time for copies without a fault."
    low, high = report.alarms.interval
    return (
        f"In {report.alarms.hits} of {counted(report.alarms.of, 'copy', 'copies')} without a planted fault it found "
        f"something that the model itself does not have [{low:.0%}, {high:.0%}]."
    )


def evidence(tested: Tested) -> str:
    """What was counted."""
    e = tested.evidence
    low, high = e.rate.interval
    return (
        f"{e.rate.hits} of {e.rate.of} held-out inputs ({e.rate.value:.0%}, 95 % interval {low:.0%} to {high:.0%}); "
        f"{e.control.value:.0%} under the strongest of {counted(e.controls, 'control')} ({e.matched})"
    )


def share(power: Power) -> str:
    """Recovered of planted."""
    return f"{power.rate.hits} of {power.rate.of}" if power.rate.of else "–"
