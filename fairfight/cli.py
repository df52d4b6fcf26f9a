"""The commands. They hold no logic of their own: each calls one public function of the package."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fairfight.errors import UserError

app = typer.Typer(
    name="fairfight",
    help="Interpretability tools against the best baselines, under the same rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Suite = Annotated[str, typer.Option(help="tour, quick, standard or large.")]
StorePlace = Annotated[str | None, typer.Option("--store", help="Path or database URL of the store.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


@app.command()
def run(
    suite: Suite = "tour",
    task: Annotated[list[str] | None, typer.Option(help="Only this task (repeatable).")] = None,
    contenders: Annotated[str | None, typer.Option(help="Only these, separated by commas, or all.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Match seeds on every case.")] = None,
    budget: Annotated[str | None, typer.Option(help="Operations a sitting, such as 2e9 or 500M.")] = None,
    trials: Annotated[int | None, typer.Option(help="Tuning trials for each contender; 1 means defaults.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; one a core by default.")] = None,
    store: StorePlace = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Draw the cases anew, under a seal.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Wall-clock limit of a sitting.")] = None,
    memory: Annotated[float | None, typer.Option(help="Memory limit of a sitting in GiB.")] = None,
    report: Annotated[Path, typer.Option(help="Where the HTML report goes.")] = Path("report.html"),
    as_json: AsJson = False,
) -> None:
    """Fight the matches of a suite, show the verdicts and write the report."""
    from fairfight import api
    from fairfight.report import console, live, terminal

    with live.progress(hidden=as_json) as watch:
        results = api.run(
            suite,
            tasks=task,
            contenders=[c.strip() for c in contenders.split(",") if c.strip()] if contenders else None,
            seeds=seeds,
            budget=budget,
            trials=trials,
            workers=workers,
            store=store,
            fresh=fresh,
            seconds=seconds,
            memory_gib=memory,
            watch=watch,
        )
    path = results.write_report(report, command=" ".join(["fairfight", *sys.argv[1:]]))
    if as_json:
        _print({"suite": results.suite, "new_matches": results.new, "report": str(path),
                "verdicts": terminal.as_json(results.verdicts)})  # fmt: skip
        return
    terminal.show(results.verdicts)
    console.say(f"{results.new} new matches, {len(results.matches)} in all. Report: {path}")


@app.command()
def decompile(
    model: Annotated[Path, typer.Argument(help="A recurrent network or a transformer: a file, or a folder.")],
    inputs: Annotated[str | None, typer.Option(help="What inputs can be, such as -5..5.")] = None,
    answers: Annotated[str | None, typer.Option(help="What answers can be, where outputs are logits of each.")] = None,
    length: Annotated[str | None, typer.Option(help="Of the inputs that it was made for: 20, or 1..8.")] = None,
    update: Annotated[str, typer.Option(help="What it does to its state: tanh, relu or linear.")] = "tanh",
    frame: Annotated[str, typer.Option(help="Tokens around a transformer's inputs, such as 31,x,32.")] = "x",
    reads: Annotated[str, typer.Option(help="Where a transformer answers: first, last or each.")] = "last",
    causal: Annotated[
        bool | None, typer.Option("--causal/--both-ways", help="Whether positions see only those before them.")
    ] = None,
    folded: Annotated[bool, typer.Option("--folded", help="Layer norms were folded into other weights.")] = False,
    data: Annotated[Path | None, typer.Option(help="Inputs to show and to try: a JSON list in each line.")] = None,
    by: Annotated[str, typer.Option(help="The contender that does it.")] = "read-or-search",
    seed: Annotated[int, typer.Option(help="Of whatever is drawn.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Replace a small network over sequences of whole numbers by a program."""
    from fairfight.tasks.decompile.asked import decompile_file

    found = decompile_file(
        model, inputs, answers=answers, length=length, update=update, frame=frame, reads=reads, causal=causal,
        folded=folded, data=data, by=by, seed=seed,
    )  # fmt: skip
    if as_json:
        shares = {"agreement": found.agreement, "longer": found.longer, "harder": found.harder}
        _print({"program": found.text, "found": found.found, **shares, "note": found.note})
    else:
        typer.echo(str(found))


@app.command()
def audit(
    model: Annotated[str, typer.Argument(help="A model's folder or hub name.")],
    data: Annotated[Path, typer.Option(help="Ordinary data: .jsonl of texts, a folder of pictures, or .npz.")],
    out: Annotated[Path, typer.Option(help="Folder for the report and the findings.")] = Path("audit"),
    budget: Annotated[float, typer.Option(help="Seconds.")] = 600.0,
    spikes: Annotated[int, typer.Option(help="Copies for every known fault and strength at most.")] = 4,
    kind: Annotated[str | None, typer.Option(help="image-classifier, text-classifier or causal-lm.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; one a core by default.")] = None,
    seed: Annotated[int, typer.Option(help="Of whatever is drawn.")] = 0,
    reproduce: Annotated[str | None, typer.Option(help="Test this finding of an earlier audit again.")] = None,
    repair: Annotated[str | None, typer.Option(help="Repair this finding of an earlier audit in a copy.")] = None,
    by: Annotated[str | None, typer.Option(help="The contender of repair that does it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search a model for faults; exit code 0 without findings, 1 with, 2 where something must be changed."""
    from fairfight.report.audit import commands

    asked = commands.Asked(model, data, out, kind, seed, as_json, sys.argv[1:])
    if reproduce is not None:
        code = commands.reproduce(asked, reproduce)
    elif repair is not None:
        code = commands.repair(asked, repair, by)
    else:
        code = commands.audit(asked, budget, spikes, workers)
    raise typer.Exit(code)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List tasks, suites, cases and contenders."""
    from fairfight import api
    from fairfight.report import console

    found = api.catalogue()
    if as_json:
        _print(found)
    else:
        console.show_catalogue(found)


@app.command()
def show(
    match: Annotated[str, typer.Argument(help="The match's id, or the beginning of it.")],
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """Show one stored match with all that decided it."""
    from dataclasses import asdict

    from fairfight import api
    from fairfight.report import console

    record = api.show(match, store=store)
    if as_json:
        _print({"id": record.id, **asdict(record)})
    else:
        console.show_match(record)


@app.command()
def report(
    suite: Annotated[str | None, typer.Option(help="Only this suite.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    store: StorePlace = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the HTML goes.")] = Path("report.html"),
    as_json: AsJson = False,
) -> None:
    """Judge what the store holds and write the report, without fighting anything."""
    from fairfight import api
    from fairfight.report import console, terminal

    found = api.results(suite, store=store, task=task)
    several = len(found) > 1
    for results in found:
        path = output.with_stem(f"{output.stem}-{results.suite}") if several else output
        results.write_report(path, command=" ".join(["fairfight", *sys.argv[1:]]))
        if not as_json:
            terminal.show(results.verdicts)
            console.say(f"{len(results.matches)} matches. Report: {path}")
    if as_json:
        _print([{"suite": r.suite, "verdicts": terminal.as_json(r.verdicts)} for r in found])


@app.command()
def verify(
    suite: Annotated[str | None, typer.Option(help="Only this suite.")] = None,
    sample: Annotated[int, typer.Option(help="How many matches to fight again.")] = 5,
    seed: Annotated[int, typer.Option(help="Which ones.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Worker processes.")] = None,
    store: StorePlace = None,
    as_json: AsJson = False,
) -> None:
    """Check the seals and fight a sample of stored matches again; exit code 1 where something differs."""
    from dataclasses import asdict

    from fairfight import api
    from fairfight.report import console, live

    with live.progress(hidden=as_json) as watch:
        found = api.verify(store=store, suite=suite, sample=sample, seed=seed, workers=workers, watch=watch)
    if as_json:
        _print({"holds": found.holds, **asdict(found)})
    else:
        console.show_verification(found)
    if not found.holds:
        raise typer.Exit(1)


def _print(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def main() -> None:
    """The ``fairfight`` program: a user's mistake is one sentence and exit code 2."""
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"fairfight: {error}\n")
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        sys.stderr.write("fairfight: stopped; what was fought is stored, run again to go on.\n")
        raise SystemExit(130) from None
