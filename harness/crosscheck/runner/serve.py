"""What an implementation's worker does: load it, say what it is, and answer one case after another."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from crosscheck_impls.interface import (
    NARROW,
    Array,
    BadInput,
    Declaration,
    Incomplete,
    Layer,
    Params,
    Unavailable,
    declaration,
)

from crosscheck.core.failures import Broken, Failure, Kind, Lost, Promise, Refusal, Stage
from crosscheck.core.plain import Malformed, from_plain, to_plain
from crosscheck.core.records import Answer, Case, Step
from crosscheck.core.text import one_line, words_of
from crosscheck.problems.files.chunks import with_data
from crosscheck.runner import steering, streamed
from crosscheck.runner.collect import TooSlow, configure, measure
from crosscheck.runner.evidence import largest
from crosscheck.runner.line import Line
from crosscheck.runner.loading import load_implementation
from crosscheck.runner.wire import crosses


class Start(NamedTuple):
    """What a worker is told first. loader: the dotted path of the function that loads it."""

    framework: str
    variant: str
    device: str
    loader: str


class Ask(NamedTuple):
    """A case to answer, of which variant, the number that the answer must have, and the seconds that it may take."""

    number: int
    variant: str
    case: Case
    seconds: float


class About(NamedTuple):
    """What a worker says of its framework once it is loaded."""

    variants: tuple[str, ...]
    devices: tuple[str, ...]
    declarations: Mapping[str, Declaration]


class Told(NamedTuple):
    """What a worker says: first what its framework is, number 0; then an answer for each number."""

    number: int
    said: About | Answer | Failure


def serve(line: Line) -> None:
    """Load one implementation and answer cases until there are no more."""
    faulthandler.enable()
    start = from_plain(Start, *line.receive())
    with contextlib.suppress(OSError):  # the current folder may be gone
        sys.path.insert(0, str(Path.cwd()))
    try:
        about = describe(start.framework, start.loader)
    except BaseException as error:  # an import may raise anything, SystemExit too
        line.send(Told(0, failure_of(Stage.LOAD, error)))
        return
    gc.freeze()  # what an import has made stays: no collection need look through it
    line.send(Told(0, about))
    configured = set[str]()
    for frame in line.requests():
        number, variant, case, seconds = from_plain(Ask, *frame)
        try:
            case = with_data(case)
        except BadInput as error:  # the file is no longer what it was
            line.send(Told(number, failure_of(Stage.CASE, error)))
            continue
        answer = _answer(start._replace(variant=variant), about, case, configured, seconds)
        try:
            line.send(Told(number, answer), largest(case))
        except (TypeError, ValueError, RecursionError) as error:  # what is no data, or too much of it
            line.send(Told(number, Failure(Stage.CASE, Kind.UNREADABLE, words_of(error))))


def describe(framework: str, loader: str = "") -> About:
    """Return what a framework is. Raises BadInput where it says that in no form that can be read, and Unavailable."""
    module = load_implementation(framework, loader)
    steering.check(framework)
    devices = module.devices()
    if not isinstance(devices, tuple | list) or not all(isinstance(each, str) for each in devices):
        raise Incomplete(f"devices() returned {one_line(repr(devices), 60)}, expected names such as ('cpu',)")
    variants = tuple(module.gradients)
    about = About(variants, tuple(devices), {variant: declaration(module, variant) for variant in variants})
    try:
        return cast(About, from_plain(About, to_plain(about)))
    except (Malformed, TypeError) as error:
        raise Incomplete(f"what it says of itself cannot be read: {error}") from error


def _answer(start: Start, about: About, case: Case, configured: set[str], seconds: float) -> Answer | Failure:
    """Return what an implementation answers, or why it does not. configured: the dtypes that it is ready for."""
    try:
        framework = load_implementation(start.framework, start.loader)
        if (allow := getattr(type(framework), "allow", None)) is not None:  # a team ends its ranks by itself
            allow(framework, seconds)
        declared = about.declarations[start.variant].precision
        if case.dtype in NARROW and declared != "full":
            raise Unavailable(f"{declared} is a mode over float32 arrays, and {case.dtype} is a precision of its own")
        if case.dtype not in configured:
            configure(framework, case.dtype)
            configured.add(case.dtype)
        ask = measure if case.source is None else streamed.measure
        asked = framework, start.variant, about.declarations[start.variant], case, start.device
        try:
            answer = ask(*asked)
        except Lost as lost:
            if not lost.again or allow is None:
                raise
            allow(framework, seconds)
            answer = ask(*asked)
        return of_plain_numbers(answer, case.dtype)
    except BaseException as error:  # somebody's code may raise anything
        return failure_of(Stage.CASE, error)


def failure_of(stage: Stage, error: BaseException) -> Failure:
    """Return an error as data, its message in one line."""
    if isinstance(error, TooSlow):
        return Failure(stage, Kind.TOO_SLOW, number=error.steps)
    if isinstance(error, Lost):
        return error.failure
    message = words_of(error)
    if isinstance(error, Unavailable):
        return Failure(stage, Kind.UNAVAILABLE, message)
    if isinstance(error, Refusal):
        return Failure(stage, error.kind, message, line=error.line, given=error.given)
    if stage is Stage.LOAD and isinstance(error, BadInput):
        return Failure(stage, Kind.INCOMPLETE if isinstance(error, Incomplete) else Kind.NOT_FOUND, message)
    memory = isinstance(error, MemoryError) or "out of memory" in message.lower() or "RESOURCE_EXHAUSTED" in message
    name = "out of memory" if memory else one_line(type(error).__name__, 80)
    kind = Kind.OUT_OF_MEMORY if memory else Kind.RAISED
    return Failure(stage, kind, f"{name}: {message}" if message else name)


def of_plain_numbers(answer: Answer, expected: str) -> Answer:
    """Return the answer with complex, wider, narrower or big-endian numbers as float64, and a broken promise for each.

    Raises TypeError for what holds no numbers.
    """
    broken: list[Broken] = []

    def plain(name: str, array: Array) -> Array:
        if crosses(array):
            return array
        if array.dtype.hasobject or array.dtype.kind in "SUMmO" or array.dtype.names:
            raise TypeError(f"{name} holds {one_line(str(array.dtype), 60)}, expected {expected}")
        broken.append(Broken(Promise.DTYPE, name, one_line(str(array.dtype), 60), expected))
        return np.asarray(array.real if array.dtype.kind == "c" else array).astype(np.float64)

    def all_of(params: Params, prefix: str) -> Params:
        return tuple(
            Layer(plain(f"{prefix}W{l}", W), plain(f"{prefix}b{l}", b)) for l, (W, b) in enumerate(params, start=1)
        )

    run = answer.run
    steps = [
        Step(t, all_of(before, "fit's "), plain("fit's J", np.asarray(J)), all_of(after, "fit's "))
        for t, before, J, after in run.steps
    ]
    plainly = answer._replace(
        gradients=[(plain("J", J), all_of(gradient, "d")) for J, gradient in answer.gradients],
        run=run._replace(trained=all_of(run.trained, "fit's "), costs=plain("fit's costs", run.costs), steps=steps),
        labels_start=plain("labels", answer.labels_start),
        labels=plain("labels", answer.labels),
        labels_test=None if answer.labels_test is None else plain("test labels", answer.labels_test),
    )
    return plainly._replace(broken=[*answer.broken, *dict.fromkeys(broken)])
