"""Why there is no answer, or not the one that was asked for: data, worded by `report.words` and by nobody else."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What is said of one implementation on one problem in one dtype; README.md has what each means."""

    AGREES = "agrees"
    CONVENTION = "convention"
    UNDEFINED = "undefined"
    SUSPECT = "suspect"
    DISAGREES = "disagrees"
    FAILED = "failed"
    NOT_RUN = "not run"


BAD = (Verdict.DISAGREES, Verdict.FAILED)


class Stage(StrEnum):
    """When it happened: while the implementation was loaded, on a case, or while its answer was judged."""

    LOAD = "load"
    CASE = "case"
    JUDGE = "judge"


class Kind(StrEnum):
    """What happened. The last six are told by an adapter of somebody's function, in words of its own.

    OVER_MEMORY, OVER_TASKS: it took more memory, or processes and threads, than its sandbox allows. SILENT: it has
    closed its end of the pipe and goes on. NO_EVIDENCE: an answer without what was asked for. NOT_ASKED: the time for
    all questions together, `number` seconds, was over. WORKER_LOST: the fleet's worker of this name. UNAVAILABLE: it
    needs what is not there, a compiler say. NOT_BUILT: its class raises an error with the arguments that it was given.
    """

    RAISED = "raised"
    OUT_OF_MEMORY = "out of memory"
    TIMED_OUT = "timed out"
    KILLED = "killed"
    OVER_MEMORY = "over memory"
    OVER_TASKS = "over tasks"
    EXITED = "exited"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    NO_EVIDENCE = "no evidence"
    NOT_FOUND = "not found"
    INCOMPLETE = "incomplete"
    NO_VARIANT = "no variant"
    NOT_INSTALLED = "not installed"
    NO_DEVICE = "no device"
    TOO_SLOW = "too slow"
    UNAVAILABLE = "unavailable"
    NOT_ASKED = "not asked"
    WORKER_LOST = "worker lost"
    RAISES = "raises"
    RETURNS = "returns"
    SHAPE = "shape"
    MISSING = "missing"
    DEPTH = "depth"
    NOT_BUILT = "not built"


class Evidence(StrEnum):
    """What an answer must hold, and may lack: see `runner.evidence`."""

    POINTS = "points"
    ITERATIONS = "iterations"
    LABELS = "labels"
    STEPS = "steps"
    CHAIN = "chain"


NOT_RUN = frozenset({Kind.NOT_INSTALLED, Kind.NO_DEVICE, Kind.TOO_SLOW, Kind.UNAVAILABLE})


class Passes(NamedTuple):
    """An array whose shape is another on one process than on the others."""

    name: str
    shape: tuple[int, ...]
    others: tuple[int, ...]
    theirs: tuple[int, ...]


class Rank(NamedTuple):
    """One of the processes that are one implementation together: which, of how many, and where it was in its code.

    at: `file.py:26 function`, empty where nobody knows. waiting: the ranks that wait for it inside of a library.
    answered: those that are done and do not wait. blames: the rank that does something else, by its library's word.
    passes: what it passes there, where it is something else than the others do. heard: whose words they are, if
    another rank's.
    """

    number: int
    of: int
    at: str = ""
    waiting: tuple[int, ...] = ()
    answered: tuple[int, ...] = ()
    blames: int | None = None
    passes: Passes | None = None
    heard: int | None = None


class Failure(NamedTuple):
    """Why there is no answer.

    message: what the program itself said, or the name of what is not there, Evidence too. number: the signal that
    killed it, or its exit code; the seconds, bytes or tasks that it was allowed; the steps of Python that it would
    take. lost: how many processes had been lost when it was given up, 0 if it was not. line: of the user's own file,
    where that is known, else 0. rank: which of a team's processes it was, where it was one.
    """

    stage: Stage
    kind: Kind
    message: str = ""
    number: float = 0
    lost: int = 0
    line: int = 0
    given: str = ""  # the shapes that a function was given, in its own names, where its adapter says so
    rank: Rank | None = None

    @property
    def verdict(self) -> Verdict:
        """`not run` where something is not there, or would take too long by its own declaration; else `failed`."""
        return Verdict.NOT_RUN if self.kind in NOT_RUN else Verdict.FAILED


class Refusal(Exception):
    """An implementation's own adapter says why there is no answer: the kind, and words for the one who wrote it."""

    def __init__(self, kind: Kind, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.kind, self.line, self.given = kind, line, ""


class Lost(Exception):
    """A team of processes gives no answer: the failure says which of them is to blame.

    again: whether it would say more, asked once more.
    """

    def __init__(self, failure: Failure, again: bool = False) -> None:
        super().__init__(failure)
        self.failure, self.again = failure, again


class Promise(StrEnum):
    """What must be exact, and can be broken."""

    LAYERS = "layers"
    SHAPE = "shape"
    DTYPE = "dtype"
    WHOLE_LABELS = "whole labels"
    COSTS = "costs"
    DEVICE = "device"
    DTYPE_KEPT = "dtype kept"
    INPUT_LEFT_ALONE = "input left alone"
    PARAMS_LEFT_ALONE = "params left alone"
    REPLICAS = "replicas"
    SUMS = "sums"


class Broken(NamedTuple):
    """A promise that was not kept. name: of the array. got, expected: a shape, a dtype, a device, a number.

    step: of the run, for PARAMS_LEFT_ALONE; the rank that differs from rank 0, by `got` at most, for REPLICAS. Of SUMS,
    expected: the size of a block.
    """

    promise: Promise
    name: str = ""
    got: str = ""
    expected: str = ""
    step: int = 0
