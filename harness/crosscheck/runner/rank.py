"""One process of a team, which is one implementation: it holds arrays by number and does what all of them are told."""

from __future__ import annotations

import contextlib
import faulthandler
import hashlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np
from crosscheck_impls.interface import Array, Framework, Incomplete, Layer, Network, Params

from crosscheck.core.failures import Failure, Rank, Stage
from crosscheck.core.plain import from_plain
from crosscheck.runner.blame import Passing, raised_at
from crosscheck.runner.collect import configure, environment
from crosscheck.runner.line import Line
from crosscheck.runner.loading import load_implementation
from crosscheck.runner.passing import tell_each_line
from crosscheck.runner.serve import About, describe, failure_of

SAY_WHERE = signal.SIGUSR1  # on which a rank prints where it is, whatever it does
LAUNCHER = "launcher"  # what a module may say: "mpiexec", where MPI is to start its processes
MPIEXEC = "mpiexec"
STARTS = "start"  # the function of a module that takes a rank, how many there are, and an address, and joins them


class Begin(NamedTuple):
    """What a rank is told first. address: `host:port`, where the ranks may meet. by_mpi: whether MPI has started it.

    tells: whether it is to say before each line what it passes there.
    """

    framework: str
    rank: int
    of: int
    address: str
    by_mpi: bool = False
    tells: bool = False


class Ready(NamedTuple):
    """A rank is there: its process, and what it says of its framework; nothing where it is for MPI to start it."""

    pid: int
    about: About | None


class Call(NamedTuple):
    """What all ranks are to do; arrays are named by the numbers under which each rank holds them.

    first: the number of the first array that comes of it, the next ones follow. forget: arrays that nobody needs.
    """

    does: str
    first: int = 0
    variant: str = ""
    network: Network | None = None
    params: Params = ()
    X: int = -1
    Y: int = -1
    alpha: float = 0.0
    iterations: int = 0
    array: Any = None
    word: str = ""
    forget: tuple[int, ...] = ()


class Held(NamedTuple):
    """An array that a rank holds, by what must be the same on all of them."""

    shape: tuple[int, ...]
    dtype: str
    digest: str
    device: str


class Done(NamedTuple):
    """What came of a call: arrays that are held; for `to_numpy` the array; for `environment` plain words."""

    held: tuple[Held, ...] = ()
    array: Any = None
    words: Any = None


class Reply(NamedTuple):
    """What a rank says, and when, by a clock that all processes of the machine share."""

    said: Ready | Done | Failure | Passing
    time: float


def serve(line: Line) -> None:
    """Join the others and do what all are told until there is no more. A rank that cannot goes, so that none waits.

    It leaves without a farewell: what a library does at the end of a process no longer matters, and may hang.
    """
    faulthandler.enable()
    faulthandler.register(SAY_WHERE, all_threads=False)
    begin = from_plain(Begin, *line.receive())
    with contextlib.suppress(OSError):  # the current folder may be gone
        sys.path.insert(0, str(Path.cwd()))
    try:
        framework, about = _join(begin)
    except BaseException as error:  # an import may raise anything
        _leave(line, begin, Stage.LOAD, error)
    _say(line, Ready(os.getpid(), about))
    if about is None:
        os._exit(0)
    there = _Arrays(framework, begin.rank)
    if begin.tells:
        tell_each_line(partial(_say, line))
    for frame in line.requests():
        try:
            done = there.do(from_plain(Call, *frame))
        except BaseException as error:  # somebody's code may raise anything
            _leave(line, begin, Stage.CASE, error)
        _say(line, done)
    os._exit(0)


def _join(begin: Begin) -> tuple[Framework, About | None]:
    framework = load_implementation(begin.framework)
    if not begin.by_mpi and getattr(framework, LAUNCHER, "") == MPIEXEC:
        return framework, None
    start = getattr(framework, STARTS, None)
    if start is None:
        raise Incomplete(f"{begin.framework} has no {STARTS}(rank, of, address), which makes processes a team")
    start(begin.rank, begin.of, begin.address)
    return framework, describe(begin.framework)


def _say(line: Line, said: Ready | Done | Failure | Passing) -> None:
    line.send(Reply(said, time.monotonic()))


def _leave(line: Line, begin: Begin, stage: Stage, error: BaseException) -> NoReturn:
    """Say what went wrong, and where, and go."""
    sys.settrace(None)
    blames = getattr(load_implementation(begin.framework), "blames", None) if stage is Stage.CASE else None
    rank = Rank(begin.rank, begin.of, raised_at(error), blames=blames and blames(error))
    _say(line, failure_of(stage, error)._replace(rank=rank))
    os._exit(1)


class _Arrays:
    """The arrays that a rank holds, by number."""

    def __init__(self, framework: Framework, rank: int) -> None:
        self.framework, self.rank = framework, rank
        self.held: dict[int, Array] = {}

    def do(self, call: Call) -> Done:
        """Do what all ranks are told."""
        for number in call.forget:
            self.held.pop(number, None)
        framework = self.framework
        match call.does:
            case "configure":
                configure(framework, call.word)
                return Done()
            case "environment":
                return Done(words=environment(framework))
            case "from_numpy":
                return self._hold(call.first, [framework.from_numpy(call.array, call.word)])
            case "to_numpy":
                wanted = self.rank == 0 or call.word == "all"
                return Done(array=np.asarray(framework.to_numpy(self.held[call.X])) if wanted else None)
        return self._hold(call.first, list(self._computed(call)))

    def _computed(self, call: Call) -> Iterator[Array]:
        """Yield the arrays that come of a function of the contract, J or the costs first."""
        framework, network, X = self.framework, call.network, self.held[call.X]
        assert network is not None
        params = tuple(Layer(self.held[W], self.held[b]) for W, b in call.params)
        if call.does == "predict":
            yield framework.predict(network, params, X)
            return
        if call.does == "gradients":
            J, computed = framework.gradients[call.variant](network, params, X, self.held[call.Y])
        else:
            computed, J = framework.fit(
                call.variant, network, params, X, self.held[call.Y], call.alpha, call.iterations
            )
        yield J
        for layer in computed:
            yield from (layer.W, layer.b)

    def _hold(self, first: int, arrays: list[Array]) -> Done:
        self.held.update(enumerate(arrays, start=first))
        return Done(tuple(self._described(array) for array in arrays))

    def _described(self, array: Array) -> Held:
        numbers = np.ascontiguousarray(self.framework.to_numpy(array))
        digest = hashlib.blake2b(numbers.tobytes(), digest_size=12).hexdigest()
        return Held(numbers.shape, str(numbers.dtype), digest, self.framework.device(array))
