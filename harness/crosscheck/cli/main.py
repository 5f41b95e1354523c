"""The command line: `crosscheck`, or `python -m harness`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from crosscheck_impls.interface import VARIANTS, BadInput

from crosscheck.cli import experiments
from crosscheck.cli.init import init
from crosscheck.cli.options import (
    Activation,
    DataFile,
    Device,
    Impls,
    Iterations,
    Label,
    Layers,
    Loss,
    Names,
    Output,
    Rate,
    Seed,
    Side,
    Slope,
    Standardise,
    TestFile,
    Weights,
)
from crosscheck.runner.threads import load_numpy

app = typer.Typer(
    help="Neural networks from the course notes in NumPy, PyTorch and JAX, and a proof of whether they agree.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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

    from crosscheck.problems.catalogue import SPECS
    from crosscheck.runner.loading import registered

    typer.echo("Implementations (--impl):")
    for framework, variants in VARIANTS.items():
        there = "" if find_spec(framework) else "   (not installed)"
        typer.echo(f"  {framework:6} {' '.join(f'{framework}/{variant}' for variant in variants)}{there}")
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
    relu_grad_at_zero: Side = None,
    leaky_slope: Slope = None,
    out: Annotated[Path, typer.Option(help="Folder for agreement.csv, agreement.md and environment.json.")] = Path(
        "results"
    ),
    time_limit: Annotated[
        float, typer.Option(help="Seconds that one implementation may take for one problem.")
    ] = 120.0,
) -> None:
    """Hold every implementation against the oracle, and write the tables.

    Exit code: 0 nothing disagrees, 1 something disagrees or failed, 2 the request was wrong.

    Example: crosscheck compare --impl torch --problem flower --problem kink

    Example: crosscheck compare --data my.csv --label ill --layers 8 --activation tanh --out mine
    """
    load_numpy()
    from crosscheck.comparison import session as comparison
    from crosscheck.core import files
    from crosscheck.problems.catalogue import Options, requested
    from crosscheck.report import screen, tables

    options = Options(
        data, test, label, standardise, layers, activation, output, loss, weights, seed, learning_rate, iterations,
        relu_grad_at_zero, leaky_slope,
    )  # fmt: skip
    comparison.check_time_limit(time_limit)
    dtypes = comparison.check_dtypes(dtype)
    chosen = comparison.implementations(impl, time_limit)
    problems = requested(problem, options, everything)
    comparison.check_device(device, chosen, time_limit)
    files.writable(out)
    results = comparison.Results()
    rows = results.rows
    request = comparison.Request(problems, chosen, dtypes, device, time_limit)
    try:
        with screen.progress() as report:
            comparison.compare(request, report, results)
    except KeyboardInterrupt:
        files.write(out / "agreement.partial.csv", tables.csv(rows))
        typer.echo(f"\ninterrupted: {len(rows)} rows are in {out / 'agreement.partial.csv'}", err=True)
        raise typer.Exit(130) from None
    settings = {
        "device": device,
        "dtypes": dtypes,
        "relu_grad_at_zero": relu_grad_at_zero or "each problem's own",
        "problems": [p.name for p in problems],
    }
    tables.save(out, rows, tables.environment(results.environments, settings))
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
    from crosscheck.comparison.session import check_dtypes, check_time_limit
    from crosscheck.grading.probe import Wanted
    from crosscheck.grading.session import check_name, in_full

    wanted = Wanted(tuple(problem or ()), layers, activation, output, loss, leaky_slope)
    dtypes = check_dtypes(dtype or ["float64"])
    check_time_limit(time_limit)
    name, whole = in_full(solution, time_limit)
    if whole:
        raise typer.Exit(_compared(name, problem, dtypes, time_limit))
    report = check_name(name, wanted, dtypes, time_limit)
    typer.echo(report.text)
    raise typer.Exit(0 if report.right else 1)


def _compared(name: str, problem: list[str] | None, dtypes: list[str], time_limit: float) -> int:
    """Compare a whole framework as `compare` does, but write no tables."""
    from crosscheck.comparison import session as comparison
    from crosscheck.problems.catalogue import Options, requested
    from crosscheck.report import screen

    chosen = comparison.implementations([name], time_limit)
    with screen.progress() as report:
        request = comparison.Request(requested(problem, Options()), chosen, dtypes, "cpu", time_limit)
        rows = comparison.compare(request, report).rows
    screen.show(rows)
    return comparison.exit_code(rows)


@app.command()
def train(
    impl: Annotated[
        str, typer.Option(help="framework/variant, or a dotted path and /variant.", metavar="NAME")
    ] = "numpy/fast",
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
    relu_grad_at_zero: Side = None,
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
    from crosscheck.comparison.training import train as run
    from crosscheck.problems.catalogue import Options, requested

    options = Options(
        data, test, label, standardise, layers, activation, output, loss, weights, seed, learning_rate, iterations,
        relu_grad_at_zero, leaky_slope,
    )  # fmt: skip
    if problem is None and data is None:
        raise BadInput("train: no data, expected --problem NAME (crosscheck list) or --data FILE")
    problems = requested([problem] if problem else None, options)
    if len(problems) != 1:
        raise BadInput(f"--problem {problem}: {len(problems)} problems begin so, expected one; crosscheck list")
    run(impl, problems[0], dtype, device, *(path and (out or Path()) / path for path in (costs, params)))


for command in (experiments.oracle, experiments.explain, experiments.power, experiments.claims, experiments.bench):
    app.command()(command)
app.command()(init)


def main() -> None:
    """Run the command line; a wrong request is one line on standard error and exit code 2."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the workers and their files go too
    try:
        code = app(standalone_mode=False)
    except BadInput as error:
        _refuse(f"--{error.parameter.replace('_', '-')} {error.message}" if error.parameter else error.message)
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
