"""Several processes as one implementation: a stand-in for it, with the contract of a framework, that asks all of them.

`torch*3` are three processes of torch, `jax@3` is one process of JAX with three devices; in both the module is the
framework's `distributed`, or anyone's that has `start(rank, of, address)`. Every rank is told the same, the answer is
rank 0's, and a digest of every rank's is held against it: a rank that has left its last update out is seen in no
other way. A rank that dies, raises or hangs ends the team, which says which rank it was and where it sat; the next
case has a new one. The arrays stay with the ranks; here they are numbers.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
from crosscheck_impls.interface import Array, Framework, Layer, Network, Params

from crosscheck.core.failures import Broken, Failure, Kind, Lost, Promise, Rank, Stage
from crosscheck.core.plain import Malformed, from_plain
from crosscheck.core.text import one_line
from crosscheck.runner import mpi
from crosscheck.runner.blame import (
    Passing,
    first_to_go,
    has_given_up,
    not_waiting,
    of_another_size,
    passes_another,
    still_at_work,
)
from crosscheck.runner.children import Child, wait
from crosscheck.runner.rank import SAY_WHERE, Begin, Call, Done, Held, Ready, Reply
from crosscheck.runner.serve import About
from crosscheck.runner.spread import START, Spread
from crosscheck.runner.threads import THREADS

SERVES = "crosscheck.runner.rank:serve"
SAYING = 4.0  # seconds in which every rank is to say where it is
SETTLE = 1.0  # seconds in which those that failed with the first are heard too
OUTERMOST = " in <module>\n"  # the end of what a rank prints of where it is
DETAIL = {"TORCH_DISTRIBUTED_DEBUG": "DETAIL"}  # each collective is compared first, which takes as long again
MAX_LOST = 3  # teams, one after another, each with a case; then there is no other


class Remote:
    """An array that every rank holds; the ranks forget it with this object."""

    def __init__(self, number: int, held: Held, forget: list[int]) -> None:
        self.number, self.shape, self.dtype, self.device = number, held.shape, np.dtype(held.dtype), held.device
        weakref.finalize(self, forget.append, number)


class Team:
    """The ranks, and what stands for them. They begin when it is made, and again after one was lost."""

    def __init__(self, name: str) -> None:
        self.name, self.spread = name, Spread.of(name)
        self._ranks: list[Child] = []
        self._pids: list[int] = []
        self._forget: list[int] = []
        self._numbers = itertools.count()
        self._dtypes: list[str] = []
        self._noticed: dict[str, Broken] = {}
        self._seconds, self._until, self._failed, self._lost = START, np.inf, False, 0
        self._last: Failure | None = None
        self._passing: dict[int, Passing] = {}
        self._detail, self._by_mpi = False, self.spread.by_mpi
        about = self._begin()
        self.declarations = about.declarations
        self.gradients = {variant: partial(self._gradients, variant) for variant in about.variants}
        self._devices = about.devices

    # ------------------------------------------------------------ the contract

    def devices(self) -> tuple[str, ...]:
        """Return the ranks' devices."""
        return self._devices

    def device(self, array: Remote) -> str:
        """Return the device on which rank 0 has the array."""
        return array.device

    def configure(self, dtype: str) -> None:
        """Set every rank up for a dtype."""
        self._dtypes.append(dtype)
        self._ask(Call("configure", word=dtype))

    def environment(self) -> Mapping[str, Any]:
        """Return what rank 0 runs on, and how many there are."""
        (first, *_) = self._ask(Call("environment"))
        return {**dict(first.words), "processes": self.spread.processes, "devices": self.spread.devices}

    def from_numpy(self, array: Array, device: str = "cpu") -> Remote:
        """Give every rank a copy."""
        return self._hold(Call("from_numpy", array=np.asarray(array), word=device), ["what it was given"])[0]

    def to_numpy(self, array: Remote) -> Array:
        """Return rank 0's."""
        return self._ask(Call("to_numpy", X=array.number))[0].array

    def fit(
        self, variant: str, network: Network, params: Params, X: Remote, Y: Remote, alpha: float, iterations: int
    ) -> tuple[Params, Remote]:
        """Train on all ranks."""
        names = ["fit's costs", *_names(network, "fit's ")]
        call = Call("fit", 0, variant, network, _numbers(params), X.number, Y.number, alpha, iterations)
        costs, *trained = self._hold(call, names)
        return _params(trained), costs

    def predict(self, network: Network, params: Params, X: Remote) -> Remote:
        """Predict on all ranks."""
        return self._hold(Call("predict", network=network, params=_numbers(params), X=X.number), ["labels"])[0]

    def _gradients(self, variant: str, network: Network, params: Params, X: Remote, Y: Remote) -> tuple[Remote, Params]:
        call = Call("gradients", 0, variant, network, _numbers(params), X.number, Y.number)
        J, *gradient = self._hold(call, ["J", *_names(network, "d")])
        return J, _params(gradient)

    def noticed(self) -> list[Broken]:
        """Return where ranks did not come to the same bits, in this case."""
        return list(self._noticed.values())

    def allow(self, seconds: float) -> None:
        """Begin a case, for which there are so many seconds, from when the ranks are there."""
        self._lost = self._lost if self._failed else 0
        self._failed, self._noticed = False, {}
        self._seconds, self._until = seconds, time.monotonic() + seconds

    # ------------------------------------------------------------ the ranks

    def _begin(self) -> About:
        """Start the ranks; return what they say of themselves."""
        spread, address, before = self.spread, f"127.0.0.1:{_free_port()}", time.monotonic()
        environment = _environment(spread) | (DETAIL if self._detail else {})
        if self._by_mpi:
            self._ranks += mpi.launch(spread.processes, environment)
        else:
            self._ranks += [Child(SERVES, environment) for _ in range(spread.processes)]
        for rank, child in enumerate(self._ranks):
            child.send(Begin(spread.module, rank, spread.processes, address, self._by_mpi, self._detail))
        ready = cast(list[Ready], self._replies(time.monotonic() + START, START, Stage.LOAD))
        about = ready[0].about
        if about is None and not self._by_mpi:
            self._end()
            self._by_mpi = True
            return self._begin()
        self._pids = [each.pid for each in ready]
        self._until += time.monotonic() - before
        for dtype in self._dtypes:
            self._ask(Call("configure", word=dtype))
        return cast(About, about)

    def _ask(self, call: Call) -> list[Done]:
        """Tell every rank the same, and return what each says. Raises Lost."""
        if self._lost >= MAX_LOST and self._last is not None:
            raise Lost(self._last._replace(lost=self._lost))
        if not self._ranks:
            self._begin()
        forget = tuple(self._forget.pop() for _ in range(len(self._forget)))
        for child in self._ranks:
            child.send(call._replace(forget=forget))
        return cast(list[Done], self._replies(self._until, self._seconds, Stage.CASE))

    def _hold(self, call: Call, names: Sequence[str]) -> list[Remote]:
        """Let every rank compute arrays that they keep, and see whether all have the same."""
        first = next(self._numbers)
        self._numbers = itertools.count(first + len(names))
        done = self._ask(call._replace(first=first))
        ours = done[0].held
        if len(ours) != len(names):
            raise TypeError(f"{len(ours)} arrays came back, expected {len(names)}: J and each layer's W and b")
        for k, name in enumerate(names):
            for rank, theirs in enumerate(done[1:], start=1):
                if theirs.held[k : k + 1] != ours[k : k + 1] and name not in self._noticed:
                    self._noticed[name] = Broken(Promise.REPLICAS, name, self._apart(first + k, rank), step=rank)
        return [Remote(first + k, held, self._forget) for k, held in enumerate(ours)]

    def _apart(self, number: int, rank: int) -> str:
        """Return by how much a rank's array differs from rank 0's; nothing where they have no difference."""
        done = self._ask(Call("to_numpy", X=number, word="all"))
        ours, theirs = done[0].array, done[rank].array
        if np.shape(ours) != np.shape(theirs):
            return ""
        return f"{np.abs(np.subtract(ours, theirs, dtype=np.float64)).max():.2g}"

    def _replies(self, until: float, seconds: float, stage: Stage) -> list[Ready | Done]:
        """Return what each rank says. Raises Lost, after which there is no rank."""
        said: dict[int, Ready | Done] = {}
        failed: dict[int, tuple[float, Failure]] = {}
        settled = np.inf
        while len(said) + len(failed) < len(self._ranks) and time.monotonic() < min(until, settled):
            waiting = {k: child for k, child in enumerate(self._ranks) if k not in said and k not in failed}
            wait(waiting.values(), min(until, settled) - time.monotonic())
            for rank, child in waiting.items():
                reply = None
                for reply in _heard(child, stage):
                    if isinstance(reply.said, Passing):
                        self._passing[rank] = reply.said
                if reply is None or isinstance(reply.said, Passing):
                    continue
                if isinstance(reply.said, Failure):
                    failed[rank] = reply.time, reply.said
                    settled = min(settled, time.monotonic() + SETTLE)
                    continue
                said[rank] = reply.said
                if isinstance(reply.said, Ready):
                    child.joined(reply.said.pid)
        if len(said) < len(self._ranks):
            if failed:
                self._lose(*self._blamed(failed, said))
            self._lose(Failure(stage, Kind.TIMED_OUT, number=seconds, rank=self._held_up(sorted(said))))
        return [said[rank] for rank in range(len(self._ranks))]

    def _blamed(self, failed: Mapping[int, tuple[float, Failure]], said: Iterable[int]) -> tuple[Failure, bool]:
        """Return the failure that came first, and whether the next team is to say more of it."""
        failure = first_to_go(failed, len(self._ranks))
        if self._pids and has_given_up(failure.message):
            late = {*range(len(self._ranks))} - {*failed, *said}
            return still_at_work(failure, self._where(sorted(late))), False
        aborted = any(each.number == signal.SIGABRT for _, each in failed.values())
        sizes = [k for k, (_, each) in failed.items() if of_another_size(each.message + self._ranks[k].printed())]
        if sizes and len(self._passing) == len(self._ranks):
            all_of_them = [self._passing[rank] for rank in range(len(self._ranks))]
            failure = passes_another(failed[min(sizes)][1]._replace(rank=failure.rank), min(sizes), all_of_them)
        return failure, (aborted or bool(sizes)) and not self._detail

    def _held_up(self, answered: list[int]) -> Rank | None:
        """Return the rank that the others wait for, by where each of them is now."""
        asked = [rank for rank in range(len(self._ranks)) if rank not in answered]
        if not self._pids:  # they begin
            return Rank(asked[0], len(self._ranks), answered=tuple(answered))
        return not_waiting(self._where(asked), answered, len(self._ranks))

    def _where(self, asked: Sequence[int]) -> dict[int, str]:
        """Let ranks print where they are, and return what each has printed."""
        for rank in asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pids[rank], SAY_WHERE)
        until, silent = time.monotonic() + SAYING, [self._ranks[rank] for rank in asked]
        while silent and (left := until - time.monotonic()) > 0:
            wait(silent, left)
            silent = [child for child in silent if not child.printed().endswith(OUTERMOST)]
        return {rank: self._ranks[rank].printed() for rank in asked}

    def _end(self) -> None:
        for child in self._ranks:
            child.stop()
        self._ranks, self._pids, self._forget[:] = [], [], []

    def _lose(self, failure: Failure, again: bool = False) -> None:
        """End all ranks, and say why. again: a library has aborted a process; the next team is to say more of that."""
        self._end()
        self._failed, self._lost, self._last, self._detail = True, self._lost + 1, failure, self._detail or again
        raise Lost(failure, again)


def load(name: str) -> Framework:
    """Return a team as a framework; its ranks are there. Raises Lost."""
    return cast(Framework, Team(name))


def _heard(child: Child, stage: Stage) -> Iterator[Reply]:
    """Yield what a rank says, and how it has ended."""
    ended, answered = child.ended(), False
    try:
        for frame in child.frames():
            reply = cast(Reply, from_plain(Reply, *frame))
            answered = answered or not isinstance(reply.said, Passing)
            yield reply
    except Malformed as error:
        yield Reply(Failure(stage, Kind.UNREADABLE, one_line(str(error))), time.monotonic())
        return
    if ended and not answered:
        yield Reply(child.death(stage), time.monotonic())


def _environment(spread: Spread) -> dict[str, str]:
    """Return the variables of a rank: ours, with a share of the threads, and as many devices as JAX is to have."""
    ours = dict(os.environ)
    for name in THREADS:
        mine = ours.get(name, "")
        ours[name] = str(max(1, (int(mine) if mine.isdecimal() else os.cpu_count() or 1) // spread.processes))
    return ours | {"JAX_NUM_CPU_DEVICES": str(spread.devices)}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _names(network: Network, prefix: str) -> Iterator[str]:
    return (f"{prefix}{kind}{l}" for l in range(1, network.L + 1) for kind in "Wb")


def _numbers(params: Params) -> Params:
    return tuple(Layer(W.number, b.number) for W, b in params)


def _params(arrays: Sequence[Remote]) -> Params:
    return tuple(Layer(W, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True))
