"""The tables of the honest runs: honest.csv, a line for each implementation, dtype, device; honest.md, every alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd
from crosscheck_impls.interface import NARROW

from crosscheck.core.failures import BAD, Verdict
from crosscheck.evaluation import honest_draws
from crosscheck.evaluation.honest import Batch
from crosscheck.evaluation.honest_draws import number_of, pooled
from crosscheck.judge.verdict import Row
from crosscheck.oracle.noise import FACTOR
from crosscheck.report.machine import machine
from crosscheck.report.tables import table
from crosscheck.report.words import of_cause

FILES = ("honest.csv", "honest.md")
ALARMS = (*BAD, Verdict.SUSPECT)
SHOWN = 200  # alarms listed


def lines(rows: Sequence[Row]) -> Iterator[dict[str, object]]:
    """Yield a line for each implementation, dtype, device: how many runs and verdicts, and the largest errors."""
    for key in sorted({(row.implementation, row.dtype, row.device) for row in rows}):
        these = [row for row in rows if (row.implementation, row.dtype, row.device) == key]
        verdicts = Counter(row.verdict for row in these)
        counts = {str(verdict): verdicts[verdict] for verdict in Verdict}
        ratios = [c.ratio for row in these if (c := row.worst()) is not None]
        noises = [c.noise for row in these if (c := row.noisiest()) is not None and c.noise is not None]
        yield {**dict(zip(("implementation", "dtype", "device"), key, strict=True)), "runs": len(these), **counts,
               "largest": max(ratios, default=None), "noise": max(noises, default=None)}  # fmt: skip


def alarms(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that a right implementation should not have, the gravest first."""
    order = list(ALARMS)
    return sorted((row for row in rows if row.verdict in ALARMS), key=lambda row: order.index(row.verdict))


def summary(rows: Sequence[Row]) -> list[str]:
    """Return the findings in sentences."""
    verdicts = Counter(row.verdict for row in rows)
    suspects = verdicts[Verdict.SUSPECT]
    networks = {row.problem for row in rows}
    ratios = [c.ratio for row in rows if (c := row.worst()) is not None]
    noises = sorted(c.noise for row in rows if (c := row.noisiest()) is not None and c.noise is not None)
    said = [
        f"- {len(rows)} runs of right implementations on {len(networks)} drawn networks: "
        f"{', '.join(f'{n} {verdict}' for verdict in Verdict if (n := verdicts[verdict]))}."
    ]
    if ratios and noises:
        most = noises[int(0.999 * (len(noises) - 1))]
        said += [
            f"- `suspect`: {100 * suspects / len(rows):.2f} %. The largest error is {max(ratios):.3g} of the bound; in "
            f"units of the rounding noise 99.9 % lie below {most:.2g}, the largest is {noises[-1]:.3g}, and `suspect` "
            f"begins at {FACTOR:g}."
        ]
    return said


def again(row: Row, seed: int) -> str:
    """Return the command that asks a run again."""
    on = "" if row.device == "cpu" else f" --device {row.device}"
    on += f" --dtype {row.dtype}" if row.dtype in NARROW else ""
    return f"crosscheck honest --seed {seed} --only {number_of(row.problem)} --impl {row.implementation}{on}"


def markdown(rows: Sequence[Row], plan: Sequence[Batch], seed: int) -> str:
    """Return honest.md."""
    numbers = [number for batch in plan for number in batch.numbers]
    few = sum(map(pooled, numbers))
    body = [
        [line["implementation"], *list(line.values())[1:-2],
         *("" if (n := line[key]) is None else f"{n:.2g}" for key in ("largest", "noise"))]
        for line in lines(rows)
    ]  # fmt: skip
    found = alarms(rows)
    listed = [
        [row.verdict, row.implementation, row.dtype, of_cause(row.cause), f"`{again(row, seed)}`"]
        for row in found[:SHOWN]
    ]
    here = machine()
    return "\n".join([
        "# Honest runs",
        "",
        *summary(rows),
        "",
        "Right implementations, each on drawn networks in each dtype below, judged as `compare` judges, so that any "
        "alarm is a false one. Drawn are depth, widths, activations, loss, conventions, the number of examples, the "
        "sizes of the numbers, the labels, the weights and their age, alpha and the iterations of `fit`. Those of "
        "`varied` are ours with sums in other orders, other layouts, wider arithmetic, and training that rounds less. "
        f"In every other batch of {honest_draws.BATCH} networks each process has all processors. JAX compiles for each "
        f"shape, so its runs are on the {few} of {len(numbers)} networks that have one of {honest_draws.POOL} shapes.",
        "",
        f"Seed {seed}; {here['processor']}, {here['cores']} cores.",
        "",
        "## By implementation and dtype",
        "",
        "`largest`: the largest error in units of the error bound; `noise`: in units of the rounding noise.",
        "",
        *table(["implementation", "dtype", "device", "runs", *Verdict, "largest", "noise"], body),
        "",
        "## Alarms",
        "",
        *(table(["verdict", "implementation", "dtype", "cause", "again"], listed) if found else ["None."]),
        *([f"... and {len(found) - SHOWN} more."] if len(found) > SHOWN else []),
        "",
    ])  # fmt: skip


def contents(rows: Sequence[Row], plan: Sequence[Batch], seed: int) -> dict[str, str]:
    """Return the two files, by name."""
    return {
        "honest.csv": pd.DataFrame.from_records(list(lines(rows))).to_csv(index=False, float_format="%.4g"),
        "honest.md": markdown(rows, plan, seed),
    }


def partial(rows: Sequence[Row]) -> dict[str, str]:
    """Return the table of a run that has not ended, by its name."""
    return {"honest.partial.csv": pd.DataFrame.from_records(list(lines(rows))).to_csv(index=False, float_format="%.4g")}
