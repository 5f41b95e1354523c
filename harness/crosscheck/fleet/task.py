"""What a host does: it says what it is, or asks an implementation by our own runner. A frame in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from crosscheck_impls.interface import BadInput

from crosscheck.core.failures import Failure, Kind, Stage
from crosscheck.core.plain import from_plain
from crosscheck.core.records import Answer, Case
from crosscheck.core.sources import PACKAGES, digest, installed
from crosscheck.problems.files.chunks import with_data
from crosscheck.report.machine import host, hostname, machine
from crosscheck.runner import subprocesses
from crosscheck.runner.loading import importable
from crosscheck.runner.serve import About, Told, failure_of
from crosscheck.runner.subprocesses import Job
from crosscheck.runner.wire import Reader, pack


class Call(NamedTuple):
    """Asks a host what it is. modules: those whose sources must be the head's."""

    modules: list[str]


class Present(NamedTuple):
    """What a host says that it is: its name, what it has, the versions of packages and the digests of sources."""

    name: str
    facts: Mapping[str, Any]
    versions: Mapping[str, str]
    sources: Mapping[str, str]


class Part(NamedTuple):
    """A part of a `Job`, as it travels; time_limit: seconds for one case."""

    framework: str
    variant: str
    device: str
    cases: list[Case]
    max_lost: int
    variants: list[str]
    all_processors: bool
    time_limit: float


def answer(asked: bytes, go_on: Callable[[], None] = lambda: None) -> bytes:
    """Return what a host says to one frame: a `Present` to a `Call`; to a `Part`, a `Told` for each question.

    What an implementation is, number 0, comes before its first answer. go_on: called once a second or more often; what
    it raises ends all that was started here.
    """
    (frame,) = Reader(trusted=True).feed(asked)
    said = from_plain(Call | Part, *frame)
    messages = [present(said.modules)] if isinstance(said, Call) else told(said, go_on)
    return b"".join(part for message in messages for part in pack(message))


def present(modules: list[str]) -> Present:
    """Return what this machine is."""
    sources = {module: digest(importable(module)) for module in modules}
    return Present(hostname(), {**machine(), **host()}, {name: installed(name) for name in PACKAGES}, sources)


def told(part: Part, go_on: Callable[[], None]) -> list[Told]:
    """Ask what a part has to ask, and return what came of it, in any order."""
    try:
        cases = [with_data(case) for case in part.cases]
    except BadInput as error:  # a file that is read in chunks is not here, or is another one
        failure = failure_of(Stage.CASE, error)
        return [Told(number, failure) for number, _ in enumerate(part.cases, start=1)]
    if package := subprocesses.missing(part.framework):
        failure = Failure(Stage.LOAD, Kind.NOT_INSTALLED, package)
        return [Told(number, failure) for number, _ in enumerate(part.cases, start=1)]
    job = Job(
        part.framework, part.variant, part.device, cases, max_lost=part.max_lost, variants=part.variants,
        all_processors=part.all_processors,
    )  # fmt: skip
    numbers = {(id(case), asked.variant): number for number, (asked, case) in enumerate(job.questions(), start=1)}
    messages: list[Told] = []

    def done(asked: Job, case: Case, about: About | None, said: Answer | Failure) -> None:
        if about is not None and not any(message.number == 0 for message in messages):
            messages.append(Told(0, about))
        messages.append(Told(numbers[id(case), asked.variant], said))

    subprocesses.run([job], done, part.time_limit, at_once=1, go_on=go_on)
    return messages
