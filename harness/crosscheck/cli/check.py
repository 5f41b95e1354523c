"""`crosscheck check`: a learner's own function."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.compare import compared
from crosscheck.cli.options import Activation, Dtypes, Layers, Loss, Output, Problems, Slope
from crosscheck.core import interrupts

if TYPE_CHECKING:
    from crosscheck.runner.sandbox import Sandbox

DATA = (".npz", ".csv", ".h5", ".npy", ".pkl")  # the endings of files that are no programs


def check(
    solution: Annotated[
        str, typer.Argument(help="mine.py, mine.py:function, pkg.mine:function, or pkg.mine.", metavar="SOLUTION")
    ],
    problem: Problems = None,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    leaky_slope: Slope = None,
    dtype: Dtypes = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Seconds that it may take for one problem, and to be imported; 10 and 60 by default.",
            show_default=False,
        ),
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Run it as a stranger's: no network, no files but its own. See grade.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON, for a program.")] = False,
) -> None:
    """Check your own gradient: is it right, and if not, what is the first thing
    that is wrong?

    The function gets NumPy arrays, examples as columns, and may use what it
    likes inside. In mine.py:

    \b
        def cost_and_gradients(parameters, X, Y):
            # W1 (n[1], n[0]), b1 (n[1], 1)
            W1, b1 = parameters["W1"], parameters["b1"]
            ...
            grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
            return cost, grads

    For logistic regression also (w, b, X, Y), w (n_x, 1), returning cost,
    {"dw": dw, "db": db}. The cost and the gradients may come back in either
    order. With PARAMETERS = "layers" in the file, parameters is a tuple of
    (W, b), and so are the gradients. How many layers it is for, and its
    activation (tanh, relu, sigmoid or leaky_relu), is found out. A
    fit(parameters, X, Y, alpha, iterations) and a predict(parameters, X) in the
    same file are checked too. A module with the contract of a whole framework
    is compared as by `crosscheck compare`.

    Writes nothing.

    Exit code: 0 right, 1 wrong, 2 the request was wrong, 130 interrupted.

    Examples:

    \b
      crosscheck check mine.py
      crosscheck check mine.py:propagate --problem flower --dtype float32
      crosscheck check mine.py --json | jq .causes
    """
    from crosscheck.comparison.session import check_dtypes, check_time_limit
    from crosscheck.grading.probe import Wanted
    from crosscheck.grading.session import TIME_LIMIT, check_name, in_full
    from crosscheck.report import screen
    from crosscheck.runner import children

    wanted = Wanted(tuple(problem or ()), layers, activation, output, loss, leaky_slope)
    dtypes = check_dtypes(dtype or ["float64"])
    if time_limit is not None:
        check_time_limit(time_limit)
    if Path(solution).suffix in DATA:
        raise BadInput(f"check {solution}: data, expected a program, mine.py; data go with crosscheck compare --data")
    with interrupts.reported():
        with interrupts.orderly():
            if sandbox and not Path(_file(solution)).exists():
                raise BadInput(f"--sandbox {solution}: a module, expected a file or a folder; it is all that is shown")
            name, whole = in_full(solution, time_limit)
        if whole and as_json:
            raise BadInput(
                f"{solution}: a whole framework, expected one function; compare writes agreement.csv", "json"
            )
        if whole:
            raise typer.Exit(compared(name, problem, dtypes, TIME_LIMIT if time_limit is None else time_limit))
        around = _sandbox(solution) if sandbox else None
        with interrupts.orderly(), screen.progress("checking"), children.inside(around):
            report = check_name(name, wanted, dtypes, time_limit)
    typer.echo(json.dumps(report.data(solution=solution), indent=1) if as_json else report.text)
    raise typer.Exit(0 if report.right else 1)


def _file(solution: str) -> str:
    """Return the file of `mine.py` or `mine.py:function`."""
    return solution if Path(solution).exists() else solution.rpartition(":")[0]


def _sandbox(solution: str) -> Sandbox:
    """Return the best sandbox that works, for this file, and say on standard error what it protects from."""
    from crosscheck.report.protections import of_sandbox
    from crosscheck.runner import sandbox

    found = sandbox.find().of(Path(_file(solution)))
    typer.echo("\n".join(textwrap.wrap(of_sandbox(found, "it"), 80)), err=True)
    return found
