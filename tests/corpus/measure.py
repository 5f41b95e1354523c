"""`python -m tests.corpus.measure`: `crosscheck check` on every program of the corpus, held against corpus.toml.

Two programs at a time, some minutes in all. It writes results/wild.csv, a row for each program, and results/wild.md.
A program can tell whether the verdict is right, whether the file was accepted as it is, and whether the numbers that a
mistake makes wrong are named as such. Which mistakes a report explains, and whether each of its sentences is so, only
a reader can: readings.toml has that, bound to a digest of the report. A report that has changed reads "not read again".
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
RESULTS = HERE.parent.parent / "results"
LIMIT = 300.0  # seconds for one program
AT_ONCE = 2
SAID = re.compile(r"^  (mistake|known mistake|training|predictions)|^wrong: ")  # where a report names what is wrong
NOT_READ = "not read again"


class Measured(NamedTuple):
    """What `check` says of one program. verdict: right, wrong or refused. tensors: how many of the mistakes have all
    their tensors named. named, false: by the reader; None where this report has not been read.
    """

    file: str
    right: bool
    verdict: str
    accepted: bool
    mistakes: int
    tensors: int
    named: int | None
    false: int | None
    seconds: float
    digest: str
    report: str

    @property
    def as_noted(self) -> bool:
        """Whether the verdict is that of corpus.toml; a refusal is none."""
        return self.verdict == ("right" if self.right else "wrong")


def check(file: str) -> tuple[int, str, str, float]:
    """Return the exit code of `check --json`, and what it printed on both streams."""
    begun = time.monotonic()
    command = [sys.executable, "-m", "crosscheck", "check", "--json", str(HERE / file)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return 2, "", "no answer", LIMIT
    return done.returncode, done.stdout, done.stderr, time.monotonic() - begun


def measured(program: dict[str, Any], reading: dict[str, Any]) -> Measured:
    """Check one program, and hold what is said against what was noted."""
    code, out, err, seconds = check(program["file"])
    try:
        data = json.loads(out) if out.lstrip().startswith("{") else {}
    except ValueError:
        data = {}
    report = str(data.get("report", out + err)).replace(str(HERE), "")
    report = "\n".join(line for line in report.splitlines() if line != "checking")
    digest = hashlib.sha256(" ".join(report.split()).encode()).hexdigest()[:12]
    mistakes = program.get("mistakes", [])
    tensors = sum(all(_named(name, report) for name in mistake["wrong"]) for mistake in mistakes)
    read = reading.get("digest") == digest
    return Measured(
        program["file"], program["right"], {0: "right", 1: "wrong"}.get(code, "refused") if data else "refused",
        bool(data.get("parts")), len(mistakes), tensors, reading["named"] if read else None,
        len(reading["false"]) if read else None, seconds, digest, report,
    )  # fmt: skip


def _named(name: str, report: str) -> bool:
    """Return whether a report says of a tensor, `training` or `predictions` that it is wrong.

    >>> _named("dW*", "  mistake        dW1 and db1: your numbers are ..."), _named("J", "  right          J")
    (True, False)
    """
    said = "\n".join(_statements(report))
    words = {
        "training": r"\bfit\b|training",
        "predictions": r"predict",
        "dw": r"\b\w*dw\b|theta",
        "db": r"\b\w*db\b|bias",
    }
    pattern = words.get(name) or rf"\b{re.sub('[*-]', '[0-9]', name)}"
    return re.search(pattern, said) is not None


def _statements(report: str) -> list[str]:
    """Return the lines in which a report names a mistake, with those that they go on in."""
    said: list[str] = []
    within = False
    for line in report.splitlines():
        begins = not line.startswith(" " * 4)
        within = bool(SAID.match(line)) if begins else within
        if within:
            said.append(line)
    return said


def summary(rows: Sequence[Measured], first: dict[str, Any]) -> str:
    """Return wild.md."""
    wrong = [row for row in rows if not row.right]
    mistakes = sum(row.mistakes for row in wrong)
    read = [row for row in rows if row.named is not None]

    def of(part: int, whole: int) -> str:
        return f"{part} of {whole} ({part / whole:.0%})" if whole else "0 of 0"

    named = [row for row in read if not row.right]
    all_read = len(read) == len(rows)
    lines = [
        "# In the wild",
        "",
        f"`crosscheck check` on {len(rows)} programs that were written apart from the table of mistakes, "
        f"{len(wrong)} of them with one to three planted ({mistakes} in all); made by `make wild`.",
        "First: the first run ever, before anything was mended.",
        "",
        "| | first | this run |",
        "|---|---|---|",
        f"| verdict as noted | {first['verdict']} | {of(sum(row.as_noted for row in rows), len(rows))} |",
        f"| accepted as it is | {first['accepted']} | {of(sum(row.accepted for row in rows), len(rows))} |",
        f"| mistakes whose tensors are named | {first['tensors']} | {of(sum(r.tensors for r in wrong), mistakes)} |",
        f"| mistakes explained (by a reader) | {first['named']} | "
        f"{of(sum(row.named or 0 for row in named), sum(row.mistakes for row in named))} |",
        f"| wrong programs with at least one explained | {first['one']} | "
        f"{of(sum(bool(row.named) for row in named), len(named))} |",
        f"| reports with a false sentence | {first['false']} | {of(sum(bool(r.false) for r in read), len(read))} |",
        f"| reports read | {len(rows)} of {len(rows)} | {of(len(read), len(rows))} |",
        "",
        *([] if all_read else [f"A report that is not as it was when it was read counts as {NOT_READ}.", ""]),
        "| program | noted | verdict | accepted | mistakes | tensors named | explained | false sentences | seconds |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        noted = "right" if row.right else "wrong"
        reader = [NOT_READ if each is None else str(each) for each in (row.named, row.false)]
        lines.append(
            f"| {row.file} | {noted} | {row.verdict} | {'yes' if row.accepted else 'no'} | {row.mistakes} | "
            f"{row.tensors} | {' | '.join(reader)} | {row.seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.measure", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder for wild.csv and wild.md")
    parser.add_argument("--reports", type=Path, help="a folder for the reports, to read them")
    parser.add_argument("--only", default="", help="programs whose names have this in them")
    chosen = parser.parse_args()
    programs = tomllib.loads((HERE / "corpus.toml").read_text(encoding="utf-8"))["program"]
    programs = [program for program in programs if chosen.only in program["file"]]
    readings = tomllib.loads((HERE / "readings.toml").read_text(encoding="utf-8"))
    of_file = {reading["file"]: reading for reading in readings["reading"]}
    rows: list[Measured] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for row in pool.map(lambda each: measured(each, of_file.get(each["file"], {})), programs):
            rows.append(row)
            print(f"{len(rows)} of {len(programs)}  {row.file}  {row.verdict}  {row.seconds:.0f} s", flush=True)
            if chosen.reports:
                chosen.reports.mkdir(parents=True, exist_ok=True)
                text = f"{row.digest}\n{row.report}\n"
                (chosen.reports / f"{row.file.replace('/', '_')}.txt").write_text(text, encoding="utf-8")
    chosen.out.mkdir(parents=True, exist_ok=True)
    with (chosen.out / "wild.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([name for name in Measured._fields if name != "report"])
        for row in rows:
            plain = row._replace(seconds=round(row.seconds, 1))._asdict()
            writer.writerow([NOT_READ if value is None else value for name, value in plain.items() if name != "report"])
    (chosen.out / "wild.md").write_text(summary(rows, readings["first"]), encoding="utf-8")
    print(summary(rows, readings["first"]).split("| program |")[0])


if __name__ == "__main__":
    main()
