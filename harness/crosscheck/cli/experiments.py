"""The commands that measure the harness itself, the notes, and speed; `cli.main` registers them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.options import (
    Activation,
    DataFile,
    Device,
    Impls,
    Iterations,
    Label,
    Layers,
    Names,
    Rate,
    Seed,
    Side,
    Weights,
)


def oracle(
    problem: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Also every activation on every data set.")] = False,
    bits: Annotated[int, typer.Option(help="Working precision, raised by itself where a kink asks for it.")] = 128,
    out: Annotated[Path, typer.Option(help="Folder for oracle.csv and oracle.md.")] = Path("results"),
) -> None:
    """Certify the oracle and its error bound by ball arithmetic, which encloses the exact values.

    Exit code: 0 certified, 1 an exact value is not within the oracle's error bound of it, 2 the request was wrong.

    Example: crosscheck oracle --problem flower --bits 256
    """
    from crosscheck.core import files
    from crosscheck.evaluation import certify_oracle as certification
    from crosscheck.problems.catalogue import OWN, requested
    from crosscheck.report import screen

    problems = requested(problem, OWN, everything)
    files.writable(out)
    with screen.progress("certifying") as report:
        rows = certification.certify(problems, bits, report)
    files.write(out / "oracle.csv", certification.table(rows))
    files.write(out / "oracle.md", certification.markdown(rows))
    typer.echo("\n".join([*certification.aligned(rows), "", certification.summary(rows)]))
    typer.echo(f"Tables: {out / 'oracle.csv'}, {out / 'oracle.md'}")
    raise typer.Exit(int(any(row.verdict == "missed" for row in rows)))


def explain(
    impl: Impls = None,
    problem: Names = None,
    data: DataFile = None,
    label: Label = None,
    layers: Layers = None,
    activation: Activation = None,
    weights: Weights = None,
    seed: Seed = 0,
    learning_rate: Rate = None,
    iterations: Iterations = None,
    dtype: Annotated[list[str] | None, typer.Option(help="float32 or float64; again for both.")] = None,
    device: Device = "cpu",
    relu_grad_at_zero: Side = None,
    time_limit: Annotated[float, typer.Option(help="Seconds for one problem.")] = 120.0,
) -> None:
    """Say why an implementation does not agree: the first wrong number, the exact one, and what explains it.

    Exit code: as for compare.

    Example: crosscheck explain --impl torch/native --problem kink
    """
    from crosscheck.comparison import session as comparison
    from crosscheck.comparison.explain import explain as run
    from crosscheck.problems.catalogue import Options, requested
    from crosscheck.report import screen

    options = Options(
        data, label=label, layers=layers, activation=activation, weights=weights, seed=seed,
        learning_rate=learning_rate, iterations=iterations, relu_grad_at_zero=relu_grad_at_zero,
    )  # fmt: skip
    comparison.check_time_limit(time_limit)
    dtypes = comparison.check_dtypes(dtype)
    chosen = comparison.implementations(impl, time_limit)
    problems = requested(problem, options)
    comparison.check_device(device, chosen, time_limit)
    with screen.progress("explaining") as report:
        rows, lines = run(comparison.Request(problems, chosen, dtypes, device, time_limit), report)
    typer.echo("\n".join(lines).strip())
    raise typer.Exit(comparison.exit_code(rows))


def power(
    problem: Names = None,
    draws: Annotated[int, typer.Option(help="Random problems for each network of the false alarms; 0 for none.")] = 10,
    out: Annotated[Path, typer.Option(help="Folder for mutation.csv, .md and false_alarms.csv.")] = Path("results"),
) -> None:
    """Try every known mutant on every problem, and print what share is caught, and how many alarms are false.

    Takes several minutes. Exit code: 0, or 1 if a right implementation is said to disagree.

    Example: crosscheck power --problem flower --draws 1 --out mine
    """
    from os import cpu_count

    from crosscheck.comparison.session import implementations
    from crosscheck.core import files
    from crosscheck.evaluation import false_alarms, score_tables
    from crosscheck.evaluation.score import Pair, in_order, score_all
    from crosscheck.problems.catalogue import choose
    from crosscheck.report import screen

    if not 0 <= draws <= 1000:
        raise BadInput(f"{draws}: expected a whole number from 0 to 1000", parameter="draws")
    names = [spec.name for spec in choose(problem)]
    files.writable(out)
    pairs: list[Pair] = []
    runs: list[false_alarms.HonestRun] = []
    try:
        with screen.progress("power") as report:
            # one after another, so that an interrupt leaves those that are done
            pairs.extend(score_all(names, report, min(2 * len(names), cpu_count() or 1)))
            if draws:
                runs = false_alarms.run(draws, implementations(None), report)
    except KeyboardInterrupt:
        files.write(out / "mutation.partial.csv", score_tables.csv(pairs))
        typer.echo(f"\ninterrupted: {len(pairs)} pairs are in {out / 'mutation.partial.csv'}", err=True)
        raise typer.Exit(130) from None
    pairs = in_order(names, pairs)
    score_tables.save(out, pairs, runs)
    for line in score_tables.summary(pairs, runs):
        typer.echo(line)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in score_tables.FILES)}")
    raise typer.Exit(int(any(each.row.verdict in ("disagrees", "failed") for each in runs)))


def claims(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="An id of the notes' items, N17, or a claim's name; again for more.", metavar="NAME"
        ),
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show the claims, and what to change to try them.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for claims.csv, claims.md and claims/*.svg.")] = Path("results"),
) -> None:
    """Measure what the notes claim, in each framework, and write the tables and pictures.

    Exit code: 0 every claim has been measured, whether it holds or not; 1 one failed; 2 the request was wrong.

    Example: crosscheck claims --only N17 --out mine
    """
    from crosscheck.claims import choose, explanation

    chosen = choose(only)
    if list_them:
        for claim in chosen:
            typer.echo(f"{claim.name} ({', '.join(claim.notes)})\n\n{explanation(claim)}\n")
        return
    from crosscheck.claims.engine import report, run
    from crosscheck.core import files
    from crosscheck.report.screen import progress

    files.writable(out)
    report.read(out / "claims.csv")
    outcomes: dict[str, Any] = {}
    with progress("claims") as say:
        run.run(chosen, say, lambda claim, findings: outcomes.update({claim.name: findings}))
    made = report.save(out, outcomes)
    report.show(made)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in ('claims.csv', 'claims.md', 'claims/'))}")
    raise typer.Exit(int(any(report.failed(line) for line in made)))


def bench(
    impl: Impls = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="planar, breast_cancer, images, 784, 1024 or logistic; again for more."),
    ] = None,
    dtype: Annotated[list[str] | None, typer.Option(help="float32 or float64; again for both.")] = None,
    threads: Annotated[int, typer.Option(help="Of each contestant; all processors by default.")] = os.cpu_count() or 1,
    rounds: Annotated[int, typer.Option(help="Turns that each contestant has.")] = 7,
    device: Device = "cpu",
    quick: Annotated[bool, typer.Option(help="The two smallest sizes, short turns, no growth.")] = False,
    growth: Annotated[bool, typer.Option(help="Also time against examples, width and depth.")] = True,
    out: Annotated[Path, typer.Option(help="Folder for speed.csv, speed.md and the plots in speed/.")] = Path(
        "results"
    ),
) -> None:
    """Time an iteration of gradient descent: the implementations, their peers, and the floor of this machine.

    Example: crosscheck bench --quick

    Example: crosscheck bench --only 784 --dtype float32 --impl numpy/fast --impl torch/fast --no-growth --out mine
    """
    from crosscheck.bench.command import Options
    from crosscheck.bench.command import bench as run

    run(impl, only, Options(dtype, threads, rounds, device, quick, growth), out)
