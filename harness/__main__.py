"""The command line: `crosscheck`, or `python -m harness`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import os
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

    typer.echo("Implementations (--impl):")
    for framework, sources in SOURCES.items():
        there = "" if find_spec(framework) else "   (not installed)"
        typer.echo(f"  {framework:6} {' '.join(f'{framework}/{source}' for source in sources)}{there}")
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
def train(
    impl: Annotated[
        str, typer.Option(help="framework/source, or a dotted path and /source.", metavar="NAME")
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
    from harness.bench.command import bench as run

    run(impl, only, dtype, threads, rounds, device, quick, growth, out)


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
