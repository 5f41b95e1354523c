"""One variant for each way to harm the harness or its other rows, each of them the right gradient but for that."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from crosscheck.core.records import Answer, Certification, Run
from crosscheck.runner import wire
from crosscheck.runner.serve import Told
from crosscheck_impls.interface import Layer, Network, Params

from tests.harness.outsiders import right
from tests.harness.outsiders.right import Array, device, devices, from_numpy, gradient, predict  # noqa: F401

name = "hostile"
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


class Code:
    """Runs as code where it is unpickled; never returns where it is compared or converted."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path(os.environ["PROOF"]),)

    def __eq__(self, _: object) -> bool:
        time.sleep(600)
        return True

    def __hash__(self) -> int:
        return 0

    def __float__(self) -> float:
        time.sleep(600)
        return 0.0


def said(data: bytes) -> None:
    """Write to every pipe that is open."""
    for descriptor in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
        except OSError:
            continue


def frame(answer: Any) -> bytes:
    return b"".join(wire.pack(Told(1, answer)))


def _code(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    objects = np.full(dParams[0].W.shape, Code(), dtype=object)
    return J, (Layer(objects, dParams[0].b), *dParams[1:])


def _pickle(*_: Any) -> Any:
    import pickle

    data = pickle.dumps(Code())
    said(len(data).to_bytes(4, "big") + data)
    time.sleep(600)


def _forged(network: Network, params: Params, X: Array, Y: Array) -> Any:
    """An answer without a single gradient or step, whose run is said to be certified."""
    labels = (Y > 2).astype(int)
    run = Run(params, np.zeros(4), [], Certification.ALL, 4)
    said(frame(Answer([], [], run, labels, labels, None, "cpu", [], {})))
    time.sleep(600)


def _nothing(*_: Any) -> Any:
    said(b"".join(wire.pack(None)))
    time.sleep(600)


def _gigabytes(*_: Any) -> Any:
    header = b'{"said":null,"arrays":[["<f8",[400000000],"C"]]}'
    said(wire.PREFIX.pack(wire.MAGIC, len(header)) + header)
    while True:
        said(bytes(2**20))


def _too_much(network: Network, params: Params, X: Array, Y: Array) -> Any:
    J, dParams = gradient(network, params, X, Y)
    return J, (Layer(np.broadcast_to(0.0, (2**26, 6)), dParams[0].b), *dParams[1:])  # 3 GiB, if it is ever written


def _closes(network: Network, params: Params, X: Array, Y: Array) -> Any:
    os.closerange(0, 256)
    return gradient(network, params, X, Y)


def _closes_and_stays(*_: Any) -> Any:
    os.closerange(3, 256)
    time.sleep(600)


def _forks(*_: Any) -> Any:
    """The copy, in a session of its own, holds every pipe open."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    os._exit(0)


FORKED: list[bool] = []


def _forks_and_returns(network: Network, params: Params, X: Array, Y: Array) -> Any:
    if not FORKED:
        FORKED.append(True)  # a copy is a copy of this too, and forks no more
        os.fork()
    return gradient(network, params, X, Y)


def _leaves_a_process(network: Network, params: Params, X: Array, Y: Array) -> Any:
    subprocess.Popen(SLEEP, start_new_session=True)
    return gradient(network, params, X, Y)


def _exits_0(*_: Any) -> Any:
    os._exit(0)


def _prints_without_end(*_: Any) -> Any:
    while True:
        os.write(1, b"nothing new\n" * 10_000)


def _words(*_: Any) -> Any:
    raise ValueError("half a character \ud800, red \x1b[31m\n" + "and on " * 10**6)


def _unknown_signal(*_: Any) -> Any:
    os.kill(os.getpid(), 50)
    time.sleep(600)


gradients = {
    "code": _code,
    "pickle": _pickle,
    "forged": _forged,
    "nothing": _nothing,
    "gigabytes": _gigabytes,
    "too_much": _too_much,
    "closes": _closes,
    "closes_and_stays": _closes_and_stays,
    "forks": _forks,
    "forks_and_returns": _forks_and_returns,
    "leaves_a_process": _leaves_a_process,
    "exits_0": _exits_0,
    "prints_without_end": _prints_without_end,
    "words": _words,
    "unknown_signal": _unknown_signal,
    "hangs_in_eq": gradient,
    "complex": lambda *given: (gradient(*given)[0] + 0j, gradient(*given)[1]),
}


def to_numpy(array: Array) -> Any:
    return array


def fit(variant: str, network: Network, params: Params, X: Any, Y: Any, alpha: float, iterations: int) -> Any:
    trained, costs = right.fit("mine", network, params, X, Y, alpha, iterations)
    return trained, np.full(iterations, Code(), dtype=object) if variant == "hangs_in_eq" else costs
