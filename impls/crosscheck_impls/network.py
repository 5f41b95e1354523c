"""What a network is, what parameters are, and whether arrays fit them.

Examples are columns. X is (n[0], m), Y is (n[L], m), W[l] is (n[l], n[l-1]), b[l] is (n[l], 1);
Z[l], A[l], dZ[l] and dA[l] are (n[l], m). Nothing here computes: no framework is imported.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

Array: TypeAlias = Any  # numpy.ndarray, torch.Tensor or jax.Array
Loss: TypeAlias = Literal["cross_entropy", "squared_error"]
Side: TypeAlias = Literal["right", "left"]

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "linear", "step")
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "cross_entropy": ("sigmoid", "step"),
    "squared_error": ("sigmoid", "linear", "relu", "step"),
}
KINKED = ("relu", "leaky_relu")
DTYPES = ("float64", "float32")
NARROW = ("float16", "bfloat16")  # run where they are named
EVERY_DTYPE = (*DTYPES, *NARROW)


class BadInput(ValueError):
    """A request that cannot be met. The message says where, what was got, what is expected, and the remedy.

    parameter: the name of the parameter that it concerns, where there is one; the message then begins with its value.

    >>> print(BadInput("20,x: expected sizes, 20,7,5", parameter="layers"))
    layers 20,x: expected sizes, 20,7,5
    """

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.message, self.parameter = message, parameter

    def __str__(self) -> str:
        return f"{self.parameter} {self.message}" if self.parameter else self.message


class Incomplete(BadInput):
    """A module that lacks a part of the contract, so that it is no implementation, though it may hold one function."""


class Unavailable(BadInput):
    """A variant needs what is not here: a compiler, a GPU, a package. Its row is `not run`."""


class Layer(NamedTuple):
    """One layer's weights W (n[l], n[l-1]) and biases b (n[l], 1), or their gradients; a pytree everywhere."""

    W: Array
    b: Array


Params: TypeAlias = tuple[Layer, ...]


def closest(word: str, words: tuple[str, ...] | list[str]) -> list[str]:
    """Return at most three known words that somebody may have meant, the closest first.

    >>> closest("sigmod", ACTIVATIONS)
    ['sigmoid']
    """
    return difflib.get_close_matches(word, words, n=3, cutoff=0.5)


def nearest(word: str, words: tuple[str, ...] | list[str]) -> str:
    """Return the ending of an error message: the closest known words, or all of them.

    >>> nearest("sigmod", ACTIVATIONS)
    'did you mean sigmoid?'
    """
    close = closest(word, words)
    return f"did you mean {' or '.join(close)}?" if close else f"choose one of {', '.join(words)}"


@dataclass(frozen=True)
class Network:
    """A fully connected network: sizes, one activation a layer, loss, and what happens at the kink.

    n: (n[0], ..., n[L]), units per layer, the input included.
    g: (g[1], ..., g[L]) out of `ACTIVATIONS`; `step`, the perceptron's, only predicts (notes: N1).
    loss: `cross_entropy` (output sigmoid; N3) or `squared_error` (output sigmoid, linear or relu; N4, N21).
    leaky_slope: the slope of leaky ReLU left of 0, in [0, 1) (N15).
    relu_grad_at_zero: the derivative of ReLU and leaky ReLU at exactly 0: `right`, 1, as the notes say, or
        `left`, 0 or the slope, as the frameworks' own relu does.

    Raises BadInput. Frozen and hashable, so that JAX can compile for it.

    >>> print(Network((2, 4, 1), ("tanh", "sigmoid")))
    layer  g        W       b       Z, A, dZ, dA
    1      tanh     (4, 2)  (4, 1)  (4, m)
    2      sigmoid  (1, 4)  (1, 1)  (1, m)
    X (2, m), Y (1, m), loss cross_entropy, relu_grad_at_zero right
    """

    n: tuple[int, ...]
    g: tuple[str, ...]
    loss: Loss = "cross_entropy"
    leaky_slope: float = 0.01
    relu_grad_at_zero: Side = "right"

    def __post_init__(self) -> None:
        for name in ("n", "g"):
            value = getattr(self, name)
            if isinstance(value, str) or not hasattr(value, "__iter__"):
                raise BadInput(f"network: {name} is {value!r}, expected a tuple, one entry a layer")
            object.__setattr__(self, name, tuple(value))
        self._check_sizes()
        self._check_activations()
        slope = self.leaky_slope
        if not isinstance(slope, (int, float)) or not 0 <= slope < 1:
            raise BadInput(f"network: leaky_slope is {slope!r}, expected a number in [0, 1), 0.01 as a rule")
        if self.relu_grad_at_zero not in ("right", "left"):
            raise BadInput(
                f"network: relu_grad_at_zero is {self.relu_grad_at_zero!r}, "
                "expected 'right' (the notes) or 'left' (the frameworks)"
            )

    def _check_sizes(self) -> None:
        if len(self.n) < 2:
            raise BadInput(f"network: n = {self.n} has no layer, expected (n[0], ..., n[L]) with L >= 1")
        for l, size in enumerate(self.n):
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise BadInput(f"network: n[{l}] is {size!r}, expected a whole number of units >= 1")
        if len(self.g) != self.L:
            raise BadInput(
                f"network: {len(self.g)} activations for {self.L} layers, expected one a layer: g = {self.g}"
            )

    def _check_activations(self) -> None:
        for l, name in enumerate(self.g, start=1):
            if name not in ACTIVATIONS:
                raise BadInput(f"layer {l}: unknown activation {name!r}; {nearest(str(name), ACTIVATIONS)}")
        if self.loss not in OUTPUTS:
            raise BadInput(f"network: unknown loss {self.loss!r}; {nearest(str(self.loss), list(OUTPUTS))}")
        if self.g[-1] not in OUTPUTS[self.loss]:
            raise BadInput(
                f"layer {self.L}: the output {self.g[-1]!r} does not go with the loss {self.loss!r}, "
                f"expected {' or '.join(OUTPUTS[self.loss])}"
            )

    @classmethod
    def of(cls, n: tuple[int, ...], hidden: str = "relu", output: str = "sigmoid", **rest: Any) -> Network:
        """Return the network with the same activation in all hidden layers."""
        return cls(tuple(n), (hidden,) * (len(n) - 2) + (output,), **rest)

    @property
    def L(self) -> int:
        """Number of layers, the input not counted."""
        return len(self.n) - 1

    @property
    def model(self) -> Literal["logistic_regression", "two_layer", "l_layer"]:
        """Return the most special of the notes' three models that this network is."""
        if self.loss != "cross_entropy" or "step" in self.g:
            return "l_layer"
        return {1: "logistic_regression", 2: "two_layer"}.get(self.L, "l_layer")  # type: ignore[return-value]

    def __str__(self) -> str:
        rows = [("layer", "g", "W", "b", "Z, A, dZ, dA")]
        for l in range(1, self.L + 1):
            n, before = self.n[l], self.n[l - 1]
            rows.append((str(l), self.g[l - 1], f"({n}, {before})", f"({n}, 1)", f"({n}, m)"))
        widths = [max(len(row[c]) for row in rows) for c in range(5)]
        lines = ["  ".join(f"{cell:{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(
            [
                *lines,
                f"X ({self.n[0]}, m), Y ({self.n[-1]}, m), loss {self.loss}, "
                f"relu_grad_at_zero {self.relu_grad_at_zero}",
            ]
        )

    @property
    def dimensions(self) -> str:
        """The table of dimensions in one line, for errors (notes: N19)."""
        layers = [f"W{l} ({self.n[l]}, {self.n[l - 1]}) b{l} ({self.n[l]}, 1)" for l in range(1, self.L + 1)]
        return f"X ({self.n[0]}, m), {', '.join(layers)}, Y ({self.n[-1]}, m)"


def check(network: Network, params: Params, X: Array, Y: Array | None = None) -> None:
    """Raise BadInput unless the shapes and dtypes fit the network and each other (notes: N12, N19). Reads no element.

    Called once at each door: `Framework.gradients`, `fit` and `predict`. What stands behind them trusts its arguments.
    """
    if not _fits(network, params, X, Y):
        _explain(network, params, X, Y)


def _fits(network: Network, params: Params, X: Array, Y: Array | None) -> bool:
    """Return whether everything is as it should be, in a few microseconds."""
    try:
        n, m, dtype = network.n, X.shape[1], X.dtype
        return (
            X.shape == (n[0], m)
            and m >= 1
            and len(params) == len(n) - 1
            and (Y is None or (Y.shape == (n[-1], m) and Y.dtype == dtype))
            and all(
                W.shape == (n[l], n[l - 1]) and b.shape == (n[l], 1) and W.dtype == dtype and b.dtype == dtype
                for l, (W, b) in enumerate(params, start=1)
            )
        )
    except Exception:  # an array without a shape, a layer that is no pair: explained below
        return False


def _explain(network: Network, params: Params, X: Array, Y: Array | None) -> None:
    """Raise BadInput with what does not fit."""
    if len(params) != network.L:
        raise BadInput(f"params: {len(params)} layers, expected {network.L} [{network.dimensions}]")
    _check_matrix("X", X, (network.n[0], None), network, "examples are columns: X.reshape(n_x, m)")
    m = X.shape[1]
    if m < 1:
        raise BadInput(f"X: shape {tuple(X.shape)} has no example, expected at least one column")
    for l, (W, b) in enumerate(params, start=1):
        n, before = network.n[l], network.n[l - 1]
        follows = f"to follow layer {l - 1} (n[{l - 1}] = {before})" if l > 1 else f"to take X (n[0] = {before})"
        _check_matrix(f"layer {l}: W", W, (n, before), network, follows)
        _check_matrix(f"layer {l}: b", b, (n, 1), network, "a column: b.reshape(n, 1)")
    if Y is not None:
        _check_matrix("Y", Y, (network.n[-1], m), network, "one column an example of X: Y.reshape(n_y, m)")
    first = params[0].W.dtype
    others = [("X", X), ("Y", Y)] if Y is not None else [("X", X)]
    others += [(f"layer {l}: {k}", v) for l, layer in enumerate(params, 1) for k, v in zip("Wb", layer, strict=True)]
    for name, array in others:
        if array.dtype != first:
            raise BadInput(
                f"{name} is {array.dtype}, expected {first} as W1: convert it with from_numpy, nothing is promoted"
            )


def _check_matrix(name: str, array: Array, shape: tuple[int, int | None], network: Network, remedy: str) -> None:
    got = tuple(getattr(array, "shape", ()))
    if len(got) == 2 and got[0] == shape[0] and shape[1] in (None, got[1]):
        return
    expected = f"({shape[0]}, {'m' if shape[1] is None else shape[1]})"
    rank = f" (rank {len(got)})" if len(got) != 2 else ""
    has = f"has shape {got}{rank}" if hasattr(array, "shape") else f"is a {type(array).__name__}"
    raise BadInput(f"{name} {has}, expected {expected}, {remedy} [{network.dimensions}]")


def check_differentiable(network: Network) -> None:
    """Raise BadInput for a network with the perceptron's step, whose derivative is 0 wherever it exists."""
    if "step" in network.g:
        l = network.g.index("step") + 1
        raise BadInput(f"layer {l}: 'step' predicts but has no useful derivative; train with 'sigmoid' (notes: N1)")


def check_descent(alpha: float, iterations: int) -> None:
    """Raise BadInput unless alpha is a positive finite number and iterations a whole number >= 1."""
    if not isinstance(iterations, int) or isinstance(iterations, bool) or iterations < 1:
        raise BadInput(f"iterations: got {iterations!r}, expected a whole number >= 1")
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not math.isfinite(alpha) or alpha <= 0:
        raise BadInput(f"learning rate: got {alpha!r}, expected a finite number > 0, such as 0.01")
