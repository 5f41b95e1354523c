"""The tables of narrow modes and dtypes: precision.csv, honest runs; precision_mutants.csv, mistakes; precision.md.

Those of the dtypes are narrow.csv, narrow_mutants.csv and narrow.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from crosscheck.evaluation import honest_tables
from crosscheck.evaluation.precisions import RIGHT, Tried
from crosscheck.judge.verdict import Row
from crosscheck.report.machine import machine
from crosscheck.report.tables import table

PRECISION, NARROW_DTYPES = "precision", "narrow"  # what the files are called
ABOUT = {
    PRECISION: (
        "Narrow modes",
        "Right implementations of each mode on drawn networks, judged by the bound of what they declare. In float64 a "
        "mode is full.",
    ),
    NARROW_DTYPES: (
        "Narrow dtypes",
        "Right implementations on drawn networks, over arrays of each narrow dtype, and of float64, whose rows judge "
        "the others.",
    ),
}
BY = ("bound", "steps", "labels", "noise")


def lines(rows: Sequence[Row], modes: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """Yield a line of precision.csv for each implementation and dtype. modes: what each declares, if not `full`."""
    for line in honest_tables.lines(rows):
        yield {"precision": modes.get(str(line["implementation"]), "full"), **line}


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
    arrays = wrong[0].precision.startswith("arrays")
    what, one, its = ("dtypes", "dtype", "the dtype") if arrays else ("modes", "mode", "the mode's dtype")
    words = [f"{100 * n / len(wrong):.0f} % ({k} of {len(right)})" for n, k in zip(shares, false, strict=True)]
    return [
        f"- Of {len(wrong)} mistakes in narrow {what} are caught, beside false alarms at what is right in the {one}: "
        f"by the bound of the {one} and its noise {words[0]}, by torch.testing.assert_close with float32's defaults "
        f"{words[1]}, with those of {its} {words[2]}."
    ]


def markdown(name: str, rows: Sequence[Row], tries: Sequence[Tried], modes: Mapping[str, str], seed: int) -> str:
    """Return precision.md, or narrow.md."""
    title, runs = ABOUT[name]
    honest, planted = list(lines(rows, modes)), list(of_mistakes(tries))
    here = machine()
    return "\n".join([
        f"# {title}",
        "",
        *honest_tables.summary(rows),
        *summary(tries),
        "",
        f"Seed {seed}; {here['processor']}, {here['cores']} cores.",
        "",
        "## Honest runs",
        "",
        f"{runs} `largest`: the largest error in units of the bound; `noise`: of the rounding noise there.",
        "",
        *table(list(honest[0]) if honest else [], [[_cell(value) for value in each.values()] for each in honest]),
        "",
        "## Mistakes",
        "",
        "Each is planted in the reference in its mode or dtype. `problems`: on how many some bit differs; `caught`: "
        "there, by the bound, a step, the labels or the noise; `assert_close`: what torch.testing.assert_close calls "
        "different, "
        "beside the right reference in full float32, with the defaults of float32 and of the mode's own dtype. `none` "
        "is the right reference in the mode.",
        "",
        *table(list(planted[0]) if planted else [], [[_cell(value) for value in each.values()] for each in planted]),
        "",
    ])  # fmt: skip


def _cell(value: object) -> object:
    return "" if value is None else f"{value:.2g}" if isinstance(value, float) else value


def contents(
    name: str, rows: Sequence[Row], tries: Sequence[Tried], modes: Mapping[str, str], seed: int
) -> dict[str, str]:  # fmt: skip
    """Return the three files, by name, which begins with this one."""
    frames = {f"{name}.csv": list(lines(rows, modes)), f"{name}_mutants.csv": list(of_mistakes(tries))}
    return {
        **{file: pd.DataFrame.from_records(each).to_csv(index=False, float_format="%.4g")
           for file, each in frames.items()},
        f"{name}.md": markdown(name, rows, tries, modes, seed),
    }  # fmt: skip
