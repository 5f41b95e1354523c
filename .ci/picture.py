"""results/picture.svg: every verdict of results/agreement.csv, an implementation a row, a problem a column.

`python .ci/picture.py` draws it; `--check` says whether the committed one is what the table says.
"""

from __future__ import annotations

import argparse
import csv
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "results" / "agreement.csv"
PICTURE = ROOT / "results" / "picture.svg"

COLOURS = {
    "agrees": "#2f8f5b",
    "convention": "#4a7fc1",
    "undefined": "#a9b0b8",
    "suspect": "#e0a526",
    "disagrees": "#c8372d",
    "failed": "#6b1d17",
    "not run": "#eceff1",
}
CELL, GAP, LEFT, TOP = 20, 2, 132, 196  # in pixels: a cell, the gap between two, the names at the left and on top
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def verdicts(table: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the verdict for each (implementation, problem), by dtype.

    >>> verdicts("problem,implementation,dtype,verdict\\nkink,numpy/loops,float64,agrees\\n")
    {('numpy/loops', 'kink'): {'float64': 'agrees'}}
    """
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in csv.DictReader(table.splitlines()):
        cells.setdefault((row["implementation"], row["problem"]), {})[row["dtype"]] = row["verdict"]
    return cells


def text(x: float, y: float, words: str, more: str = "") -> str:
    """Return a line of text that starts, or with text-anchor ends, at (x, y)."""
    return f'<text x="{x:g}" y="{y:g}" {FONT} font-size="12" fill="#24292f"{more}>{escape(words)}</text>'


def cell(x: float, y: float, by_dtype: dict[str, str], title: str) -> list[str]:
    """Return one cell; where the dtypes differ, its upper left triangle is float64 and its lower right one float32."""
    words = escape(f"{title}: {', '.join(f'{dtype} {verdict}' for dtype, verdict in by_dtype.items())}")
    if len(by_dtype) == 2 and len(set(by_dtype.values())) == 1:
        place = f'x="{x:g}" y="{y:g}" width="{CELL - GAP}" height="{CELL - GAP}"'
        return [f'<rect {place} fill="{COLOURS[by_dtype["float64"]]}"><title>{words}</title></rect>']
    right, bottom = x + CELL - GAP, y + CELL - GAP
    corners = {
        "float64": f"{x:g},{y:g} {right:g},{y:g} {x:g},{bottom:g}",
        "float32": f"{right:g},{y:g} {right:g},{bottom:g} {x:g},{bottom:g}",
    }
    shapes = []
    for dtype, verdict in by_dtype.items():
        points, colour = corners[dtype], COLOURS[verdict]
        shapes.append(f'<polygon points="{points}" fill="{colour}" stroke="{colour}" stroke-width="0.4"/>')
    return [f"<g><title>{words}</title>", *shapes, "</g>"]


def legend(y: float, counts: dict[str, int]) -> list[str]:
    """Return the line that says which colour is which verdict, and how many rows have it."""
    lines, x = [], float(LEFT)
    for verdict, colour in COLOURS.items():
        lines.append(f'<rect x="{x:g}" y="{y:g}" width="12" height="12" fill="{colour}"/>')
        words = f"{verdict} {counts.get(verdict, 0)}"
        lines.append(text(x + 17, y + 10.5, words))
        x += 34 + 6.3 * len(words)
    return lines


def svg(table: str) -> str:
    """Return the picture of a table, agreement.csv's text."""
    cells = verdicts(table)
    implementations = list(dict.fromkeys(implementation for implementation, _ in cells))
    problems = list(dict.fromkeys(problem for _, problem in cells))
    counts: dict[str, int] = {}
    for verdict in [verdict for by_dtype in cells.values() for verdict in by_dtype.values()]:
        counts[verdict] = counts.get(verdict, 0) + 1
    width, height = LEFT + CELL * len(problems) + 110, TOP + CELL * len(implementations) + 54
    title = f"Verdicts of {len(implementations)} implementations on {len(problems)} problems"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}, float64 and float32</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for column, problem in enumerate(problems):
        x = LEFT + CELL * column + 13
        lines.append(text(x, TOP - 8, problem, f' transform="rotate(-60 {x:g} {TOP - 8:g})"'))
    for row, implementation in enumerate(implementations):
        y = TOP + CELL * row
        lines.append(text(LEFT - 8, y + 13, implementation, ' text-anchor="end"'))
        for column, problem in enumerate(problems):
            by_dtype = cells.get((implementation, problem), {})
            lines += cell(LEFT + CELL * column, y, by_dtype, f"{implementation} on {problem}") if by_dtype else []
    bottom = TOP + CELL * len(implementations)
    lines += legend(bottom + 12, counts)
    words = "upper left of a cell float64, lower right float32; blank where a dtype is not asked"
    lines.append(text(LEFT, bottom + 44, words))
    return "\n".join([*lines, "</svg>"]) + "\n"


def main() -> int:
    """Draw the picture, or with --check say whether it is stale. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether it is stale")
    drawn = svg(TABLE.read_text(encoding="utf-8"))
    if not parser.parse_args().check:
        PICTURE.write_text(drawn, encoding="utf-8")
    elif not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != drawn:
        print("results/picture.svg is not what results/agreement.csv says: make readme", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
