"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Impls = Annotated[
    list[str] | None,
    typer.Option("--impl", help="framework/variant, a framework, or a dotted path; again for more.", metavar="NAME"),
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
Side = Annotated[str | None, typer.Option(help="ReLU' at 0: right (1, the notes) or left (0, the frameworks).")]
Slope = Annotated[float | None, typer.Option("--leaky-slope", help="Slope of leaky ReLU left of 0.")]
