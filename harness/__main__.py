"""The command line: `crosscheck`, or `python -m harness`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from impls.interface import SOURCES, BadInput

app = typer.Typer(
    help="Neural networks from the course notes in NumPy, PyTorch and JAX, and a proof of whether they agree.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Impls = Annotated[
    list[str] | None,
    typer.Option("--impl", help="framework/source, a framework, or a dotted path; again for more.", metavar="NAME"),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--problem", help="A problem of `crosscheck list`, or how its name begins; again for more."),
]  # fmt: skip
DataFile = Annotated[Path | None, typer.Option("--data", help="Your data: .npz (X, Y), .csv, or the course's .h5.")]
TestFile = Annotated[Path | None, typer.Option("--test", help="Your test set, a file of the same kind.")]
Label = Annotated[str | None, typer.Option(help="The column of the .csv that is the label; the last one by default.")]
Standardise = Annotated[
    bool, typer.Option("--standardise", help="Scale features by the training set's mean and deviation.")
]
Layers = Annotated[str | None, typer.Option(help="Sizes of the hidden layers, 20,7,5; '' is logistic regression.")]
Activation = Annotated[str | None, typer.Option(help="Of the hidden layers: one name, or one a layer: tanh,relu.")]
Output = Annotated[str | None, typer.Option(help="Activation of the output: sigmoid, linear or relu.")]
Loss = Annotated[str | None, typer.Option(help="cross_entropy or squared_error.")]
Weights = Annotated[str | None, typer.Option(help="zeros, a scale such as 0.01, scaled (1/sqrt(n[l-1])), or an .npz.")]
Seed = Annotated[int, typer.Option(help="Of the initial weights.")]
Rate = Annotated[float | None, typer.Option("--learning-rate", help="alpha.")]
Iterations = Annotated[int | None, typer.Option(help="Steps of gradient descent.")]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
Kink = Annotated[str | None, typer.Option(help="ReLU' at 0: right (1, the notes) or left (0, the frameworks).")]
Slope = Annotated[float | None, typer.Option("--leaky-slope", help="Slope of leaky ReLU left of 0.")]


@app.callback(invoke_without_command=True)
def _main(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(name="list")
def list_() -> None:
    """Show the implementations and the problems.

    Example: crosscheck list
    """
    from importlib.util import find_spec

    from harness.problems import SPECS
    from harness.registry import registered

    typer.echo("Implementations (--impl):")
    for framework, sources in SOURCES.items():
        there = "" if find_spec(framework) else "   (not installed)"
        typer.echo(f"  {framework:6} {' '.join(f'{framework}/{source}' for source in sources)}{there}")
    for name, path in registered().items():
        typer.echo(f"  {name:6} {path}   (installed with it)")
    typer.echo("\nProblems (--problem); * only with --all:")
    for spec in SPECS:
        sizes = "-".join(["n_x", *map(str, spec.hidden), "n_y"])
        typer.echo(f"{' ' if spec.default else '*'} {spec.name:31} {sizes:14} {spec.why}")


@app.command()
def compare(
    impl: Impls = None,
    problem: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Also every activation on every data set.")] = False,
    data: DataFile = None,
    test: TestFile = None,
    label: Label = None,
    standardise: Standardise = False,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    weights: Weights = None,
    seed: Seed = 0,
    learning_rate: Rate = None,
    iterations: Iterations = None,
    dtype: Annotated[
        list[str] | None,
        typer.Option(help="float32 or float64; again for both. float64 always runs: it judges float32."),
    ] = None,
    device: Device = "cpu",
    kink: Kink = None,
    leaky_slope: Slope = None,
    out: Annotated[Path, typer.Option(help="Folder for agreement.csv, agreement.md and environment.json.")] = Path(
        "results"
    ),
    time_limit: Annotated[
        float, typer.Option(help="Seconds that one implementation may take for one problem.")
    ] = 120.0,
) -> None:
    """Hold every implementation against the truth, and write the tables.

    Exit code: 0 nothing disagrees, 1 something disagrees or failed, 2 the request was wrong.

    Example: crosscheck compare --impl torch --problem flower --problem kink

    Example: crosscheck compare --data my.csv --label ill --layers 8 --activation tanh --out mine
    """
    from harness import compare as comparison
    from harness import screen, tables
    from harness.problems import Options, requested

    options = Options(
        data, test, label, standardise, layers, activation, output, loss, weights, seed, learning_rate, iterations,
        kink, leaky_slope,
    )  # fmt: skip
    if not 0 < time_limit <= 1e6:
        raise BadInput(f"--time-limit {time_limit:g}: expected seconds > 0, and at most 1e6")
    dtypes = comparison.check_dtypes(dtype)
    chosen = comparison.implementations(impl, time_limit)
    problems = requested(problem, options, everything)
    comparison.check_device(device, chosen, time_limit)
    tables.writable(out)
    rows: list[Any] = []
    abouts: dict[str, Any] = {}
    try:
        with screen.progress() as report:
            comparison.compare(problems, chosen, dtypes, device, report, rows, abouts, time_limit)
    except KeyboardInterrupt:
        tables.write(out / "agreement.partial.csv", tables.csv(rows))
        typer.echo(f"\ninterrupted: {len(rows)} rows are in {out / 'agreement.partial.csv'}", err=True)
        raise typer.Exit(130) from None
    settings = {
        "device": device,
        "dtypes": dtypes,
        "kink": kink or "each problem's own",
        "problems": [p.name for p in problems],
    }
    tables.save(out, rows, tables.environment(abouts, settings))
    screen.show(rows)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in tables.FILES)}")
    raise typer.Exit(comparison.exit_code(rows))


@app.command()
def check(
    solution: Annotated[
        str, typer.Argument(help="mine.py, mine.py:function, pkg.mine:function, or pkg.mine.", metavar="SOLUTION")
    ],
    problem: Names = None,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    leaky_slope: Slope = None,
    dtype: Annotated[
        list[str] | None, typer.Option(help="float32 or float64; again for both. float64 always runs.")
    ] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds that it may take for one problem.")] = 10.0,
) -> None:
    """Check your own gradient: is it right, and if not, what is the first thing that is wrong?

    The function gets NumPy arrays, examples as columns, and may use what it likes inside. In mine.py:

    \b
        def cost_and_gradients(parameters, X, Y):
            W1, b1 = parameters["W1"], parameters["b1"]      # W1 (n[1], n[0]), b1 (n[1], 1)
            ...
            return cost, {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}

    For logistic regression also (w, b, X, Y), w (n_x, 1), returning cost, {"dw": dw, "db": db}. The cost and the
    gradients may come back in either order. With PARAMETERS = "layers" in the file, parameters is a tuple of
    (W, b), and so are the gradients. How many layers it is for, and its activation (tanh, relu, sigmoid or
    leaky_relu), is found out. A fit(parameters, X, Y, alpha, iterations) and a predict(parameters, X) in the same
    file are checked too. A module with the contract of a whole framework is compared as by `crosscheck compare`.

    Exit code: 0 right, 1 wrong, 2 the request was wrong.

    Example: crosscheck check mine.py

    Example: crosscheck check mine.py:propagate --problem flower --dtype float32
    """
    from harness.check import check_name, in_full, seconds
    from harness.compare import check_dtypes
    from harness.exam import Wanted

    wanted = Wanted(tuple(problem or ()), layers, activation, output, loss, leaky_slope)
    dtypes = check_dtypes(dtype or ["float64"])
    name, whole = in_full(solution, seconds(time_limit))
    if whole:
        raise typer.Exit(_compared(name, problem, dtypes, time_limit))
    report = check_name(name, wanted, dtypes, time_limit)
    typer.echo(report.text)
    raise typer.Exit(0 if report.right else 1)


def _compared(name: str, problem: list[str] | None, dtypes: list[str], time_limit: float) -> int:
    """Compare a whole framework as `compare` does, but write no tables."""
    from harness import compare as comparison
    from harness import screen
    from harness.problems import Options, requested

    rows: list[Any] = []
    chosen = comparison.implementations([name], time_limit)
    with screen.progress() as report:
        comparison.compare(requested(problem, Options()), chosen, dtypes, "cpu", report, rows, {}, time_limit)
    screen.show(rows)
    return comparison.exit_code(rows)


@app.command()
def train(
    impl: Annotated[
        str, typer.Option(help="framework/source, or a dotted path and /source.", metavar="NAME")
    ] = "numpy/by_hand",
    problem: Annotated[str | None, typer.Option(help="A problem of `crosscheck list`.")] = None,
    data: DataFile = None,
    test: TestFile = None,
    label: Label = None,
    standardise: Standardise = False,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    weights: Weights = None,
    seed: Seed = 0,
    learning_rate: Rate = None,
    iterations: Iterations = None,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    device: Device = "cpu",
    kink: Kink = None,
    leaky_slope: Slope = None,
    costs: Annotated[Path | None, typer.Option(help="Write iteration,cost of every iteration to this .csv.")] = None,
    params: Annotated[Path | None, typer.Option(help="Write W1, b1, ... after training to this .npz.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder in front of --costs and --params.")] = None,
) -> None:
    """Train one implementation, and print its accuracy.

    Example: crosscheck train --impl torch/by_hand --problem flower-2layer-sigmoid --activation tanh --iterations 5000

    Example: crosscheck train --impl jax/autograd --data train_catvnoncat.h5 --test test_catvnoncat.h5
    --weights zeros --learning-rate 0.005 --iterations 2000 --costs costs.csv
    """
    from harness.problems import Options, requested
    from harness.training import train as run

    options = Options(
        data, test, label, standardise, layers, activation, output, loss, weights, seed, learning_rate, iterations,
        kink, leaky_slope,
    )  # fmt: skip
    if problem is None and data is None:
        raise BadInput("train: no data, expected --problem NAME (crosscheck list) or --data FILE")
    problems = requested([problem] if problem else None, options)
    if len(problems) != 1:
        raise BadInput(f"--problem {problem}: {len(problems)} problems begin so, expected one; crosscheck list")
    run(impl, problems[0], dtype, device, *(path and (out or Path()) / path for path in (costs, params)))


@app.command()
def truth(
    problem: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Also every activation on every data set.")] = False,
    bits: Annotated[int, typer.Option(help="Working precision, raised by itself where a kink asks for it.")] = 128,
    out: Annotated[Path, typer.Option(help="Folder for truth.csv and truth.md.")] = Path("results"),
) -> None:
    """Hold the truth itself, and its budget, against proved enclosures by ball arithmetic.

    Exit code: 0 certified, 1 an exact value is not within the truth's budget of it, 2 the request was wrong.

    Example: crosscheck truth --problem flower --bits 256
    """
    from harness import certification, screen, tables
    from harness.problems import OWN, requested

    problems = requested(problem, OWN, everything)
    tables.writable(out)
    with screen.progress("certifying") as report:
        rows = certification.certify(problems, bits, report)
    tables.write(out / "truth.csv", certification.table(rows))
    tables.write(out / "truth.md", certification.markdown(rows))
    typer.echo("\n".join([*certification.aligned(rows), "", certification.summary(rows)]))
    typer.echo(f"Tables: {out / 'truth.csv'}, {out / 'truth.md'}")
    raise typer.Exit(int(any(row.verdict == "missed" for row in rows)))


@app.command()
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
    kink: Kink = None,
    time_limit: Annotated[float, typer.Option(help="Seconds for one problem.")] = 120.0,
) -> None:
    """Say why an implementation does not agree: the first wrong number, the exact one, and what explains it.

    Exit code: as for compare.

    Example: crosscheck explain --impl torch/native --problem kink
    """
    from harness import compare as comparison
    from harness import screen
    from harness.explain import explain as run
    from harness.problems import Options, requested

    options = Options(
        data, label=label, layers=layers, activation=activation, weights=weights, seed=seed,
        learning_rate=learning_rate, iterations=iterations, kink=kink,
    )  # fmt: skip
    dtypes = comparison.check_dtypes(dtype)
    chosen = comparison.implementations(impl, time_limit)
    problems = requested(problem, options)
    comparison.check_device(device, chosen, time_limit)
    with screen.progress("explaining") as report:
        rows, lines = run(problems, chosen, dtypes, device, report, time_limit)
    typer.echo("\n".join(lines).strip())
    raise typer.Exit(comparison.exit_code(rows))


@app.command()
def power(
    problem: Names = None,
    draws: Annotated[int, typer.Option(help="Random problems for each network of the honest runs; 0 for none.")] = 10,
    out: Annotated[Path, typer.Option(help="Folder for power.csv, honest.csv and power.md.")] = Path("results"),
) -> None:
    """Plant every known fault in every problem, and print what share is caught, and what honest runs are accused of.

    Takes several minutes. Exit code: 0, or 1 if an honest run is said to disagree.

    Example: crosscheck power --problem flower --draws 1 --out mine
    """
    from os import cpu_count

    from harness import honest, power_tables, screen, tables
    from harness.compare import implementations
    from harness.power import Pair, plant_all
    from harness.problems import choose

    if not 0 <= draws <= 1000:
        raise BadInput(f"--draws {draws}: expected a whole number from 0 to 1000")
    names = [spec.name for spec in choose(problem)]
    tables.writable(out)
    pairs: list[Pair] = []
    runs: list[honest.Honest] = []
    try:
        with screen.progress("power") as report:
            plant_all(names, report, pairs, min(2 * len(names), cpu_count() or 1))
            if draws:
                honest.run(draws, implementations(None), report, runs)
    except KeyboardInterrupt:
        tables.write(out / "power.partial.csv", power_tables.csv(pairs))
        typer.echo(f"\ninterrupted: {len(pairs)} pairs are in {out / 'power.partial.csv'}", err=True)
        raise typer.Exit(130) from None
    power_tables.save(out, pairs, runs)
    for line in power_tables.summary(pairs, runs):
        typer.echo(line)
    typer.echo(f"Tables: {', '.join(str(out / name) for name in power_tables.FILES)}")
    raise typer.Exit(int(any(each.row.verdict in ("disagrees", "failed") for each in runs)))


@app.command()
def claims(
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", help="An id of the notes' items, N17, or a claim's name; again for more.", metavar="NAME"
        ),
    ] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Show the claims, and what to change to try them.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for claims.csv, claims.md, coverage.md and claims/*.svg.")] = Path(
        "results"
    ),
) -> None:
    """Measure what the notes claim, in each framework, and write the tables and pictures.

    Exit code: 0 every claim has been measured, whether it holds or not; 1 one failed; 2 the request was wrong.

    Example: crosscheck claims --only N17 --out mine
    """
    from harness.claims import choose, explanation

    chosen = choose(only)
    if list_them:
        for claim in chosen:
            typer.echo(f"{claim.name} ({', '.join(claim.notes)})\n\n{explanation(claim)}\n")
        return
    from harness import tables
    from harness.claims import coverage, report, run
    from harness.screen import progress

    tables.writable(out)
    report.read(out / "claims.csv")
    found: dict[str, Any] = {}
    with progress("claims") as say:
        run.run(chosen, say, lambda claim, findings: found.update({claim.name: findings}))
    made = report.save(out, found)
    tables.write(out / "coverage.md", coverage.markdown())
    report.show(made)
    typer.echo(
        f"Tables: {', '.join(str(out / name) for name in ('claims.csv', 'claims.md', 'coverage.md', 'claims/'))}"
    )
    raise typer.Exit(int(any(report.failed(line) for line in made)))


def main() -> None:
    """Run the command line; a wrong request is one line on standard error and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers and their files go too
    try:
        code = app(standalone_mode=False)
    except BadInput as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's own errors, about options
            raise
        _refuse(f"{error.format_message()} (crosscheck --help)")
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _refuse(message: str) -> None:
    print(f"crosscheck: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
