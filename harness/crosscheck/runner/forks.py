"""A warm process that forks a child for every question: what is slow to import is imported once, and nothing else.

A child that hangs, dies, or eats the memory costs its own answer and no other. Questions and answers are lines of JSON
of bounded length: nothing that a child sends is code. When the parent goes, in whatever way, the warm process reads
the end of its input, and ends with its children.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from crosscheck_impls.interface import BadInput

from crosscheck.runner.line import write_all

Question: TypeAlias = dict[str, Any]  # cpu: seconds of the processor that it may take
Answering: TypeAlias = Callable[[Question, Callable[[int], None]], Any]  # (question, at: which part) -> answer

LONGEST = 4_000_000  # bytes of a line
MEMORY = 4 * 2**30  # bytes of data that a child may have
PATIENCE = 10  # seconds of waiting for each second of the processor: the machine has other work
WALL = 60.0  # seconds of waiting at least
RESTARTS = 3


@dataclass
class _Child:
    question: Question
    deadline: float
    said: bytearray = field(default_factory=bytearray)


# ---------------------------------------------------------------- in the warm process


def serve(answering: Answering) -> None:
    """Answer questions from standard input on standard output until the input ends."""
    questions, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what is printed goes where errors go
    os.write(answers, b'{"ready": true}\n')
    children: dict[int, tuple[int, _Child]] = {}  # by pipe: the process, and what it is asked
    buffer = bytearray()
    while True:
        soonest = min((child.deadline for _, child in children.values()), default=time.monotonic() + 3600)
        ready, _, _ = select.select([questions, *children], [], [], max(0.0, soonest - time.monotonic()))
        if questions in ready:
            if not (read := os.read(questions, 65_536)):
                break
            buffer += read
            while (end := buffer.find(b"\n")) >= 0:
                question = json.loads(bytes(buffer[:end]))
                del buffer[: end + 1]
                pipe, process = _fork(answering, question, (questions, answers))
                children[pipe] = process, _Child(question, time.monotonic() + WALL + PATIENCE * question["cpu"])
        for pipe in list(children):
            process, child = children[pipe]
            if pipe in ready and (read := os.read(pipe, 65_536)) and len(child.said) + len(read) <= LONGEST:
                child.said += read
            elif pipe in ready or time.monotonic() > child.deadline:
                del children[pipe]
                os.close(pipe)
                ended = _end(process, hung=pipe not in ready)
                _write(answers, {"id": child.question["id"]} | _last_words(child, ended))
    for process, _ in children.values():
        os.kill(process, signal.SIGKILL)


def _fork(answering: Answering, question: Question, private: Iterable[int]) -> tuple[int, int]:
    """Start a child; return the pipe from it and its number. private: what it must not hold open."""
    ours, theirs = os.pipe()
    process = os.fork()
    if process:
        os.close(theirs)
        return ours, process
    try:
        for descriptor in (ours, *private):
            os.close(descriptor)
        _limit(question["cpu"])
        answer = {"answer": answering(question, lambda part: _write(theirs, {"at": part}))}
    except BaseException as error:  # anyone's code may raise anything
        answer = {"ended": type(error).__name__}
    try:
        _write(theirs, answer)
    finally:
        os._exit(0)


def _limit(cpu: float) -> None:
    """Bound what this process may take: seconds of the processor, which no other work on the machine uses up."""
    import resource

    seconds = max(1, round(cpu))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # not on every system
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def _end(process: int, hung: bool) -> str:
    """Wait for a child, killed if it hangs; return in a word how it ended if that was no answer."""
    if hung:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if hung or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return "time"
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def _last_words(child: _Child, ended: str) -> dict[str, Any]:
    """Return the answer of a child, or how it ended; and at which part of the question it was."""
    lines = [json.loads(line) for line in child.said.split(b"\n")[:-1]]
    words: dict[str, Any] = {"at": max((line["at"] for line in lines if "at" in line), default=-1), "ended": ended}
    for line in lines:
        if "answer" in line or "ended" in line:
            words |= {"ended": "", "answer": None} | line
    return words


def _write(descriptor: int, message: Mapping[str, Any]) -> None:
    write_all(descriptor, json.dumps(message).encode() + b"\n")


def main(prepare: str) -> None:
    """Read the settings, one line, and serve what `prepare`, `package.module:function`, makes of them."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as unbuffered:  # takes no byte of what comes after
        settings = json.loads(unbuffered.readline())
    sys.path[:] = settings["path"]
    module, _, function = prepare.partition(":")
    serve(getattr(importlib.import_module(module), function)(settings))


# ---------------------------------------------------------------- in the parent


class Warm:
    """The warm process, and the questions that it is asked; a context, which ends it and all of its children.

    environment: all variables of the process.
    """

    def __init__(self, prepare: str, settings: Mapping[str, Any], at_once: int, environment: Mapping[str, str]) -> None:
        if not hasattr(os, "fork"):
            raise BadInput("this system cannot fork a process, expected Linux or macOS")
        self.prepare, self.settings, self.at_once = prepare, {"path": sys.path, **settings}, at_once
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH", ""))))
        self.environment = {**environment, "PYTHONPATH": path}

    def __enter__(self) -> Warm:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def ask(self, questions: Iterable[Question]) -> Iterator[tuple[Question, dict[str, Any]]]:
        """Yield each question with {answer, ended, at}, in any order; ended: how, if there is no answer.

        at: the last part of the question that the child began, -1 for none. Raises BadInput if the process is lost
        again and again.
        """
        left, asked, lost = iter(questions), dict[int, Question](), 0
        number = 0
        while True:
            while len(asked) < self.at_once and (question := next(left, None)) is not None:
                number += 1
                asked[number] = question
                self._say(question | {"id": number})
            if not asked:
                return
            line = self._line()
            if line:
                reply = json.loads(line)
                yield asked.pop(reply["id"]), reply
                continue
            if (lost := lost + 1) > RESTARTS:
                raise BadInput(f"the process that runs the mutants ended {lost} times; free some memory")
            self._stop()
            self._start()
            for name, question in asked.items():
                self._say(question | {"id": name})

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from crosscheck.runner.forks import main; main({self.prepare!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            start_new_session=True,  # Ctrl-C comes to the parent alone, and all that is started can be ended
            bufsize=0,
        )
        self._buffer = bytearray()
        self._say(self.settings)
        if not self._line():
            raise BadInput("the process that runs the mutants did not start")

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its end is seen when it is read from
            _write(self.process.stdin.fileno(), message)

    def _line(self) -> bytes:
        """Return the next line that it says, nothing if it is gone."""
        assert self.process.stdout is not None
        while (end := self._buffer.find(b"\n")) < 0:
            read = os.read(self.process.stdout.fileno(), 65_536)
            if not read or len(self._buffer) > 2 * LONGEST:
                return b""
            self._buffer += read
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
