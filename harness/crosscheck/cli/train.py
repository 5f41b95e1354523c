"""`crosscheck train`: one implementation, for its own sake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from crosscheck_impls.interface import BadInput

from crosscheck.cli.completion import complete_dtype, complete_impl, complete_problem
from crosscheck.cli.options import Device, of_a_problem, tell
from crosscheck.core import interrupts
from crosscheck.core.files import writable
from crosscheck.problems.catalogue import OWN, Options

DEFAULT = "numpy/fast"


@of_a_problem
def train(
    impl: Annotated[
        str,
        typer.Option(
            help="framework/variant, or a dotted path and /variant.", metavar="NAME", autocompletion=complete_impl
        ),
    ] = DEFAULT,
    problem: Annotated[
        str | None,
        typer.Option(help="A problem of `crosscheck list`.", metavar="NAME", autocompletion=complete_problem),
    ] = None,
    options: Options = OWN,
    dtype: Annotated[
        str,
        typer.Option(
            "--dtype", help="float64, float32, float16 or bfloat16.", metavar="DTYPE", autocompletion=complete_dtype
        ),
    ] = "float64",
    device: Device = "cpu",
    costs: Annotated[Path | None, typer.Option(help="Write iteration,cost of every iteration to this .csv.")] = None,
    params: Annotated[Path | None, typer.Option(help="Write W1, b1, ... after training to this .npz.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder in front of --costs and --params; it is made.")] = None,
) -> None:
    """Train one implementation, and print its accuracy.

    With --chunk the examples are read in parts, and --impl is a variant that adds
    up its gradients so: numpy/chunked, torch/chunked or jax/chunked.

    Writes only what --costs and --params name.

    Exit code: 0 trained, 2 the request was wrong, 130 interrupted: what is
    trained so far is printed and written all the same.

    Examples:

    \b
      crosscheck train --impl torch/by_hand --problem small_weights \\
          --iterations 5000
      crosscheck train --impl jax/autograd --data train_catvnoncat.h5 \\
          --test test_catvnoncat.h5 --weights zeros --learning-rate 0.005 \\
          --iterations 2000 --costs costs.csv
      crosscheck train --impl torch --data big.npy --label big_y.npy \\
          --chunk 16384 --layers 4
    """
    from crosscheck.cli import in_chunks
    from crosscheck.comparison.training import train as run

    if problem is None and options.data is None:
        raise BadInput("train: no data, expected --problem NAME (crosscheck list) or --data FILE")
    problems = in_chunks.requested([problem] if problem else None, options)
    if len(problems) != 1:
        raise BadInput(f"--problem {problem}: {len(problems)} problems begin so, expected one; crosscheck list")
    if out is not None:
        writable(out)
    if options.chunk is not None:
        (impl,) = in_chunks.implementations(["numpy" if impl == DEFAULT else impl])
    with interrupts.reported():
        tell(problems)
        run(impl, problems[0], dtype, device, *(path and (out or Path()) / path for path in (costs, params)))
