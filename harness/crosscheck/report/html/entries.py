"""The rows of a report, from the judged ones with all that is known, or from agreement.csv with what stands there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosscheck_impls.interface import BadInput

from crosscheck.core.failures import Failure, Verdict
from crosscheck.core.records import Comparison, Tensor
from crosscheck.judge.attribution import Explanation
from crosscheck.judge.causes import Cause, Noisy, OutsideBound, Twin, WithAllProcessors, explanation_of
from crosscheck.judge.evidence import Background, Heat
from crosscheck.judge.verdict import Row
from crosscheck.report.tables import GROUPS
from crosscheck.report.words import (
    exact,
    of_cause,
    of_distance,
    of_entry,
    of_heat,
    of_location,
    of_narrowing,
    of_verdict,
)

COLUMNS = ("problem", "implementation", "dtype", "device", "verdict", "largest_ratio", "tensor", "cause")
OUTSIDE = "a number is further off than rounding takes sums of products, in whatever order they are formed"
VISIBLE = 1e-3  # of a cost: a run whose costs are nearer to the oracle's is drawn as the oracle's

Detail = Mapping[str, Any]  # plain data, for JSON


@dataclass(frozen=True)
class Entry:
    """One row of a report. ratio: the largest error in units of the bound, in `tensor`.

    kind: what the rows of one finding have in common. first: the entry of a tensor that is wrong first. brief: the
    same in a few words, for the top of the page. detail: what is shown of it on demand. host: of a fleet.
    """

    problem: str
    implementation: str
    dtype: str
    device: str
    verdict: Verdict
    ratio: float | None
    tensor: str
    cause: str
    kind: str
    first: str = ""
    brief: tuple[str, ...] = ()
    detail: Detail = field(default_factory=dict)
    host: str = ""


def of_row(row: Row, background: Background | None) -> Entry:
    """Return the entry of a judged row."""
    worst, cause, outside = row.worst(), ground(row.cause), isinstance(ground(row.cause), OutsideBound)
    detail: dict[str, Any] = {
        "means": OUTSIDE if outside and row.verdict is Verdict.DISAGREES else of_verdict(row),
        "cause": of_cause(row.cause),
        "again": isinstance(row.cause, WithAllProcessors),
        "twin": isinstance(row.cause, Twin),
        "tensors": _tensors(row.comparisons),
        "steps": [row.certified, row.iterations],
        "checkpoints": row.checkpoints,
    }
    explanation = None if _narrow(cause) else explanation_of(cause)
    if isinstance(cause, OutsideBound):
        detail |= {"first": _first(cause.first), "where": of_location(cause.location, beside=cause.grounds)}
    if explanation is not None:
        detail["why"] = _why(explanation)
    if narrow := _narrow(cause):
        detail["few"] = narrow
    if row.heat is not None:
        detail["heat"] = _heat(row.heat, row.verdict is Verdict.CONVENTION)
    if row.predictions is not None:
        p = row.predictions
        detail["labels"] = [*map(short, (p.train, p.oracle_train, p.test, p.oracle_test)), p.near_threshold]
    if background is not None:
        detail |= _curve(row.costs, background)
    if row.host:
        detail["means"] = f"on {row.host}: {detail['means']}"
    brief = [detail["where"]] if outside else []
    brief += [detail["heat"]["words"]] if row.heat is not None else []
    return Entry(
        row.problem, row.implementation, row.dtype, row.device, row.verdict, worst and worst.ratio,
        worst.tensor if worst else "", detail["cause"], _kind(cause, explanation),
        of_entry(cause.first) if isinstance(cause, OutsideBound) else "", tuple(brief), detail, row.host,
    )  # fmt: skip


def of_line(line: Mapping[str, str], number: int) -> Entry:
    """Return the entry of a line of agreement.csv. Raises BadInput, with the line's number."""
    if line["verdict"] not in list(Verdict):
        raise BadInput(f"line {number} has the verdict {line['verdict']!r}, expected one of {', '.join(Verdict)}")
    tensors = [
        [name, *(_number(line, f"{name}_{unit}", number) for unit in ("ratio", "noise", "ulps")), None, 0]
        for name in GROUPS
    ]
    detail: dict[str, Any] = {"cause": line["cause"], "tensors": [t for t in tensors if t[1] is not None]}
    if line.get("free_run_iterations", "").isdecimal() and line.get("certified_steps", "").isdecimal():
        detail["steps"] = [int(line["certified_steps"]), int(line["free_run_iterations"])]
    problem, implementation, dtype, device, verdict, _, tensor, cause = (line[name] for name in COLUMNS)
    return Entry(
        problem, implementation, dtype, device, Verdict(verdict), _number(line, "largest_ratio", number), tensor, cause,
        cause, detail=detail, host=line.get("host", ""),
    )  # fmt: skip


def short(value: float | None, digits: int = 4) -> float | str | None:
    """Return a number for JSON: so many digits, and a word where it is not finite.

    >>> short(0.123456), short(float("inf")), short(None)
    (0.1235, 'inf', None)
    """
    if value is None:
        return None
    return float(f"{value:.{digits}g}") if math.isfinite(value) else str(float(value))


def ground(cause: Cause | None) -> Cause | None:
    """Return the cause itself, where a row does not agree because another one does not."""
    while isinstance(cause, Twin | WithAllProcessors):
        cause = cause.cause
    return cause


def kind_of(cause: Cause | None) -> str:
    """Return what the rows of one finding have in common, a row that only follows another one too."""
    own = ground(cause)
    return of_cause(own) if isinstance(own, Failure) else _kind(own, explanation_of(own))


def _kind(cause: Cause | None, explanation: Explanation | None) -> str:
    """Return what the rows of one finding have in common: a mistake, a place, a failure."""
    if explanation is not None and explanation.exactly:
        return explanation.mutant.name
    if narrow := _narrow(cause):
        return narrow
    if isinstance(cause, OutsideBound):
        return f"{cause.location.part} {cause.location.kind}"
    return str(cause.kind) if isinstance(cause, Failure) else of_cause(cause)


def _narrow(cause: Cause | None) -> str:
    """Return in how few bits it is computed, where that was found."""
    return of_narrowing(cause.narrowing.found) if isinstance(cause, OutsideBound | Noisy) else ""


def _first(c: Comparison) -> Detail:
    numbers = {
        "got": repr(c.got),
        "oracle": repr(c.oracle),
        "bound": "0" if exact(c) else f"{c.bound:.2g}",
        "off": of_distance(c),
    }
    return {"tensor": str(c.tensor), "entry": of_entry(c), "at": c.iteration, "pair": apart(c.got, c.oracle), **numbers}


def apart(got: float, oracle: float) -> tuple[str, str]:
    """Return two numbers with as many digits as show that they differ, and two more.

    >>> apart(0.12345678, 0.12355678)
    ('0.123457', '0.123557')
    """
    digits = next((k for k in range(4, 18) if f"{got:.{k}g}" != f"{oracle:.{k}g}"), 15)
    return f"{got:.{digits + 2}g}", f"{oracle:.{digits + 2}g}"


def _why(explanation: Explanation) -> Detail:
    mutant = explanation.mutant
    lines = [[list(change.right), list(change.wrong)] for change in mutant.changes] if explanation.exactly else []
    return {
        "name": mutant.name, "words": mutant.words, "exactly": explanation.exactly, "also": list(explanation.also),
        "lines": lines,
    }  # fmt: skip


def _tensors(comparisons: Sequence[Comparison]) -> list[list[Any]]:
    """Return of each tensor its largest error in bounds, in noise and in ulps, where, and what has no bound."""
    by_name: dict[str, list[Comparison]] = {}
    for c in comparisons:
        by_name.setdefault(c.tensor, []).append(c)
    lines = []
    for name, those in sorted(by_name.items(), key=lambda each: _place(Tensor(each[0]))):
        worst = max(those, key=lambda c: (c.bounded, c.ratio))
        noise, ulps = (
            max((x for x in each if x is not None), default=None)
            for each in ([c.noise for c in those], [c.ulps for c in those])
        )
        ratio = worst.ratio if worst.bounded else None
        undefined = max(c.undefined for c in those)
        lines.append([name, short(ratio), short(noise), short(ulps), worst.iteration, undefined])
    return lines


def _place(tensor: Tensor) -> tuple[bool, int, str]:
    return tensor.of_fit, tensor.layer, tensor.kind


def _heat(heat: Heat, convention: bool) -> Detail:
    """Return a map, and its words; one of a convention shows the distance from the oracle's own."""
    words = f"by the oracle's own convention {of_heat(heat)}" if convention else of_heat(heat)
    return {
        "tensor": str(heat.tensor), "at": heat.iteration, "unit": heat.unit, "shape": heat.shape, "block": heat.block,
        "ratios": [[short(ratio, 3) for ratio in line] for line in heat.ratios], "words": words,
    }  # fmt: skip


def _curve(costs: Sequence[float], background: Background) -> Detail:
    """Return how far each cost is from the oracle's, and the costs where that can be seen in a picture."""
    pairs = list(zip(costs, background.oracle, strict=False))
    apart = [abs(J - oracle) for J, oracle in pairs]
    seen = any(not a <= VISIBLE * max(abs(J), abs(oracle)) for a, (J, oracle) in zip(apart, pairs, strict=True))
    drawn = {"costs": [short(J, 5) for J in costs]} if seen else {}
    return {"apart": [short(a, 3) for a in apart], **drawn}


def _number(line: Mapping[str, str], name: str, number: int) -> float | None:
    text = line.get(name) or ""
    try:
        return float(text) if text else None
    except ValueError:
        raise BadInput(f"line {number} has {text!r} as {name}, expected a number") from None
