"""The forward pass in ONNX Runtime, the backward pass by hand from its Z and A.

The graph is built for a network and a dtype, with any number of examples, of the operators of ONNX's opset 17.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy import ndarray as Array

from crosscheck_impls.interface import Network, Params, Unavailable
from crosscheck_impls.with_numpy import l_layer, losses

OPSET, IR = 17, 8  # versions that every runtime of these years reads
OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "linear": "Identity"}


def model(network: Network, dtype: str) -> Any:
    """Return the graph: X, W1, b1, ..., WL, bL -> Z1, A1, ..., ZL."""
    from onnx import TensorProto, helper

    kind = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}.get(dtype)
    if kind is None:
        raise Unavailable(f"ONNX Runtime: its operators on the CPU take float32 and float64, not {dtype}")

    def value(name: str, *shape: int | str) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    nodes, outputs, A = [], [], "X"
    inputs = [value("X", network.n[0], "m")]
    for l, (n, g) in enumerate(zip(network.n[1:], network.g, strict=True), start=1):
        inputs += [value(f"W{l}", n, network.n[l - 1]), value(f"b{l}", n, 1)]
        nodes += [helper.make_node("MatMul", [f"W{l}", A], [f"WA{l}"])]
        nodes += [helper.make_node("Add", [f"WA{l}", f"b{l}"], [f"Z{l}"])]
        outputs.append(value(f"Z{l}", n, "m"))
        if l < network.L:
            A = f"A{l}"
            if g == "leaky_relu":  # ONNX's LeakyRelu has a slope in float32, whatever Z is
                nodes += [helper.make_node("Mul", ["slope", f"Z{l}"], [f"sZ{l}"])]
                nodes += [helper.make_node("Max", [f"sZ{l}", f"Z{l}"], [A])]
            else:
                nodes += [helper.make_node(OPERATORS[g], [f"Z{l}"], [A])]
            outputs.append(value(A, n, "m"))
    slope = [helper.make_tensor("slope", kind, (), [network.leaky_slope])] if "leaky_relu" in network.g[:-1] else []
    graph = helper.make_graph(nodes, "forward", inputs, outputs, slope)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


@lru_cache(maxsize=64)
def session(network: Network, dtype: str) -> Callable[[dict[str, Array]], list[Array]]:
    """Return what runs the graph, by as many threads as OpenMP may have. Raises Unavailable without ONNX Runtime."""
    for package in ("onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise Unavailable(f"{package} is not installed; pip install 'crosscheck[onnx]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    runtime = onnxruntime.InferenceSession(
        model(network, dtype).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda feeds: runtime.run(None, feeds)


def forward(network: Network, params: Params, X: Array) -> tuple[Array, list[l_layer.Cache]]:
    """Return Z[L] (n[L], m) and the cache of every layer."""
    feeds = {"X": X} | {f"{kind}{l}": a for l, each in enumerate(params, 1) for kind, a in zip("Wb", each, strict=True)}
    contiguous = {name: np.ascontiguousarray(array) for name, array in feeds.items()}
    *hidden, Z = session(network, str(X.dtype))(contiguous)
    caches = [l_layer.Cache(A, Z) for A, Z in zip([X, *hidden[1::2]], [*hidden[::2], Z], strict=True)]
    return Z, caches


def gradients(network: Network, params: Params, X: Array, Y: Array) -> tuple[Array, Params]:
    """Return J and dParams."""
    Z, caches = forward(network, params, X)
    dZ = losses.output_gradient(network, Z, Y)
    return losses.cost(network, Z, Y), l_layer.layers_backward(network, params, caches, dZ)
