"""The tables: agreement.csv for machines, agreement.md for people, environment.json."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from crosscheck_impls.interface import EVERY_DTYPE

from crosscheck.core.failures import BAD, Promise, Verdict
from crosscheck.judge.causes import BrokenPromises
from crosscheck.judge.verdict import Row
from crosscheck.oracle.noise import FACTOR
from crosscheck.report.words import MEANING, of_cause
from crosscheck.runner.spread import Spread, is_team

FILES = ("agreement.csv", "agreement.md", "environment.json")


class Stamp(NamedTuple):
    """What all rows of a run bear: its id, the machine, when it began in UTC; versions by framework, data by problem.

    versions: of a fleet by `framework on host`. data: a digest of the problem's examples.
    """

    run: str = ""
    host: str = ""
    time: str = ""
    versions: Mapping[str, str] = {}
    data: Mapping[str, str] = {}

    def of(self, row: Row) -> dict[str, str]:
        """Return what one row bears, by column."""
        framework = row.implementation.rpartition("/")[0]
        return {
            "run": self.run, "host": row.host or self.host, "time": self.time,
            "versions": self.versions.get(f"{framework} on {row.host}" if row.host else framework, ""),
            "data": self.data.get(row.problem, ""), "bits": row.bits,
        }  # fmt: skip


NO_STAMP = Stamp()


def frame(rows: Sequence[Row], stamp: Stamp = NO_STAMP) -> pd.DataFrame:
    """Return the table: errors in units of the error bound, of the noise, and in ulps of a tensor's largest entry."""
    records = []
    teams = any(map(_of_team, rows))
    for row in rows:
        worst, noisiest, envelope = row.worst(), row.noisiest(), row.envelope
        record: dict[str, Any] = {
            "problem": row.problem,
            "implementation": row.implementation,
            "dtype": row.dtype,
            "device": row.device,
            **_team(row, teams),
            "verdict": row.verdict,
            "largest_ratio": worst and worst.ratio,
            "tensor": worst.tensor if worst else "",
            "iteration": worst and worst.iteration,
            "noise_ratio": noisiest and noisiest.noise,
        }
        for name, tensors in GROUPS.items():
            among = [c for c in row.comparisons if c.tensor.startswith(tensors) and c.bounded]
            record[f"{name}_ratio"] = max((c.ratio for c in among), default=None)
            record[f"{name}_noise"] = max((c.noise for c in among if c.noise is not None), default=None)
            record[f"{name}_ulps"] = max((c.ulps for c in among if c.ulps is not None), default=None)
        p = row.predictions
        record |= {
            "resolution": max((c.resolution for c in row.comparisons if c.tensor.startswith("d")), default=None),
            "checkpoints": row.checkpoints,
            "free_run_iterations": row.iterations,
            "certified_steps": row.certified,
            "curve_distance": envelope and envelope.curve,
            "curve_distance_of_one_ulp": envelope and envelope.ulp,
            "accuracy_train": p and p.train,
            "oracle_train": p and p.oracle_train,
            "accuracy_test": p and p.test,
            "oracle_test": p and p.oracle_test,
            "near_threshold": p and p.near_threshold,
            "straddles_zero": row.straddles_zero,
            "cause": of_cause(row.cause),
            **stamp.of(row),
        }
        records.append(record)
    return pd.DataFrame.from_records(records)


def _of_team(row: Row) -> bool:
    return is_team(row.implementation.rpartition("/")[0])


def _team(row: Row, teams: bool) -> dict[str, Any]:
    """Return, where there are teams in the table, how many processes and whether their bits are the same."""
    if not teams:
        return {}
    processes = Spread.of(row.implementation.rpartition("/")[0]).processes
    promises = row.cause.promises if isinstance(row.cause, BrokenPromises) else ()
    differ = any(broken.promise is Promise.REPLICAS for broken in promises)
    several = processes > 1 and (row.bits or differ)
    return {"processes": processes, "replicas": ("differ" if differ else "identical") if several else ""}


GROUPS = {"J": ("J",), "dW": ("dW",), "db": ("db",), "step": ("fit",)}


def csv(rows: Sequence[Row], stamp: Stamp = NO_STAMP) -> str:
    """Return agreement.csv: four significant digits, which is more than anybody needs of an error."""
    return frame(rows, stamp).to_csv(index=False, float_format="%.4g")


def cells(row: Row) -> list[str]:
    """Return a row as people read it."""
    worst, noisiest, p = row.worst(), row.noisiest(), row.predictions

    def percent(value: float | None) -> str:
        return "" if value is None else f"{100 * value:.1f} %"

    def group(name: str) -> str:
        c = row.worst(*GROUPS[name])
        return "" if c is None else f"{c.ratio:.2g}"

    return [
        row.problem,
        row.whose,
        row.dtype,
        row.verdict,
        "" if worst is None else f"{worst.ratio:.2g}",
        "" if worst is None else worst.tensor,
        "" if noisiest is None else f"{noisiest.noise:.2g}",
        *(group(name) for name in GROUPS),
        f"{row.certified} of {row.iterations}" if row.iterations else "",
        percent(p and p.train),
        percent(p and p.test),
        "" if p is None else str(p.near_threshold),
        of_cause(row.cause),
    ]


HEADER = [
    "problem", "implementation", "dtype", "verdict", "largest", "in", "noise", *GROUPS, "certified", "train", "test",
    "near_threshold", "cause",
]  # fmt: skip


def count(rows: Sequence[Row]) -> list[list[str]]:
    """Return how many rows have each verdict, a line an implementation; of each dtype where there are several."""
    lines, dtypes = [], dtypes_of(rows)
    for name in dict.fromkeys(row.implementation for row in rows):
        line = [name]
        for verdict in Verdict:
            numbers = [sum((r.implementation, r.dtype, r.verdict) == (name, d, verdict) for r in rows) for d in dtypes]
            line.append(" + ".join(map(str, numbers)) if any(numbers) else "")
        lines.append(line)
    return lines


def dtypes_of(rows: Sequence[Row]) -> list[str]:
    """Return the dtypes that there are, the widest first."""
    return [dtype for dtype in EVERY_DTYPE if any(row.dtype == dtype for row in rows)]


def summary(rows: Sequence[Row]) -> str:
    """Return one sentence that says how it went."""
    total = {verdict: sum(row.verdict == verdict for row in rows) for verdict in Verdict}
    parts = ", ".join(f"{number} {verdict}" for verdict, number in total.items() if number)
    problems, hosts = len({row.problem for row in rows}), len({row.host for row in rows})
    where = f"{problems} problems" + (f" on {hosts} hosts" if hosts > 1 else "")
    return f"{len(rows)} comparisons over {where}: {parts}."


def table(header: Sequence[str], body: Iterable[Sequence[object]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in body]


def markdown(rows: Sequence[Row], environment: Mapping[str, Any]) -> str:
    """Return agreement.md: how to read it, the counts, what does not simply agree, and every row."""

    worst = max((w.ratio for row in rows if row.verdict == "agrees" and (w := row.worst())), default=None)
    lines = [
        "# Agreement",
        "",
        summary(rows),
        ""
        if worst is None
        else f"The largest error among the rows that agree is {worst:.2g} of the proved error bound.",
        "",
        "Each number is the largest error of a tensor in units of its error bound: at most 1 is what rounding can "
        "do to a right implementation that sums products, in any order, blocked or fused; more is outside the "
        "elementwise bound, where only another algorithm, such as Strassen's products, may still be right. `noise` is "
        "the largest error of J, dW and "
        f"db in units of the rounding noise that reruns of a reference show; above {FACTOR:g} it is suspect. `step` is "
        "J and the parameters over all certified steps of `fit`, each held against the oracle at the implementation's "
        "own parameters; its last rounding alone may come near 1. `certified` counts these steps and those of the free "
        "run. Accuracies are those after the free run; `near_threshold` labels differ where the oracle's own output "
        "lies "
        "within its bound of 0.5. The CSV beside this file also has the errors in units in the last place (`_ulps`), "
        "the resolution, and for people the largest distance of the run's costs from the oracle's own run beside the "
        "distance that one ulp in the initial weights makes (`curve_distance`).",
        "",
        *(f"- `{verdict}`: {meaning}." for verdict, meaning in MEANING.items()),
        "",
        f"Run on {environment.get('processor')}, {environment.get('date')}; see environment.json.",
        "",
        f"## Verdicts by implementation, {' + '.join(dtypes_of(rows))}",
        "",
        *table(["implementation", *Verdict], count(rows)),
        "",
    ]
    for verdict in sorted(Verdict, key=lambda verdict: (verdict not in BAD, verdict == Verdict.AGREES)):
        chosen = [cells(row) for row in rows if row.verdict == verdict]
        if chosen:
            lines += [f"## {verdict}", "", *table(HEADER, chosen), ""]
    return "\n".join(lines)


def contents(rows: Sequence[Row], environment: Mapping[str, Any], stamp: Stamp = NO_STAMP) -> dict[str, str]:
    """Return the three files, by name."""
    return {
        "agreement.csv": csv(rows, stamp),
        "agreement.md": markdown(rows, environment),
        "environment.json": json.dumps(environment, indent=2) + "\n",
    }


def partial(rows: Sequence[Row], of: int, stamp: Stamp = NO_STAMP) -> dict[str, str]:
    """Return the files of a run that has not ended, by name; so many rows were asked for."""
    said = (
        f"{len(rows)} of {of} rows: the run has not ended. A row of another dtype may still wait for its float64 row, "
        "without which it does not agree."
    )
    body = ["# Agreement, unfinished", "", said, "", *table(HEADER, map(cells, rows)), ""]
    return {"agreement.partial.csv": csv(rows, stamp), "agreement.partial.md": "\n".join(body)}
