"""The problems: data x network x initial weights x alpha x iterations, by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from crosscheck_impls.interface import (
    ACTIVATIONS,
    BadInput,
    Loss,
    Network,
    Params,
    Side,
    check_descent,
    check_differentiable,
    closest,
    nearest,
)

from crosscheck.core.progress import Report, silent
from crosscheck.problems.files.how import How, refuse_given
from crosscheck.problems.limits import MAX_DIGITS, check_iterations, check_network

if TYPE_CHECKING:
    from crosscheck.core.records import Source
    from crosscheck.problems.datasets import Data


SQUARED: Loss = "squared_error"
MIXED = "linear,leaky_relu,relu"


class Spec(NamedTuple):
    """A problem by its settings; `build` makes the arrays. Cheap, so that a list of problems costs nothing.

    threads: what it reaches is only there where there is more than one thread, so that it runs with all processors.
    """

    name: str
    data: str
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    weights: str = "scaled"
    alpha: float = 0.1
    iterations: int = 40
    output: str = "sigmoid"
    loss: Loss = "cross_entropy"
    why: str = ""
    default: bool = True
    relu_grad_at_zero: Side = "right"
    slope: float = 0.01
    threads: bool = False


class Problem(NamedTuple):
    """A problem with its arrays, in float64. params: the initial ones. threads: as in Spec.

    told: what was read from the user's own file, in lines of words. source: where the data are read from in chunks.
    """

    name: str
    data: Data
    network: Network
    params: Params
    alpha: float
    iterations: int
    threads: bool = False
    told: tuple[str, ...] = ()
    source: Source | None = None


def _real() -> list[Spec]:
    """Every model with every activation on the real data and the flower; eight of them by default."""
    default = {
        "breast_cancer-2layer-sigmoid", "breast_cancer-3layer-relu", "digits-2layer-relu", "flower-2layer-tanh",
        "flower-3layer-tanh",
    }  # fmt: skip
    specs = []
    for data, one, two in (
        ("breast_cancer", (8,), (16, 8)), ("digits", (16,), (20, 7)), ("flower", (4,), (8, 4)),
    ):  # fmt: skip
        specs.append(Spec(f"{data}-logistic", data, weights="zeros", why="logistic regression, from zero weights"))
        for hidden, layers in ((one, 2), (two, 3)):
            for activation in ("sigmoid", "tanh", "relu", "leaky_relu"):
                name = f"{data}-{layers}layer-{activation}"
                steps = 20 if data == "digits" else 40  # each takes the oracle long
                specs.append(
                    Spec(name, data, hidden, activation, iterations=steps, why="real training", default=name in default)
                )
    return specs


# The hard cases share their shapes, (6, 61) or the flower's, wherever the shape is not the point: JAX compiles once
# for all of them.
SPECS: tuple[Spec, ...] = (
    *_real(),
    Spec("kink-2layer-relu", "kink", (4,), "relu", why="Z is exactly 0: which derivative does ReLU have there?"),
    Spec("kink-2layer-leaky_relu", "kink", (4,), "leaky_relu", why="leaky ReLU's, left",
         relu_grad_at_zero="left", slope=0.2),
    Spec("kink_outputs-2layer-relu", "kink_outputs", (1,), "relu", why="3-1-3, m = 17; ReLU's, left",
         relu_grad_at_zero="left"),
    Spec("kink_outputs-3layer-leaky_relu", "kink_outputs", (5, 2), "leaky_relu", slope=0.3,
         why="3-5-2-3, m = 17; leaky ReLU's, right"),
    Spec("saturated-logistic", "saturated", (), "", "5", 1e-6, 20, why="logits to 1e3: log(0), overflow"),
    Spec("saturated-2layer-tanh", "saturated", (4,), "tanh", "1", why="hidden units far in the tails of tanh"),
    Spec("one_example-2layer-tanh", "one_example", (4,), "tanh", why="m = 1: shapes that broadcast by accident"),
    Spec("one_example-logistic", "one_example", iterations=600, why="m = 1; and a run long enough for a schedule"),
    Spec("one_example-3layer-tanh", "one_example", (4, 3), "tanh", why="m = 1 in L layers", default=False),
    Spec("one_feature-linear", "bmi", (), "", "zeros", 0.1, 40, "linear", SQUARED, "n_x = 1, linear regression"),
    Spec("one_class-logistic", "one_class", (), "", "zeros", why="every label is 1"),
    Spec("no_class-logistic", "no_class", (), "", "zeros", 1.0, why="every label is 0, and every logit far below 0"),
    Spec("constant_features-logistic", "constant_features", why="features that never change"),
    Spec("badly_scaled-logistic", "badly_scaled", (), "", "scaled", 1e-13, 20, why="features of sizes 1e-6 to 1e6"),
    Spec("subnormal-logistic", "subnormal", why="numbers below the normal range, which XLA flushes to 0"),
    Spec("many_examples-logistic", "many_examples", iterations=4, why="100,000 terms in every sum"),
    Spec("zero_weights-2layer-tanh", "flower", (4,), "tanh", "zeros", why="all units alike, and Z[L] exactly 0"),
    Spec("small_weights-2layer-tanh", "flower", (4,), "tanh", "0.01", 1.2, why="the course's planar exercise"),
    Spec("many_outputs-logistic", "digits_by_kind", why="three labels for each example"),
    Spec("many_outputs-squared_error", "digits_by_kind", loss=SQUARED, why="squared error after three sigmoids"),
    Spec("regression-4layer-mixed", "diabetes", (6, 5, 4), MIXED, "scaled", 0.02, 40, "relu", SQUARED, "a ReLU output"),
    Spec("regression-2layer-tanh", "diabetes", (8,), "tanh", "scaled", 0.02, 40, "linear", SQUARED, "", False),
    Spec("regression-3layer-mixed", "waves", (5, 2), "sigmoid,leaky_relu", "scaled", 0.02, 20, "linear", SQUARED,
         "a linear output; sigmoid below another layer; slope 0; m = 1024", slope=0.0),
    Spec("square-6layer-mixed", "square", (4, 4, 4, 4, 4), "sigmoid,tanh,leaky_relu,relu,tanh", slope=0.2,
         why="4-4-4-4-4-4-4, m = 4: all shapes alike; four outputs after tanh"),
    Spec("wide-3layer-leaky_relu", "digits_777", (130, 33), "leaky_relu", iterations=2,
         why="the fast paths' own large products, with a rest at every edge"),
    Spec("threads-logistic", "long_sums", iterations=1, why="products that are shared out among threads", threads=True),
    Spec("squared_error-logistic", "breast_cancer", loss=SQUARED, why="not convex after a sigmoid", default=False),
)  # fmt: skip
BY_NAME = {spec.name: spec for spec in SPECS}


def choose(names: list[str] | None, everything: bool = False) -> list[Spec]:
    """Return the problems named, by name or by the beginning of it up to a hyphen; all the default ones if none is.

    Raises BadInput for an unknown name, with the nearest.
    """
    if not names:
        return [spec for spec in SPECS if spec.default or everything]
    chosen: dict[str, Spec] = {}
    for name in names:
        named = [spec for spec in SPECS if spec.name == name or spec.name.startswith(f"{name}-")]
        if not named:
            message = f"{name}: no such problem; {nearest_problem(name, BY_NAME)}; crosscheck list shows each"
            raise BadInput(message, parameter="problem")
        chosen |= {spec.name: spec for spec in named}
    return list(chosen.values())


def nearest_problem(name: str, names: Iterable[str]) -> str:
    """Return the ending of an error message: the names that are close to this one, or else how names begin.

    >>> nearest_problem("kinks", ["kink-2layer-relu", "flower-logistic"])
    'did you mean kink?'
    >>> nearest_problem("circles", ["kink-2layer-relu", "flower-logistic"])
    'choose one of flower, kink'
    """
    families = sorted({each.split("-")[0] for each in names})
    known = [*names, *families]
    return nearest(name, known if closest(name, known) else families)


class Options(NamedTuple):
    """What the user says instead of a problem's own settings; None leaves them as they are. how: to read the data."""

    data: Path | None = None
    how: How = How()
    standardise: bool = False
    layers: str | None = None
    activation: str | None = None
    output: str | None = None
    loss: str | None = None
    weights: str | None = None
    seed: int = 0
    learning_rate: float | None = None
    iterations: int | None = None
    relu_grad_at_zero: str | None = None
    leaky_slope: float | None = None
    chunk: int | None = None


def requested(
    names: list[str] | None, options: Options, everything: bool = False, report: Report = silent
) -> list[Problem]:
    """Return the problems that are asked for, with their arrays; report: how far a file is that is read in chunks.

    Raises BadInput.
    """
    if options.data is None:
        refuse_given(options.how, How._fields, "goes with data, which is missing; name the training data")
        if options.chunk is not None:
            raise BadInput(f"{options.chunk}: goes with data, which is missing; name the data file", parameter="chunk")
        return [build(spec, options) for spec in choose(names, everything)]
    from crosscheck.problems import streamed

    if names:
        raise BadInput("problem and data: expected one of them; leave the other out")
    iterations = 100 if options.chunk is None else streamed.ITERATIONS
    name = options.data.name.removesuffix(".gz").removesuffix(".GZ")
    return [build(Spec(Path(name).stem, "", alpha=0.01, iterations=iterations), options, report)]


OWN = Options()  # none: the problem's own settings


def build(spec: Spec, options: Options = OWN, report: Report = silent) -> Problem:
    """Return a problem with its arrays, the options put in the place of its settings. Raises BadInput."""
    from crosscheck.problems import streamed
    from crosscheck.problems.datasets import SETS, standardise, validate_labels
    from crosscheck.problems.files.read import read, summary
    from crosscheck.problems.initial_weights import initial
    from crosscheck.problems.shapes import SHAPES

    told: tuple[str, ...] = ()
    source, how = None, options.how._replace(regression=options.loss == SQUARED)
    if options.data is None:
        data = {**SETS, **SHAPES}[spec.data]()
    elif options.chunk is not None:
        source = streamed.source_of(options.data, options.chunk, how)
        data = streamed.data_of(source)
    else:
        found = read(options.data, how)
        data, told = found.data, summary(found, how.regression, options.standardise)
    if options.standardise:
        if source is not None:
            raise BadInput(f"standardise: {streamed.ALONE}; scale the features in the file")
        data = standardise(data)
    hidden = spec.hidden if options.layers is None else _sizes(options.layers)
    loss = cast("Loss", options.loss or spec.loss)
    default_output = spec.output if loss == spec.loss else "linear" if loss == "squared_error" else "sigmoid"
    network = Network(
        (data.X.shape[0], *hidden, data.Y.shape[0]),
        (*_activations(options.activation or spec.activation or "relu", len(hidden)), options.output or default_output),
        loss,
        spec.slope if options.leaky_slope is None else options.leaky_slope,
        cast("Side", options.relu_grad_at_zero or spec.relu_grad_at_zero),
    )
    check_differentiable(network)
    check_network(network, data.X.shape[1] if source is None else min(source.chunk, data.X.shape[1]))
    if source is not None:
        told = streamed.summary(data, source, streamed.look_through(data, source, network, report), network)
    elif loss == "cross_entropy":
        validate_labels(data, str(options.data or spec.data))
    alpha = spec.alpha if options.learning_rate is None else options.learning_rate
    iterations = spec.iterations if options.iterations is None else options.iterations
    check_descent(alpha, iterations)
    check_iterations(iterations)
    if options.seed < 0:
        raise BadInput(f"{options.seed}: expected a whole number >= 0", parameter="seed")
    try:
        params = initial(network, options.weights or spec.weights, options.seed)
    except MemoryError as error:
        message = f"layers: no memory for the weights of {network.dimensions}; choose smaller layers"
        raise BadInput(message) from error
    return Problem(
        spec.name, data, network, params, alpha, iterations, spec.threads and options.data is None, told, source
    )


def _sizes(text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    if not all(word.isdecimal() and len(word) <= MAX_DIGITS and int(word) > 0 for word in words):
        message = f"{text}: expected the sizes of the hidden layers, whole numbers >= 1, such as 20,7,5"
        raise BadInput(message, parameter="layers")
    return tuple(int(word) for word in words)


def _activations(text: str, hidden: int) -> tuple[str, ...]:
    """Return one activation for each hidden layer, from one name or one a layer."""
    names = tuple(word.strip() for word in text.split(","))
    for name in names:
        if name not in ACTIVATIONS:
            raise BadInput(f"{name}: unknown activation; {nearest(name, ACTIVATIONS)}", parameter="activation")
    if len(names) == 1:
        return names * hidden
    if len(names) != hidden:
        message = f"{text}: {len(names)} names for {hidden} hidden layers; give one, or one a layer"
        raise BadInput(message, parameter="activation")
    return names
