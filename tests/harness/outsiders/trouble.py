"""One variant for each kind of trouble, each of them the right gradient but for that."""

import ctypes
import os
import signal
import stat
import sys
import time
from typing import Any

import numpy as np
from crosscheck_impls.interface import Layer, Network, Params

from tests.harness.outsiders.right import Array, device, devices, from_numpy, gradient, to_numpy  # noqa: F401
from tests.harness.outsiders.right import predict as predict

name = "trouble"


def _raises(*_: Any) -> Any:
    raise ValueError("two plus\ntwo is five")


def _hangs(*_: Any) -> Any:
    time.sleep(600)


def _killed(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _segfault(*_: Any) -> Any:
    ctypes.string_at(0)


def _exits(*_: Any) -> Any:
    os._exit(3)


def _sys_exit(*_: Any) -> Any:
    sys.exit("I have had enough")


def _memory(*_: Any) -> Any:
    return np.ones(10**15)


def _prints(network: Network, params: Params, X: Array, Y: Array) -> Any:
    print("I print a lot")
    print("to both", file=sys.stderr)
    return gradient(network, params, X, Y)


def _mutates(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    X *= 2
    return J, dParams


def _rank_1(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    return J, tuple(Layer(dW, db[:, 0]) for dW, db in dParams)


def _other_dtype(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    return J, tuple(Layer(dW.astype("float16"), db) for dW, db in dParams)


def _nan(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    return J, tuple(Layer(dW * np.nan, db) for dW, db in dParams)


def _too_many_layers(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    return J, (*dParams, dParams[0])


def _half_a_message(network: Network, params: Params, X: Array, Y: Array) -> Any:
    """Say that a long message comes, on every pipe that is open, and send no more of it."""
    for descriptor in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode) or stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, b"xck1" + (10_000).to_bytes(4, "little"))
        except OSError:
            continue
    time.sleep(600)


def _nonsense(*_: Any) -> Any:
    return "a string", None


gradients = {
    "raises": _raises,
    "hangs": _hangs,
    "killed": _killed,
    "segfault": _segfault,
    "exits": _exits,
    "sys_exit": _sys_exit,
    "memory": _memory,
    "prints": _prints,
    "mutates": _mutates,
    "rank_1": _rank_1,
    "other_dtype": _other_dtype,
    "nan": _nan,
    "too_many_layers": _too_many_layers,
    "nonsense": _nonsense,
    "half_a_message": _half_a_message,
    "costs_of_nan": gradient,
    "costs_of_7": gradient,
}


def fit(variant: str, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
    costs = np.empty(iterations, X.dtype)
    for t in range(iterations):
        costs[t], step = gradient(network, params, X, Y)
        rate = X.dtype.type(alpha)
        params = tuple(Layer(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(params, step, strict=True))
    if iterations > 1 and variant.startswith("costs_of"):
        costs[1 if variant == "costs_of_nan" else 0 :] = np.nan if variant == "costs_of_nan" else 7
    return params, costs
