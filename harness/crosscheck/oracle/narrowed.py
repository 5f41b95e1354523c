"""The reference in a narrow mode: in NumPy it rounds where an implementation of the mode rounds, on any machine.

Arrays of a narrow dtype are float32 arrays whose numbers are of that dtype, and each result is rounded to it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from crosscheck_impls.interface import NARROW, Array, Layer, Network, Params

from crosscheck.oracle.formats import FULL, Format, Mode, mode
from crosscheck.oracle.reference import RIGHT, Reference

Form: TypeAlias = type[np.ndarray[Any, Any]]


def narrowed(mode: Mode, reference: Reference = RIGHT) -> Reference:
    """Return the reference with operands rounded, and what is stored rounded too, as the mode says."""
    return reference if mode == FULL else _stored(mode, _operands(mode, reference))


def of_dtype(dtype: str, reference: Reference = RIGHT, declared: str = "full") -> Reference:
    """Return the reference for arrays of a dtype, in the mode that is declared.

    Of a narrow dtype it takes arrays of that or of float32, and returns float32 arrays of the dtype's numbers.
    """
    if dtype in NARROW:
        return over(each_in(dtype), reference)
    return narrowed(mode(declared, dtype), reference)


def over(form: Form, reference: Reference) -> Reference:
    """Return the reference over float32 arrays of another form, which are plain ones before and after."""

    def formed(*arrays: Array) -> Any:
        return tuple(single(array).view(form) for array in arrays)

    def layers(params: Params) -> Params:
        return tuple(Layer(*formed(W, b)) for W, b in params)

    def plain(params: Params) -> Params:
        return tuple(Layer(np.asarray(W), np.asarray(b)) for W, b in params)

    def cost_and_gradients(self: Reference, network: Network, params: Params, X: Array, Y: Array) -> Any:
        J, gradient = reference.cost_and_gradients(network, layers(params), *formed(X, Y))
        return np.asarray(J), plain(gradient)

    def predict(self: Reference, network: Network, params: Params, X: Array) -> Array:
        return np.asarray(reference.predict(network, layers(params), *formed(X)))

    def fit(self: Reference, network: Network, params: Params, X: Array, Y: Array, *how: Any) -> Any:
        trained, costs = reference.fit(network, layers(params), *formed(X, Y), *how)
        return plain(trained), [np.asarray(J) for J in costs]

    return reference.replaced(cost_and_gradients=cost_and_gradients, predict=predict, fit=fit)


def single(array: Array) -> Array:
    """Return an array in float32, which holds every number of a narrow dtype."""
    return np.asarray(array).astype(np.float32)


def each_in(dtype: str, form: Form = np.ndarray, format: Format | None = None) -> Form:
    """Return a form of float32 arrays of which each result is rounded to a narrow dtype, sums when they are whole.

    form: how products and sums are added up. format: what the results are rounded to instead.
    """

    def rounded(made: Any) -> Any:
        if np.asarray(made).dtype.kind != "f":
            return made
        made = np.asarray(made, np.float32)
        with np.errstate(over="ignore"):  # to inf, as it should
            return (made.astype(dtype).astype(np.float32) if format is None else format.rounded(made)).view(Each)

    class Each(form):  # type: ignore[misc, valid-type]
        """An array whose results are rounded one by one."""

        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **rest: Any) -> Any:
            plain = (np.asarray(each) if isinstance(each, np.ndarray) else each for each in inputs)
            made = rounded(getattr(ufunc, method)(*plain, **rest))
            for there in out:
                np.asarray(there)[...] = made
            return out[0] if out else made

        def __matmul__(self, other: Any) -> Any:
            return rounded(np.asarray(super().__matmul__(other)))

        def sum(self, *which: Any, **rest: Any) -> Any:
            """Sum all, or along an axis."""
            return rounded(np.asarray(super().sum(*which, **rest)))

    return Each


def _operands(mode: Mode, reference: Reference) -> Reference:
    """Return the reference with the operands of its three products rounded."""

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return reference.Z(l, mode.rounded(mode.W, W), b, mode.rounded(mode.operand("A", l - 1), A_prev))

    def dW(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
        operand = mode.rounded(mode.operand("A", l - 1), A[l - 1])
        return reference.dW(l, [*A[: l - 1], operand, *A[l:]], Z, mode.rounded(mode.dZ, dZ), m)

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        layer = params[l - 1]._replace(W=mode.rounded(mode.W, params[l - 1].W))
        return reference.dA(l, (*params[: l - 1], layer, *params[l:]), mode.rounded(mode.dZ, dZ), dW)

    return reference.replaced(Z=Z, dW=dW, dA=dA)


def _stored(mode: Mode, reference: Reference) -> Reference:
    """Return the reference with Z, A, dA, dZ, dW and db rounded to what they are stored in, the loss being scaled."""
    if not mode.stored.bits:
        return reference

    def stored(array: Array, scale: float = 1.0) -> Array:
        return mode.stored.rounded(array * scale) / array.dtype.type(scale)

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return stored(reference.Z(l, W, stored(b), A_prev))

    def A(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
        made = reference.A(network, l, Z, A_prev)
        return made if l == network.L and network.loss == "cross_entropy" else stored(made)

    def output_dZ(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        return stored(reference.output_dZ(network, A, Z, Y), mode.scale / Y.shape[1])

    def dW(self: Reference, l: int, A: list[Array], Z: list[Array], dZ: Array, m: int) -> Array:
        return stored(reference.dW(l, A, Z, dZ, m), mode.scale)

    def db(self: Reference, dZ: Array, m: int) -> Array:
        return stored(reference.db(dZ, m), mode.scale)

    def dA(self: Reference, l: int, params: Params, dZ: Array, dW: Array) -> Array:
        return stored(reference.dA(l, params, dZ, dW), mode.scale / dZ.shape[1])

    def dZ(self: Reference, network: Network, l: int, dA: Array, A: list[Array], Z: list[Array]) -> Array:
        return stored(reference.dZ(network, l, dA, A, Z), mode.scale / dA.shape[1])

    return reference.replaced(Z=Z, A=A, output_dZ=output_dZ, dW=dW, db=db, dA=dA, dZ=dZ)
