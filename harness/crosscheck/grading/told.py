"""What is known beside the results, and a number, a problem and a place in the author's own names."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crosscheck.core.records import Comparison
from crosscheck.grading.convert import PAIR, shapes
from crosscheck.grading.diagnosis.findings import Diagnosis
from crosscheck.grading.diagnosis.source import Lines
from crosscheck.grading.hints import Result
from crosscheck.judge.causes import OutsideBound
from crosscheck.judge.location import locate
from crosscheck.report.words import of_entry, of_location, of_name

WIDTH = 80  # of a line
BEGIN = 1  # the number of the first step of a training
HELD = "\x00"  # a blank that is no place to break a line


class Told(NamedTuple):
    """What is known beside the results. source: the lines of the program, where there are any. guessed: nobody has said
    which activation it has, and its J does not tell. names: what their author calls dW1, ... rows: examples are rows,
    and the weights turned. unusual: its arrays have other shapes than ours. several: it says that it is meant for
    several outputs. raised: the errors that it raises where an answer is taken for nan.
    """

    diagnoses: Sequence[Diagnosis] = ()
    source: Lines = ()
    guessed: bool = False
    names: Mapping[str, str] = {}
    rows: bool = False
    unusual: bool = False
    several: bool = False
    raised: Sequence[str] = ()

    def name(self, tensor: str, pair: bool) -> str:
        """Return what the author calls a tensor."""
        return self.names.get(tensor, of_name(tensor, pair))

    def got(self, c: Comparison) -> str:
        """Return what the author's number is, or that an error is raised for it."""
        if math.isnan(c.got) and self.raised:
            return f"yours raises {' or '.join(self.raised)}"
        return f"yours is {c.got:.9g}"

    def entry(self, c: Comparison, pair: bool) -> str:
        """Return an entry as the author writes it."""
        turned = self.rows and not pair and c.tensor.kind == "W"
        entry = of_entry(c._replace(element=c.element[::-1]) if turned else c, pair)
        return self.name(c.tensor, pair) + entry.removeprefix(of_name(c.tensor, pair))

    def given(self, result: Result) -> str:
        """Return what a problem gives: the shapes of the arrays, or where the author's are others, the sizes."""
        case, n = result.case, result.case.network.n
        m, pair = case.X.shape[1], result.pair and n[1:] == (1,)
        given = f"{count(m, 'example')} of {count(n[0], 'feature')}, layers of {', '.join(map(str, n[1:]))}"
        return (
            f"{case.problem}, {case.dtype}: {given if self.unusual else shapes(case.network, m, PAIR if pair else '')}"
        )


def count(number: int, what: str) -> str:
    """Return a number of things."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def when(c: Comparison) -> str:
    """Return where in the training a number was asked for."""
    if c.tensor.of_fit:
        return f"in step {c.iteration + BEGIN} of your training"
    return f"after {count(c.iteration, 'step')} of ours" if c.iteration else "at the initial parameters"


def wrapped(text: str, indent: str) -> list[str]:
    """Return lines of text; what stands between backticks stays on one."""
    held = re.sub("`[^`]{1,45}`", lambda code: code[0].replace(" ", HELD), text)
    cut = textwrap.wrap(held, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(HELD, " ") for line in cut]


def place(result: Result) -> str:
    """Return where the mistake must be, and what the numbers bear out beside it."""
    cause = result.row.cause
    if isinstance(cause, OutsideBound):
        return of_location(cause.location, result.pair, cause.grounds, BEGIN)
    return of_location(locate(result.wrong, result.case.network.L), result.pair, begin=BEGIN)


def at_once(result: Result) -> list[Comparison]:
    """Return what is wrong at the first iteration at which anything is."""
    start = min((c.iteration for c in result.wrong), default=0)
    return [c for c in result.wrong if c.iteration == start]
