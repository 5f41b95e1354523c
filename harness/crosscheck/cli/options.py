"""The options that several commands share."""

from __future__ import annotations

import copy
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from crosscheck_impls.interface import ACTIVATIONS, OUTPUTS, BadInput

from crosscheck.cli.completion import (
    complete_dtype,
    complete_impl,
    complete_precision,
    complete_problem,
    complete_verdict,
    complete_wide_dtype,
)
from crosscheck.cli.destination import LATEST
from crosscheck.problems.catalogue import Options, Problem
from crosscheck.problems.files.how import How

WIDTH = 80  # characters of a line
DIFFERENTIABLE = [name for name in ACTIVATIONS if name != "step"]
ONE_OF_OUTPUTS = "; ".join(
    f"{' or '.join(name for name in outputs if name in DIFFERENTIABLE)} for {loss}" for loss, outputs in OUTPUTS.items()
)

Impls = Annotated[
    list[str] | None,
    typer.Option(
        "--impl",
        help="framework/variant, a framework, or a dotted path; again for more.",
        metavar="NAME",
        autocompletion=complete_impl,
    ),
]
Problems = Annotated[
    list[str] | None,
    typer.Option(
        "--problem",
        help="A problem of `crosscheck list`, or its name up to a hyphen; again for more.",
        metavar="NAME",
        autocompletion=complete_problem,
    ),
]
DataFile = Annotated[
    Path | None,
    typer.Option("--data", help="Your data: .csv, .tsv, .gz, .parquet, .feather, .xlsx, .npz (X, Y), .npy, .h5."),
]
TestFile = Annotated[Path | None, typer.Option("--test", help="Your test set, a file of the same kind.")]
Label = Annotated[
    str | None, typer.Option(help="The column that is the label, the last one by default; the .npy beside an .npy.")
]
Positive = Annotated[str | None, typer.Option(help="The kind of label that is 1; all the rest is 0.", metavar="KIND")]
Drop = Annotated[
    list[str] | None, typer.Option("--drop", help="Columns to leave out, commas between.", metavar="NAMES")
]
OneHot = Annotated[
    list[str] | None,
    typer.Option("--one-hot", help="Columns to make a feature of for each of their values.", metavar="NAMES"),
]
Keep = Annotated[
    list[str] | None,
    typer.Option("--keep", help="Columns that look like a code or a count, but are features.", metavar="NAMES"),
]
Missing = Annotated[
    list[str] | None,
    typer.Option("--na", help="Stands for a missing value, besides the usual, such as -999.", metavar="VALUE"),
]
DropMissing = Annotated[bool, typer.Option("--dropna", help="Leave out the examples that lack a value.")]
Rows = Annotated[
    bool | None, typer.Option("--rows/--columns", help="Whether examples are the rows of arrays, or their columns.")
]
Decimal = Annotated[str | None, typer.Option(help="The sign before decimals, where it could be two.", metavar=", OR .")]
Header = Annotated[bool | None, typer.Option("--header/--no-header", help="Whether the first line holds names.")]
SkipLines = Annotated[int, typer.Option("--skip-lines", help="Lines above the header to leave out.", metavar="NUMBER")]
Encoding = Annotated[
    str | None, typer.Option(help="Of a text, cp1252 or shift_jis, say; else found, and told.", metavar="NAME")
]
Split = Annotated[float | None, typer.Option(help="The share of examples that becomes the test set, 0.2 say.")]
Standardise = Annotated[
    bool, typer.Option("--standardise", help="Scale features by the training set's mean and deviation.")
]
Layers = Annotated[str | None, typer.Option(help="Sizes of the hidden layers, 20,7,5; '' is logistic regression.")]
Activation = Annotated[
    str | None,
    typer.Option(help=f"Of the hidden layers, {', '.join(DIFFERENTIABLE)}: one, or one a layer: tanh,relu."),
]
Output = Annotated[str | None, typer.Option(help=f"Activation of the output: {ONE_OF_OUTPUTS}.")]
Loss = Annotated[str | None, typer.Option(help="cross_entropy or squared_error.")]
Weights = Annotated[str | None, typer.Option(help="zeros, a scale such as 0.01, scaled (1/sqrt(n[l-1])), or an .npz.")]
Seed = Annotated[int, typer.Option(help="Of the initial weights.")]
Rate = Annotated[float | None, typer.Option("--learning-rate", help="alpha.")]
Iterations = Annotated[int | None, typer.Option(help="Steps of gradient descent.")]
ReluGradAtZero = Annotated[
    str | None,
    typer.Option("--relu-grad-at-zero", help="ReLU' at 0: right (1, the notes) or left (0, the frameworks)."),
]
Slope = Annotated[float | None, typer.Option("--leaky-slope", help="Slope of leaky ReLU left of 0.")]
Chunk = Annotated[
    int | None,
    typer.Option(
        help="Read --data in parts of so many examples, 16384 say: .npy, .h5, .parquet that do not fit in memory.",
        metavar="EXAMPLES",
    ),
]

Dtypes = Annotated[
    list[str] | None,
    typer.Option(
        "--dtype",
        help="float32, float16 or bfloat16; again for more; float64 and float32 by default. float64 always runs: it "
        "judges the others.",
        metavar="DTYPE",
        autocompletion=complete_dtype,
    ),
]
WideDtypes = Annotated[
    list[str] | None,
    typer.Option(
        "--dtype",
        help="float32, beside float64, which always runs; float64 alone by default.",
        metavar="DTYPE",
        autocompletion=complete_wide_dtype,
    ),
]
TheseDtypes = Annotated[
    list[str] | None,
    typer.Option(
        "--dtype",
        help="float64, float32, float16 or bfloat16, these alone; again for more; float64 and float32 by default.",
        metavar="DTYPE",
        autocompletion=complete_dtype,
    ),
]
Processes = Annotated[
    list[int] | None,
    typer.Option(
        "--processes",
        help="Instead, what is distributed over so many processes or devices; again for more.",
        metavar="NUMBER",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        help="Ask every host of a Dask cluster, whose scheduler is at this address; extra `cluster`.",
        metavar="HOST:PORT",
    ),
]
Slurm = Annotated[
    str | None,
    typer.Option(help="Ask these nodes by Slurm, node[1-8] or gpu1,gpu2; `local` tries it here.", metavar="NODES"),
]
Precisions = Annotated[
    list[str] | None,
    typer.Option(
        "--precision",
        help="Instead, narrow modes over float32: tf32, bfloat16_products, bfloat16, float16, float8, or reduced for "
        "all; again for more.",
        metavar="MODE",
        autocompletion=complete_precision,
    ),
]
Device = Annotated[str, typer.Option(help="cpu or cuda.")]
XlaFlags = Annotated[
    str | None,
    typer.Option(
        "--xla-flags", help='For JAX, "--xla_cpu_enable_fast_math=true"; after your XLA_FLAGS.', metavar="FLAGS"
    ),
]
Blas = Annotated[
    str | None,
    typer.Option(
        "--blas", help="For NumPy, kernels of OpenBLAS or BLIS, Haswell say; a library of FlexiBLAS.", metavar="NAME"
    ),
]
TimeLimit = Annotated[float, typer.Option(help="Seconds that one implementation may take for one problem.")]
Everything = Annotated[bool, typer.Option("--all", help="Also every activation on every data set.")]
Out = Annotated[Path, typer.Option("--out", help=f"Folder to write into; {LATEST} holds the last run that names none.")]
Force = Annotated[bool, typer.Option("--force", help="Replace tables in --out that cover more than this run.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in --out that has not ended; begin where there is none.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only what is wrong.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show all rows, those that agree too.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, the rows and the environment, and nothing else.")
]
Junit = Annotated[
    Path | None, typer.Option("--junit", help="Also write JUnit's XML, a case for each row.", metavar="FILE")
]
Plots = Annotated[
    bool, typer.Option("--plots", help="Also draw the ratios and cost curves, as SVG files in --out/plots.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Also exit with 1 if a row is suspect or not run.")]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        help="Verdicts that exit with 1, instead of disagrees,failed; commas between, or again for more.",
        metavar="NAMES",
        autocompletion=complete_verdict,
    ),
]

OF_DATA: dict[str, Any] = {  # the parameters of a command for the fields of How, in this order
    "label": Label,
    "test": TestFile,
    "positive": Positive,
    "drop": Drop,
    "one_hot": OneHot,
    "keep": Keep,
    "na": Missing,
    "dropna": DropMissing,
    "rows": Rows,
    "decimal": Decimal,
    "header": Header,
    "skip_lines": SkipLines,
    "encoding": Encoding,
    "split": Split,
}
OF_A_PROBLEM: dict[str, Any] = {  # and for those of Options
    "data": DataFile,
    **OF_DATA,
    "standardise": Standardise,
    "layers": Layers,
    "activation": Activation,
    "output": Output,
    "loss": Loss,
    "weights": Weights,
    "seed": Seed,
    "learning_rate": Rate,
    "iterations": Iterations,
    "relu_grad_at_zero": ReluGradAtZero,
    "leaky_slope": Slope,
    "chunk": Chunk,
}


def tell(problems: list[Problem], quiet: bool = False) -> None:
    """Print what was read from the user's own file, and of what it says nothing."""
    from crosscheck.problems.silence import silent

    for problem in problems if not quiet else ():
        unseen = silent(problem) if problem.told and problem.source is None else ""
        for line in (*problem.told, *([f"  {unseen}"] if unseen else [])):
            typer.echo(textwrap.fill(line, WIDTH, subsequent_indent="    ", break_long_words=False))


def of_a_problem(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each field of Options and How, in the place of its parameter `options`."""
    hints = get_type_hints(command, include_extras=True)
    defaults = {**How._field_defaults, **Options._field_defaults}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name != "options":
            parameters.append(parameter.replace(annotation=hints[parameter.name], kind=parameter.KEYWORD_ONLY))
            continue
        parameters += [
            inspect.Parameter(name, parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
            for name, annotation in OF_A_PROBLEM.items()
        ]

    @wraps(command)
    def collected(**given: Any) -> None:
        how = How(**{name: given.pop(name) for name in OF_DATA})
        command(options=Options(how=how, **{name: given.pop(name) for name in OF_A_PROBLEM.keys() - OF_DATA}), **given)

    vars(collected)["__signature__"] = inspect.Signature(parameters)
    collected.__annotations__ = {each.name: each.annotation for each in parameters}
    return collected


def takes_all_of(
    other: Callable[..., None], but: Mapping[str, str]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command also take, unseen and to no effect, the options of another, so that one line serves both.

    but: those that would change what comes out, and are refused, with the reason.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command).parameters
        more = [each for name, each in inspect.signature(other).parameters.items() if name not in own]

        @wraps(command)
        def with_more(**given: Any) -> None:
            for name, why in but.items():
                if given[name]:
                    raise BadInput(why, parameter=name)
            command(**{name: value for name, value in given.items() if name in own})

        parameters = [*own.values(), *(each.replace(annotation=_hidden(each.annotation)) for each in more)]
        vars(with_more)["__signature__"] = inspect.Signature(parameters)
        with_more.__annotations__ = {each.name: each.annotation for each in parameters}
        return with_more

    return decorated


def _hidden(annotation: Any) -> Any:
    """Return an option's annotation, left out of the help."""
    (option,) = annotation.__metadata__
    unseen = copy.copy(option)
    unseen.hidden = True
    return Annotated[annotation.__origin__, unseen]
