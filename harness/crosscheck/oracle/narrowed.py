"""The reference in a narrow mode: in NumPy it rounds where an implementation of the mode rounds, on any machine.

Arrays of a narrow dtype are computed as float32 arrays whose numbers are of that dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from crosscheck_impls.interface import NARROW, Array, Layer, Network, Params

from crosscheck.oracle.formats import FULL, Mode, mode
from crosscheck.oracle.reference import RIGHT, Reference


def narrowed(mode: Mode, reference: Reference = RIGHT) -> Reference:
    """Return the reference with operands rounded, and what is stored rounded too, as the mode says."""
    return reference if mode == FULL else _stored(mode, _operands(mode, reference))


def of_dtype(dtype: str, reference: Reference = RIGHT, declared: str = "full") -> Reference:
    """Return the reference for arrays of a dtype, in the mode that is declared.

    Of a narrow dtype it takes arrays of that or of float32, and returns float32 arrays of the dtype's numbers.
    """
    made = narrowed(mode(declared, dtype), reference)
    if dtype not in NARROW:
        return made

    def cost_and_gradients(self: Reference, network: Network, params: Params, X: Array, Y: Array) -> Any:
        return made.cost_and_gradients(network, in_single(params), single(X), single(Y))

    def predict(self: Reference, network: Network, params: Params, X: Array) -> Array:
        return made.predict(network, in_single(params), single(X))

    def fit(self: Reference, network: Network, params: Params, X: Array, Y: Array, *how: Any) -> Any:
        return made.fit(network, in_single(params), single(X), single(Y), *how)

    return made.replaced(cost_and_gradients=cost_and_gradients, predict=predict, fit=fit)


def single(array: Array) -> Array:
    """Return an array in float32, which holds every number of a narrow dtype."""
    return np.asarray(array).astype(np.float32)


def in_single(params: Params) -> Params:
    """Return the params in float32."""
    return tuple(Layer(single(W), single(b)) for W, b in params)


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
    """Return the reference with Z, A, dA, dZ, dW and db rounded to what they are stored in, the loss being scaled.

    In whole arrays of the format each loss, J and the step are rounded as well.
    """
    if not mode.stored.bits:
        return reference

    def stored(array: Array, scale: float = 1.0) -> Array:
        return mode.stored.rounded(array * scale) / array.dtype.type(scale)

    def Z(self: Reference, l: int, W: Array, b: Array, A_prev: Array) -> Array:
        return stored(reference.Z(l, W, stored(b), A_prev))

    def A(self: Reference, network: Network, l: int, Z: Array, A_prev: Array) -> Array:
        made = reference.A(network, l, Z, A_prev)
        is_kept = l == network.L and network.loss == "cross_entropy" and not mode.whole
        return made if is_kept else stored(made)

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

    there = reference.replaced(Z=Z, A=A, output_dZ=output_dZ, dW=dW, db=db, dA=dA, dZ=dZ)
    return _whole(stored, there) if mode.whole else there


def _whole(stored: Callable[..., Array], reference: Reference) -> Reference:
    """Return the reference with the losses, J and the step rounded too."""

    def losses(self: Reference, network: Network, A: Array, Z: Array, Y: Array) -> Array:
        return stored(reference.losses(network, A, Z, Y))

    def mean(self: Reference, losses: Array, m: int) -> Array:
        return stored(np.asarray(reference.mean(losses, m)))

    def update_layer(self: Reference, W: Array, b: Array, dW: Array, db: Array, alpha: float) -> Layer:
        return Layer(*map(stored, reference.update_layer(W, b, dW, db, alpha)))

    return reference.replaced(losses=losses, mean=mean, update_layer=update_layer)
