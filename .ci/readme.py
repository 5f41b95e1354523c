"""The parts of the READMEs that are copied from the tables in results/.

A part stands between `<!-- NAME: ... -->` and `<!-- end -->`. `python .ci/readme.py` copies all of them anew; `--check`
says which are stale.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Part(NamedTuple):
    """A part of a README: its name there, the table that it is copied from, and what of it is taken."""

    readme: str
    name: str
    results: str
    take: Callable[[str], str]


def table(start: str) -> Callable[[str], str]:
    r"""Return what takes the first table whose header starts so.

    >>> table("| a")("text\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n| a |\n")
    '| a | b |\n|---|---|\n| 1 | 2 |'
    """
    return lambda text: "\n".join(re.findall(rf"^{re.escape(start)}.*(?:\n\|.*)*", text, re.MULTILINE)[:1])


def lines(pattern: str) -> Callable[[str], str]:
    r"""Return what takes every line in which the pattern is found.

    >>> lines("^- ")("- one\ntwo\n- three\n")
    '- one\n- three'
    """
    return lambda text: "\n".join(line for line in text.splitlines() if re.search(pattern, line))


def mutation(text: str) -> str:
    """Return the findings of mutation.md, and its comparison with other criteria."""
    return f"{lines('^- ')(text)}\n\n{table('| criterion')(text)}"


def screen(text: str) -> str:
    """Return the matrix that `compare` shows of a table, as text."""
    from crosscheck.core.failures import Verdict
    from crosscheck.judge.verdict import Row
    from crosscheck.report import matrix

    rows = [
        Row(line["problem"], line["implementation"], line["dtype"], line["device"], Verdict(line["verdict"]))
        for line in csv.DictReader(io.StringIO(text, newline=""))
    ]
    return "\n".join(["```", *(line.plain.rstrip() for line in matrix.lines(rows, WIDTH)), "```"])


WIDTH = 100  # of a terminal that shows every name of a problem whole
SUMMARY = lines(r"comparisons over \d+ problems|^The largest error among")
PARTS = (
    Part("README.md", "summary", "agreement.md", SUMMARY),
    Part("harness/README.md", "screen", "agreement.csv", screen),
    Part("results/README.md", "counts", "agreement.md", table("| implementation")),
    Part("results/README.md", "mutation", "mutation.md", mutation),
    Part("results/README.md", "cuda", "cuda/compare/agreement.md", SUMMARY),
    Part("results/README.md", "narrow", "cuda/precision/agreement.md", SUMMARY),
    Part("results/README.md", "passports", "qualify/diff.txt", lines(r"^(Bits:|     drawn data)")),
    Part("results/README.md", "honest", "honest.md", lines(r"^- ")),
    Part("results/README.md", "precision", "precision.md", lines(r"^- \d+ runs")),
    Part("results/README.md", "precision_jax", "precision_jax/precision.md", lines(r"^- \d+ runs")),
    Part("results/README.md", "arrays", "narrow/narrow.md", lines(r"^- \d+ runs")),
    Part("results/README.md", "dtypes", "narrow/agreement.md", SUMMARY),
    Part("results/README.md", "mutants", "mutate.md", lines(r"^- \w+: \d+ mutants")),
    Part("results/README.md", "claims", "claims.md", lines(r"\d+ statements of the notes")),
    Part("results/README.md", "speed", "speed.md", table("| size")),
)


class NotThere(ValueError):
    """A README without the part or with another one, or a table without what the part is copied from."""


def renewed(text: str, part: Part, results: str) -> str:
    r"""Return a README with the part as the results have it. Raises NotThere.

    >>> part = Part("README.md", "sum", "sum.md", lines("in all"))
    >>> renewed("a\n<!-- sum: as in sum.md -->\nold\n<!-- end -->\n", part, "3 in all\n")
    'a\n<!-- sum: as in sum.md -->\n3 in all\n<!-- end -->\n'
    """
    copied = part.take(results).strip()
    if not copied:
        raise NotThere(f"results/{part.results} has nothing for the part {part.name!r} of {part.readme}")
    found = re.search(rf"(<!-- {part.name}:.*?-->\n).*?(<!-- end -->)", text, re.DOTALL)
    if found is None:
        raise NotThere(f"{part.readme} has no part {part.name!r}: <!-- {part.name}: ... --> and <!-- end -->")
    return f"{text[: found.end(1)]}{copied}\n{text[found.start(2) :]}"


def stale(part: Part) -> bool:
    """Return whether the README's part differs from the results. Raises NotThere and OSError."""
    text = (ROOT / part.readme).read_text(encoding="utf-8")
    return renewed(text, part, (ROOT / "results" / part.results).read_text(encoding="utf-8")) != text


def main() -> int:
    """Copy every part, or with --check say which are stale. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say which are stale")
    check = parser.parse_args().check
    code = 0
    for part in PARTS:
        path, results = ROOT / part.readme, ROOT / "results" / part.results
        try:
            if not stale(part):
                continue
            if check:
                raise NotThere(f"{part.readme}: {part.name} is not what results/{part.results} says: make readme")
            text = renewed(path.read_text(encoding="utf-8"), part, results.read_text(encoding="utf-8"))
            path.write_text(text, encoding="utf-8")
        except (NotThere, OSError) as error:
            print(error, file=sys.stderr)
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
