"""results/compilers.csv and compilers.md: what compilers make of a variant, beside the variant itself.

`make compare-compilers` compares them, and makes this of the run: `python -m tests.compilers RUN --out results`.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parent.parent / "results"
EAGER = {  # what each is made of
    "torch/compiled": "torch/autograd",
    "torch/exported": "torch/autograd",
    "torch/cuda_graph": "torch/by_hand",
    "numpy/onnx": "numpy/by_hand",
}
COLUMNS = (
    "problem", "dtype", "device", "implementation", "verdict", "ratio", "eager", "eager_verdict", "eager_ratio", "bits",
    "cause",
)  # fmt: skip
HEAD = """\
# What compilers make of it

Each beside the variant that it is made of, in the same run: verdict, largest distance from the oracle in units of the
error bound, and whether all bits of the answer are those of the variant itself: J, the gradients, the steps, the last
parameters and the labels. Renewed by `make compare-compilers`.

"""
SUMMARY = """\
| | of | dtype | rows | verdicts | the same as eager | bits equal | bits differ |
|---|---|---|---|---|---|---|---|"""


class Made(NamedTuple):
    """A row of what a compiler has made, beside that of what it is made of; bits: `equal`, `differ`, or nothing."""

    problem: str
    dtype: str
    device: str
    implementation: str
    verdict: str
    ratio: str
    eager: str
    eager_verdict: str
    eager_ratio: str
    bits: str
    cause: str


def made(rows: Iterable[Mapping[str, str]]) -> list[Made]:
    """Return a row for each of a run that is of a compiler's, in their order."""
    rows = list(rows)
    by_key = {(row["problem"], row["dtype"], row["device"], row["implementation"]): row for row in rows}
    found = []
    for row in rows:
        where = row["problem"], row["dtype"], row["device"]
        eager = EAGER.get(row["implementation"], "")
        beside = by_key.get((*where, eager))
        if beside is None:
            continue
        bits = ("equal" if row["bits"] == beside["bits"] else "differ") if row["bits"] and beside["bits"] else ""
        found.append(
            Made(
                *where, row["implementation"], row["verdict"], row["largest_ratio"], eager, beside["verdict"],
                beside["largest_ratio"], bits, row["cause"],
            )
        )  # fmt: skip
    return found


def as_csv(rows: Sequence[Made]) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()


def as_markdown(rows: Sequence[Made], versions: str) -> str:
    """Return a summary, and the rows side by side."""
    lines = [f"{HEAD}{versions}.", "", SUMMARY]
    for name, dtype in dict.fromkeys((row.implementation, row.dtype) for row in rows):
        those = [row for row in rows if (row.implementation, row.dtype) == (name, dtype)]
        counts = Counter(row.verdict for row in those).most_common()
        verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counts)
        same = sum(row.verdict == row.eager_verdict for row in those)
        bits = Counter(row.bits for row in those)
        cells = name, those[0].eager, dtype, len(those), verdicts, same, bits["equal"], bits["differ"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    names = list(dict.fromkeys(row.implementation for row in rows))
    lines += ["", f"| problem | dtype | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    by_key = {(row.problem, row.dtype, row.implementation): row for row in rows}
    for problem, dtype in dict.fromkeys((row.problem, row.dtype) for row in rows):
        cells = [_cell(by_key.get((problem, dtype, name))) for name in names]
        lines.append(f"| {problem} | {dtype} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(row: Made | None) -> str:
    if row is None:
        return ""
    other = f" (eager {row.eager_verdict})" if row.verdict != row.eager_verdict else ""
    return ", ".join(filter(None, [row.verdict + other, row.ratio, row.bits and f"bits {row.bits}"]))


def main() -> None:
    """Write both files of a run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("run", type=Path, help="a folder of `crosscheck compare`")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where to write")
    arguments = parser.parse_args()
    with (arguments.run / "agreement.csv").open(encoding="utf-8", newline="") as file:
        everything = list(csv.DictReader(file))
    rows = made(everything)
    versions = ", ".join(dict.fromkeys(row["versions"] for row in everything if row["versions"]))
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "compilers.csv").write_text(as_csv(rows), encoding="utf-8")
    (arguments.out / "compilers.md").write_text(as_markdown(rows, versions), encoding="utf-8")
    print(f"Tables: {arguments.out / 'compilers.csv'}, {arguments.out / 'compilers.md'}")


if __name__ == "__main__":
    main()
