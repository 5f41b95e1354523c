"""The tables of the narrow modes: precision.csv, honest runs; precision_mutants.csv, mistakes; precision.md, both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from crosscheck.evaluation import honest_tables
from crosscheck.evaluation.precisions import RIGHT, Tried
from crosscheck.judge.verdict import Row
from crosscheck.report.machine import machine
from crosscheck.report.tables import table

FILES = ("precision.csv", "precision_mutants.csv", "precision.md")
BY = ("bound", "steps", "labels", "noise")


def lines(rows: Sequence[Row], modes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Yield a line of precision.csv for each implementation and dtype. modes: what each implementation declares."""
    for line in honest_tables.lines(rows):
        yield {"precision": modes[str(line["implementation"])], **line}


def of_mistakes(tries: Sequence[Tried]) -> Iterator[dict[str, object]]:
    """Yield a line of precision_mutants.csv for each mistake of each mode, and one for what is right."""
    for precision, mistake in dict.fromkeys((each.precision, each.mistake) for each in tries):
        those = [e for e in tries if (e.precision, e.mistake) == (precision, mistake) and e.caught is not None]
        by = Counter(each.caught for each in those)
        yield {
            "precision": precision, "mistake": mistake, "problems": len(those),
            "caught": sum(by[each] for each in BY), **{each: by[each] for each in BY},
            "largest": max((each.ratio for each in those), default=None),
            "assert_close of float32": sum(each.float32 for each in those),
            "assert_close of its dtype": sum(each.own for each in those),
        }  # fmt: skip


def summary(tries: Sequence[Tried]) -> list[str]:
    """Return in sentences what share of the mistakes is caught, and what tolerances say of what is right."""
    wrong = [each for each in tries if each.mistake != RIGHT and each.caught is not None]
    right = [each for each in tries if each.mistake == RIGHT]
    if not wrong:
        return []
    shares = [sum(bool(e.caught) for e in wrong), sum(e.float32 for e in wrong), sum(e.own for e in wrong)]
    false = [sum(bool(e.caught) for e in right), sum(e.float32 for e in right), sum(e.own for e in right)]
    words = [f"{100 * n / len(wrong):.0f} % ({k} of {len(right)})" for n, k in zip(shares, false, strict=True)]
    return [
        f"- Of {len(wrong)} mistakes in narrow modes are caught, beside false alarms at what is right in the mode: by "
        f"the bound of the mode and its noise {words[0]}, by torch.testing.assert_close with float32's defaults "
        f"{words[1]}, with those of the mode's dtype {words[2]}."
    ]


def markdown(rows: Sequence[Row], tries: Sequence[Tried], modes: Mapping[str, str], seed: int) -> str:
    """Return precision.md."""
    honest, planted = list(lines(rows, modes)), list(of_mistakes(tries))
    here = machine()
    return "\n".join([
        "# Narrow modes",
        "",
        *honest_tables.summary(rows),
        *summary(tries),
        "",
        f"Seed {seed}; {here['processor']}, {here['cores']} cores.",
        "",
        "## Honest runs",
        "",
        "Right implementations of each mode on drawn networks, judged by the bound of what they declare. In float64 a "
        "mode is full. `largest`: the largest error in units of the bound; `noise`: of the rounding noise of the mode.",
        "",
        *table(list(honest[0]) if honest else [], [[_cell(value) for value in each.values()] for each in honest]),
        "",
        "## Mistakes",
        "",
        "Each is planted in the reference in its mode. `problems`: on how many some bit differs; `caught`: there, by "
        "the bound, a step, the labels or the noise; `assert_close`: what torch.testing.assert_close calls different, "
        "beside the right reference in full float32, with the defaults of float32 and of the mode's own dtype. `none` "
        "is the right reference in the mode.",
        "",
        *table(list(planted[0]) if planted else [], [[_cell(value) for value in each.values()] for each in planted]),
        "",
    ])  # fmt: skip


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.2g}" if isinstance(value, float) else value


def contents(rows: Sequence[Row], tries: Sequence[Tried], modes: Mapping[str, str], seed: int) -> dict[str, str]:
    """Return the three files, by name."""
    frames = {"precision.csv": list(lines(rows, modes)), "precision_mutants.csv": list(of_mistakes(tries))}
    return {
        **{name: pd.DataFrame.from_records(each).to_csv(index=False, float_format="%.4g")
           for name, each in frames.items()},
        "precision.md": markdown(rows, tries, modes, seed),
    }  # fmt: skip
