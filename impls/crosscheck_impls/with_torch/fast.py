"""The fast path: the equations of `l_layer` in place, in memory that is allocated once for all iterations.

Z[l], A[l] and dZ[l] (n[l], m) lie in one buffer: A[l] replaces Z[l] on the way forward and dZ[l] replaces A[l] on
the way back, when nobody needs the old one any more. All parameters are one vector and so is their gradient, and
one operation takes the step. No product copies what it reads: the transposed operands, X included, are read as they
lie. Where there is much to multiply on the CPU, `product` knows what is twice as fast there as torch.mm.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor as Array

from crosscheck_impls.interface import Layer, Network, Params

BATCH = 16_384  # logits of so many outputs are kept, and their costs computed together: few calls for small problems
LARGE = 2**22  # multiplications from which on a product is worth a call that takes longer to begin
LONG = 256  # terms in each sum from which on oneDNN gains more than copying its result costs


class Slot(NamedTuple):
    """What one layer reads and writes. W, dW (n[l], n[l-1]); b, db (n[l], 1) are views of the two vectors.

    A (n[l], m): Z[l], then A[l], then dZ[l]. slope (n[l], m): g[l]′(Z[l]) where g[l] has a kink, in numbers, since
    torch multiplies by booleans four times as slowly. dA (n[l], m): one buffer for all layers. W_T and A_T: W and A
    transposed, where they lie; a view takes torch a microsecond.
    """

    W: Array
    b: Array
    dW: Array
    db: Array
    A: Array
    slope: Array
    dA: Array
    W_T: Array
    A_T: Array


class Workspace(NamedTuple):
    """All that an iteration writes: the parameters and m times their gradient, vectors; a slot a layer.

    large: whether a product is large enough for `product` to pay, instead of torch.mm.
    """

    parameters: Array
    gradient: Array
    slots: list[Slot]
    large: bool


def allocate(network: Network, params: Params, X: Array) -> Workspace:
    """Return the workspace with the params in it."""
    m = X.shape[1]
    parameters = torch.cat([array.reshape(-1) for layer in params for array in layer])
    gradient = torch.empty_like(parameters)
    buffer = X.new_empty(max(network.n[1:]) * m)
    slots, start = [], 0
    for n, before, name in zip(network.n[1:], network.n[:-1], network.g, strict=True):
        middle, end = start + n * before, start + n * before + n
        W, A = parameters[start:middle].view(n, before), X.new_empty(n, m)
        slope = X.new_empty((n, m) if name in ("relu", "leaky_relu") else (0, 0))
        slots.append(
            Slot(
                W, parameters[middle:end].view(n, 1),
                gradient[start:middle].view(n, before), gradient[middle:end].view(n, 1),
                A, slope, buffer[: n * m].view(n, m), W.T, A.T,
            )
        )  # fmt: skip
        start = end
    large = m * max(slot.W.numel() for slot in slots) >= LARGE
    return Workspace(parameters, gradient, slots, large)


def activate(network: Network, l: int, Z: Array, slope: Array) -> None:
    """Put A[l] = g[l](Z[l]) in the place of Z[l], and at a kink g[l]′(Z[l]) into `slope`."""
    name = network.g[l - 1]
    if name == "sigmoid":
        Z.sigmoid_()
    elif name == "tanh":
        Z.tanh_()
    elif name != "linear":
        (torch.ge if network.relu_grad_at_zero == "right" else torch.gt)(Z, 0, out=slope)
        if name == "relu":
            Z.relu_()
        else:
            slope.clamp_(min=network.leaky_slope)
            torch.nn.functional.leaky_relu_(Z, network.leaky_slope)


def differentiate(network: Network, l: int, dA: Array, A: Array, slope: Array) -> None:
    """Put dZ[l] = dA[l] ∘ g[l]′(Z[l]) in the place of A[l]; dA[l] is used up."""
    name = network.g[l - 1]
    if name == "sigmoid":
        # dA ∘ A ∘ (1 − A)
        dA.mul_(A)
        A.neg_().add_(1).mul_(dA)
    elif name == "tanh":
        # dA ∘ (1 − A²) = dA − dA ∘ A²
        A.mul_(A)
        torch.addcmul(dA, dA, A, value=-1, out=A)
    elif name == "linear":
        A.copy_(dA)
    else:
        torch.mul(dA, slope, out=A)


@lru_cache(maxsize=1)
def onednn() -> Callable[[Array, Array], Array] | None:
    """Return oneDNN's product of two float32 matrices on the CPU, or None where this torch has none.

    torch offers it to its own compiler only, under a name that may go: hence it is looked for, and tried once.
    """
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        linear = torch.ops.mkldnn._linear_pointwise

        def multiply(left: Array, right: Array) -> Array:
            return linear(left, right.T, None, "none", [], "")

        left, right = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [5.0]])
        return multiply if multiply(left, right).tolist() == [[13.0]] else None
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return None


def product(left: Array, right: Array, out: Array) -> Array:
    """Return out = left @ right. left (k, p), right (p, q), both as they lie or transposed; out (k, q) is contiguous.

    On AMD's processors torch.mm's library, MKL, uses half of the width that AVX-512 has, and one thread for a vector
    times a matrix. oneDNN, the library of torch's compiler and quantized layers, uses all of it; it is for float32.
    """
    (k, p), q = left.shape, right.shape[1]
    if k * p * q < LARGE or out.is_cuda:
        return torch.mm(left, right, out=out)
    threads = torch.get_num_threads()
    if k == 1 and threads > 1 and q % threads == 0:
        # a block of columns for each thread
        blocks = right.unflatten(1, (threads, -1)).transpose(0, 1)
        torch.bmm(left.expand(threads, 1, p), blocks, out=out.view(threads, 1, -1))
        return out
    if out.dtype == torch.float32 and p >= LONG and min(k, q) >= 16 and (multiply := onednn()) is not None:
        return out.copy_(multiply(left, right))
    return torch.mm(left, right, out=out)


def forward(network: Network, work: Workspace, X: Array) -> None:
    """Fill the slots with A[1], ..., A[L-1] and Z[L]."""
    A = X
    for l, slot in enumerate(work.slots, start=1):
        # Z[l] = W[l] A[l−1] + b[l]                                           (n[l], m)
        if work.large:
            product(slot.W, A, out=slot.A).add_(slot.b)
        else:
            torch.addmm(slot.b, slot.W, A, out=slot.A)
        if l < network.L:
            activate(network, l, slot.A, slot.slope)
        A = slot.A


def backward(network: Network, work: Workspace, X: Array, Y: Array) -> None:
    """Turn the slots from A[l] and Z[L] to dZ[l], and fill the gradient, m times that of J."""
    multiply = product if work.large else torch.mm
    output = work.slots[-1]
    activate(network, network.L, output.A, output.slope)
    if network.loss == "cross_entropy":
        # dZ[L] = A[L] − Y
        output.A.sub_(Y)
    else:
        # dZ[L] = (A[L] − Y) ∘ g[L]′(Z[L])
        torch.sub(output.A, Y, out=output.dA)
        differentiate(network, network.L, output.dA, output.A, output.slope)
    for l in range(network.L, 0, -1):
        layer, before = work.slots[l - 1], work.slots[l - 2]
        dZ = layer.A
        # m dW[l] = dZ[l] A[l−1]ᵀ                                             (n[l], n[l−1])
        multiply(dZ, before.A_T if l > 1 else X.T, out=layer.dW)
        # m db[l] = Σ dZ[l]                                                   (n[l], 1)
        torch.sum(dZ, 1, keepdim=True, out=layer.db)
        if l > 1:
            # dA[l−1] = W[l]ᵀ dZ[l]                                           (n[l−1], m)
            multiply(layer.W_T, dZ, out=before.dA)
            differentiate(network, l - 1, before.dA, before.A, before.slope)


def costs(network: Network, Z: Array, Y: Array) -> Array:
    """Return J (k,) of the logits of k iterations, Z[L] (k, n[L], m)."""
    if network.loss == "cross_entropy":
        # softplus(Z) − Y Z = log(1 + e^−|Z|) + (max(Z, 0) − Y Z)
        each = Z.abs().neg_().exp_().log1p_().add_(Z.clamp(min=0).addcmul_(Z, Y, value=-1))
    else:
        # ½ (A − Y)²
        A = Z.clone()
        activate(network, network.L, A, torch.empty_like(Z))
        each = A.sub_(Y).square_().mul_(0.5)
    # J = 1/m Σ
    return each.flatten(1).sum(1) / Z.shape[-1]


@torch.no_grad()
def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams, by the same code as the loop below."""
    work = allocate(network, params, X)
    forward(network, work, X)
    (J,) = costs(network, work.slots[-1].A[None], Y)
    backward(network, work, X, Y)
    work.gradient.div_(X.shape[1])
    return J, tuple(Layer(slot.dW, slot.db) for slot in work.slots)


@torch.no_grad()
def gradient_descent(
    network: Network, params: Params, X: Array, Y: Array, alpha: float, iterations: int
) -> tuple[Params, Array]:
    """Return the params after the iterations, and J before each of them (iterations,)."""
    work = allocate(network, params, X)
    rate = alpha / X.shape[1]
    J = X.new_empty(iterations)
    output = work.slots[-1].A
    batch = min(iterations, max(1, BATCH // output.numel()))
    logits = X.new_empty((batch, *output.shape))
    for t in range(iterations):
        forward(network, work, X)
        logits[t % batch].copy_(output)
        backward(network, work, X, Y)
        # W := W − α dW,  b := b − α db
        work.parameters.sub_(work.gradient, alpha=rate)
        if t % batch == batch - 1 or t == iterations - 1:
            count = t % batch + 1
            J[t + 1 - count : t + 1] = costs(network, logits[:count], Y)
    return tuple(Layer(slot.W, slot.b) for slot in work.slots), J
