"""The reference in a narrow mode: in NumPy it rounds where an implementation of the mode rounds, on any machine."""

from __future__ import annotations

from crosscheck_impls.interface import Array, Network, Params

from crosscheck.oracle.formats import FULL, Mode
from crosscheck.oracle.reference import RIGHT, Reference


def narrowed(mode: Mode, reference: Reference = RIGHT) -> Reference:
    """Return the reference with operands rounded, and what is stored rounded too, as the mode says."""
    return reference if mode == FULL else _stored(mode, _operands(mode, reference))


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
