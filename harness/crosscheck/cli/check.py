"""`crosscheck check`: a learner's own function."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from crosscheck_impls.interface import DTYPES, BadInput

from crosscheck.cli.compare import compared
from crosscheck.cli.options import Activation, Layers, Loss, Output, Problems, Slope, WideDtypes
from crosscheck.core import interrupts
from crosscheck.runner.threads import load_numpy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosscheck.runner.sandbox import Sandbox

DATA = (".npz", ".csv", ".h5", ".npy", ".pkl")  # the endings of files that are no programs


def check(
    solution: Annotated[
        list[str],
        typer.Argument(
            help="mine.py, homework.ipynb, mine.py:function, mine.py:Class, a folder, several files, or pkg.mine.",
            metavar="SOLUTION...",
        ),
    ],
    problem: Problems = None,
    layers: Layers = None,
    activation: Activation = None,
    output: Output = None,
    loss: Loss = None,
    leaky_slope: Slope = None,
    dtype: WideDtypes = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Examples are rows: X (m, n_x). Found out by itself as a rule.")
    ] = False,
    adapter: Annotated[
        Path | None,
        typer.Option(
            help="Write a file that turns your functions into the contract, and check nothing. Never overwrites.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="Seconds that it may take for one problem, and to be imported; 10 (JAX: 30) and 60 by default.",
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

    It is taken as it is: a script, a notebook, a folder. Only imports,
    constants, functions and classes of it are run. What it is read as is found
    by trying, and said; so are the number of layers, the activation (tanh, relu,
    sigmoid or leaky_relu), and whether examples are columns or rows:

    \b
      propagate(w, b, X, Y)                    one function, over w and b
      cost_and_gradients(parameters, X, Y)     a dictionary, tuples or lists
      loss(W1, b1, W2, b2, X, y)               its arrays, in any order
      forward_propagation, compute_cost,       the course's functions, also
        backward_propagation                   L_model_forward, ...
      class Net: forward, backward             weights as attributes
      class Net: fit or train_step             judged by the steps it makes
      class Net(torch.nn.Module)               logits or probabilities
      loss(params, X, Y) in torch or JAX       autodiff gives the gradient

    The cost and the gradients may come back in any order and nesting. If you
    write a new one, in mine.py:

    \b
        def cost_and_gradients(parameters, X, Y):
            # W1 (n[1], n[0]), b1 (n[1], 1)
            W1, b1 = parameters["W1"], parameters["b1"]
            ...
            grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
            return cost, grads

    A fit(parameters, X, Y, alpha, iterations) and a predict(parameters, X) in
    the same file are checked too. A module with the contract of a whole
    framework is compared as by `crosscheck compare`, on the problems that do not
    take long.

    Writes nothing, but the file of --adapter.

    Several mistakes at once are told one by one, each with its proof. Right is
    also what is so but for a small epsilon against log(0), which is told with
    its size, and what has no value only where outputs saturate.

    Exit code: 0 right, 1 wrong, 2 the request was wrong, 130 interrupted.

    Examples:

    \b
      crosscheck check mine.py
      crosscheck check homework.ipynb
      crosscheck check mine.py:propagate --problem flower --dtype float32
      crosscheck check model.py:Network --rows
      crosscheck check odd.py --adapter mine.py
      crosscheck check mine.py --json | jq .causes
    """
    load_numpy()
    from crosscheck.comparison.asked import check_dtypes, check_time_limit
    from crosscheck.grading.adapter import Unrecognised, write_adapter
    from crosscheck.grading.probe import Wanted
    from crosscheck.grading.session import TIME_LIMIT, check_name, in_full
    from crosscheck.grading.sources.place import place_of, whole_name
    from crosscheck.problems.catalogue import Options
    from crosscheck.report.progress import progress
    from crosscheck.runner import children

    wanted = Wanted(tuple(problem or ()), layers, activation, output, loss, leaky_slope, rows)
    dtypes = check_dtypes(dtype or ["float64"], DTYPES)
    if time_limit is not None:
        check_time_limit(time_limit)
    for each in solution:
        if Path(each).suffix in DATA:
            raise BadInput(f"check {each}: data, expected a program, mine.py; data go with crosscheck compare --data")
    named = whole_name(solution)
    if adapter is not None:
        typer.echo(write_adapter(named, adapter))
        return
    with interrupts.reported():
        with interrupts.orderly():
            files = place_of(named).files
            if sandbox and not all(path.exists() for path in files or [Path(named)]):
                raise BadInput(f"--sandbox {named}: a module, expected a file or a folder; it is all that is shown")
            name, whole = in_full(named, time_limit)
        if whole:
            _only_of_a_function(named, {"json": as_json, "sandbox": sandbox, "rows": rows})
            options = Options(
                layers=layers, activation=activation, output=output, loss=loss, leaky_slope=leaky_slope
            )  # fmt: skip
            limit = TIME_LIMIT if time_limit is None else time_limit
            raise typer.Exit(compared(name, named, problem, options, dtypes, limit))
        around = _sandbox(files) if sandbox else None
        try:
            with interrupts.orderly(), progress("checking"), children.inside(around):
                report = check_name(name, wanted, dtypes, time_limit)
        except Unrecognised as error:
            typer.echo(f"crosscheck: {error.message}\n\n{error.more}", err=True)
            raise typer.Exit(2) from None
    typer.echo(json.dumps(report.data(solution=named), indent=1) if as_json else report.text)
    raise typer.Exit(0 if report.right else 1)


def _only_of_a_function(named: str, given: dict[str, bool]) -> None:
    """Raise BadInput for an option that a whole framework does not go with."""
    remedies = {
        "json": f"crosscheck compare --impl {shlex.quote(named)} --json prints its rows",
        "sandbox": "compare runs it with your rights; leave the option out if it may",
        "rows": "its examples are columns; leave the option out",
    }
    for name, remedy in remedies.items():
        if given[name]:
            raise BadInput(f"{named} is a whole framework, expected one function; {remedy}", parameter=name)


def _sandbox(files: Sequence[Path]) -> Sandbox:
    """Return the best sandbox that works, for these files, and say on standard error what it protects from."""
    from crosscheck.report.protections import of_sandbox
    from crosscheck.runner import sandbox

    found = sandbox.find().of(*files)
    typer.echo("\n".join(textwrap.wrap(of_sandbox(found, "it"), 80)), err=True)
    return found
