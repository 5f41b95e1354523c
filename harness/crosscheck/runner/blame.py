"""Which rank of a team is to blame where several have failed, or none answers."""

from __future__ import annotations

import signal
import sysconfig
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from crosscheck.core.failures import Failure, Kind, Passes, Rank

LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
HARNESS = str(Path(__file__).parent.parent)
GIVEN_UP = ("DEADLINE_EXCEEDED", "Timed out waiting")  # XLA's words, and gloo's
OTHER_SIZE = ("op.preamble.length <= op.nbytes", "MPI_ERR_TRUNCATE")  # gloo's words, and MPI's


class Frame(NamedTuple):
    """A line that was being executed."""

    path: str
    line: int
    function: str

    @property
    def ours(self) -> bool:
        """Whether it is the implementation's: no library's, and not the harness's."""
        return self.path.endswith(".py") and not self.path.startswith((*LIBRARIES, HARNESS, "<"))

    def __str__(self) -> str:
        return f"{Path(self.path).name}:{self.line} {self.function}"


def raised_at(error: BaseException) -> str:
    """Return the line of the implementation in which an error was raised, the innermost; nothing if in none."""
    frames = [Frame(each.filename, each.lineno or 0, each.name) for each in traceback.extract_tb(error.__traceback__)]
    return _place(frames[::-1])


def first_to_go(failed: Mapping[int, tuple[float, Failure]], of: int) -> Failure:
    """Return the failure that came first, of (when, what) by rank, with its rank.

    A process that somebody has killed is no consequence of another's error, and so is the first, whoever was heard
    before; one that ends with an abort may well be. Where libraries say that another rank does something else than
    they, it is the one that most of them name. Where all fail with the same words, no rank is to blame.
    """
    words = {(failure.kind, failure.message) for _, failure in failed.values()}
    if len(failed) == of > 1 and len(words) == 1 and {kind for kind, _ in words} <= {Kind.RAISED, Kind.OUT_OF_MEMORY}:
        return next(failure._replace(rank=None) for _, failure in failed.values())
    said = [failure.rank.blames for _, failure in failed.values() if failure.rank is not None]
    votes = Counter(each for each in said if each is not None)
    order = {
        rank: (-votes[rank] if max(votes.values(), default=0) > 1 else 0, _by_itself(failure), when)
        for rank, (when, failure) in failed.items()
    }
    rank = min(order, key=lambda each: order[each])
    failure = failed[rank][1]
    at = failure.rank.at if failure.rank is not None else ""
    return failure._replace(rank=Rank(rank, of, at) if of > 1 else None)


def _by_itself(failure: Failure) -> int:
    """Return how likely a failure is another's consequence."""
    if failure.kind is Kind.KILLED:
        return 2 if failure.number == signal.SIGABRT else 0
    return 2 if failure.kind is Kind.EXITED else 1


def has_given_up(message: str) -> bool:
    """Return whether a library says that it has waited for another process for as long as it does."""
    return any(words in message for words in GIVEN_UP)


def still_at_work(failure: Failure, printed: Mapping[int, str]) -> Failure:
    """Return a failure to wait as that of the one rank which goes on in a line of its own, where there is one.

    printed: what the ranks have printed of where they are, which neither answer nor have failed.
    """
    there = {rank: frames for rank, text in printed.items() if (frames := where(text)) and frames[0].ours}
    if failure.rank is None or len(there) != 1:
        return failure
    ((rank, frames),) = there.items()
    return failure._replace(rank=Rank(rank, failure.rank.of, _place(frames), heard=failure.rank.number))


def of_another_size(text: str) -> bool:
    """Return whether a library says that one process has sent more than another takes; who is wrong it cannot know."""
    return any(words in text for words in OTHER_SIZE)


class Passing(NamedTuple):
    """Where a process is, `file.py:26 function`, and the shapes of the arrays that this line names."""

    at: str
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def passes_another(failure: Failure, heard: int, passing: Sequence[Passing]) -> Failure:
    """Return the failure of the rank that was heard as that of the one which passes another shape than all others do.

    passing: what each rank was at. Of two it is the one that was heard. Where no single one differs, it stays as it is.
    """
    of = len(passing)
    if len({(each.at, each.names) for each in passing}) != 1:
        return failure
    for k, name in enumerate(passing[0].names):
        shapes = [each.shapes[k] for each in passing]
        odd = [rank for rank in range(of) if shapes.count(shapes[rank]) == 1]
        odd = [heard] if len(odd) == of == 2 else odd
        if len(odd) == 1:
            others = tuple(rank for rank in range(of) if rank != odd[0])
            passes, whose = Passes(name, shapes[odd[0]], others, shapes[others[0]]), None if heard == odd[0] else heard
            return failure._replace(rank=Rank(odd[0], of, passing[0].at, passes=passes, heard=whose))
    return failure


def not_waiting(printed: Mapping[int, str], answered: Sequence[int], of: int) -> Rank | None:
    """Return the rank that holds the others up, by what each has printed of where it is.

    Who waits is inside of a library, or where most others are. Where that tells nobody apart, the first that has not
    answered is named, and nobody is said to wait for it.
    """
    stacks = {rank: frames for rank, text in printed.items() if (frames := where(text))}
    idle = [rank for rank, frames in stacks.items() if frames[0].path.startswith(HARNESS)]  # it waits for a question
    stacks = {rank: frames for rank, frames in stacks.items() if rank not in idle}
    answered = sorted({*answered, *idle})
    if not stacks:
        return None
    inside = [rank for rank, frames in stacks.items() if not frames[0].ours]
    places = {rank: _place(frames) or _called(frames) for rank, frames in stacks.items()}
    alone = [rank for rank in stacks if rank not in inside]
    if len(alone) != 1:
        alone = [rank for rank in stacks if list(places.values()).count(places[rank]) == 1]
    if len(alone) == 1 < len(stacks):
        waiting = tuple(rank for rank in stacks if rank != alone[0])
        return Rank(alone[0], of, places[alone[0]], waiting, tuple(answered))
    rank = min(stacks)
    return Rank(rank, of, places[rank], (), tuple(answered)) if of > 1 else None


def where(printed: str) -> list[Frame]:
    """Return the last stack that `faulthandler` has printed, the innermost frame first."""
    frames: list[Frame] = []
    for line in printed.splitlines():
        if line.startswith("Stack (most recent call first)"):
            frames = []
        elif line.startswith('  File "') and line.count('"') >= 2:
            path, _, rest = line[len('  File "') :].rpartition('"')
            words = rest.split()  # , line 26 in function
            if len(words) >= 5 and words[2].isdecimal():
                frames.append(Frame(path, int(words[2]), words[4]))
    return frames


def _called(frames: Sequence[Frame]) -> str:
    """Return the frame of a library that the harness has called; nothing if there is none."""
    inside = list(takewhile(lambda frame: not frame.path.startswith(HARNESS), frames))
    return str(inside[-1]) if inside else ""


def _place(frames: Sequence[Frame]) -> str:
    """Return the innermost frame of the implementation; nothing if there is none."""
    return next((str(frame) for frame in frames if frame.ours), "")
