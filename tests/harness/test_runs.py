"""Two runs side by side, and many: what is told, what makes an exit code of 1, and that no file is believed."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from crosscheck.core.failures import Verdict
from crosscheck.report import plots
from crosscheck.runs.difference import ORDER, difference, moves
from crosscheck.runs.many import history, majority, merge
from crosscheck.runs.table import NEEDED, read
from crosscheck_impls.interface import BadInput
from hypothesis import given
from hypothesis import strategies as st

from tests.harness import pages
from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)

# ruff: noqa: F811 (a test's argument is the fixture)

COLUMNS = (*NEEDED, "J_noise", "dW_noise", "db_noise", "bits", "data")
ROW = {
    "problem": "kink", "implementation": "numpy/fast", "dtype": "float64", "device": "cpu", "verdict": "agrees",
    "largest_ratio": "0.5", "tensor": "J", "cause": "", "J_noise": "0.5", "dW_noise": "0.5", "db_noise": "0",
    "bits": "aa", "data": "d",
}  # fmt: skip
Rows = Sequence[Mapping[str, str]]
Folders = pytest.TempPathFactory


def row(**changes: str) -> dict[str, str]:
    return ROW | changes


def write(folder: Path, rows: Rows, environment: Mapping[str, object] | None = None) -> Path:
    """Write a run, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "agreement.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    if environment is not None:
        (folder / "environment.json").write_text(json.dumps(environment))
    return folder


def diff(run: Run, old: Rows, new: Rows, *words: object) -> tuple[int, str, str]:
    return run("diff", write(Path("old"), old), write(Path("new"), new), *words)


# ---------------------------------------------------------------- two runs


def test_the_same_run_twice_differs_in_nothing(run: Run) -> None:
    code, out, err = diff(run, [row()], [row()])
    assert (code, err) == (0, "")
    assert "No verdict, cause or error differs in 1 row" in out
    assert "Bits: the same wherever both tables have them, 1 row." in out


@given(st.sampled_from(list(Verdict)), st.sampled_from(list(Verdict)))
def test_worse_is_what_stands_further_on(
    tmp_path_factory: pytest.TempPathFactory, before: Verdict, after: Verdict
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    old, new = (read(write(folder / v, [row(verdict=v)])) for v in (before, after))
    it = difference(old, new)
    assert it.worse == (ORDER.index(after) > ORDER.index(before))
    assert it.better == (ORDER.index(after) < ORDER.index(before))


def test_every_verdict_has_its_place_in_the_order_and_in_the_help(run: Run) -> None:
    assert set(ORDER) == set(Verdict)
    _, out, _ = run("diff", "--help")
    assert ", ".join(ORDER) in " ".join(out.split())


def test_a_worse_verdict_is_told_with_its_cause_and_fails(run: Run) -> None:
    code, out, _ = diff(run, [row()], [row(verdict="disagrees", cause="unexplained; J is right")])
    assert code == 1
    assert "worse   numpy/fast, float64: agrees -> disagrees on kink\n          unexplained; J is right" in out


def test_a_better_verdict_passes(run: Run) -> None:
    code, out, _ = diff(run, [row(verdict="suspect")], [row()])
    assert (code, "better  numpy/fast, float64: suspect -> agrees on kink" in out) == (0, True)


def test_a_cause_that_changed_is_told_and_passes(run: Run) -> None:
    code, out, _ = diff(run, [row(verdict="convention", cause="a")], [row(verdict="convention", cause="b")])
    assert code == 0
    assert "numpy/fast, float64: convention on kink\n          was: a\n          is:  b" in out


def test_other_bits_under_the_same_verdict_are_told_and_pass(run: Run) -> None:
    both = [row(problem=name) for name in ("kink", "iris", "moons")]
    code, out, _ = diff(run, both, [row(problem="kink", bits="bb"), row(problem="iris", bits="cc"), both[2]])
    assert code == 0
    assert "Bits: other ones in 2 of 3 rows; the verdict of each of these is the same." in out
    assert "numpy/fast, float64, 2 problems: kink, iris" in out


def test_a_table_without_bits_says_nothing_of_them(run: Run) -> None:
    _, out, _ = diff(run, [row(bits="")], [row()])
    assert "Bits: not known" in out


def test_of_other_data_no_bits_and_errors_are_compared(run: Run) -> None:
    _, out, _ = diff(run, [row()], [row(data="e", bits="bb", J_noise="50")])
    assert "other data: bits and errors are not compared (1)" in out
    assert "moved" not in out


def test_rows_that_came_and_went_are_told(run: Run) -> None:
    code, out, _ = diff(run, [row(), row(problem="iris")], [row(), row(problem="moons")])
    assert code == 0
    assert "came (1)\n  numpy/fast, float64: agrees on moons" in out
    assert "went (1)\n  numpy/fast, float64: agrees on iris" in out


@pytest.mark.parametrize(("verdict", "code"), [("failed", 1), ("disagrees", 1), ("suspect", 0)])
def test_a_row_that_came_and_is_wrong_fails(run: Run, verdict: str, code: int) -> None:
    assert diff(run, [row()], [row(), row(problem="iris", verdict=verdict)])[0] == code


def test_an_error_that_moved_by_more_than_the_noise_is_told(run: Run) -> None:
    _, out, _ = diff(run, [row(dW_noise="0.2", J_noise="0.1")], [row(dW_noise="3.1", J_noise="1")])
    assert "numpy/fast, float64: dW 0.2 -> 3.1 on kink" in out


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_moved_did_so_by_a_noise_and_a_factor_in_either_direction(one: float, other: float) -> None:
    assert moves(one, other) == moves(other, one)
    assert not moves(one, one)
    if moves(one, other):
        assert abs(one - other) > 1
        assert max(one, other) >= 2 * min(one, other)
    assert moves(one, float("inf"))


def test_what_changed_in_the_environment_is_told_but_not_its_date(run: Run) -> None:
    old = write(
        Path("old"), [row()], {"date": "2026-01-01", "run": "1", "frameworks": {"torch": {"threads": 1}}, "x": 1}
    )
    new = write(Path("new"), [row()], {"date": "2026-02-01", "run": "2", "frameworks": {"torch": {"threads": 2}}})
    code, out, _ = run("diff", old, new / "agreement.csv")
    assert code == 0
    assert "environment (2)\n  frameworks.torch.threads: 1 -> 2\n  x: 1 -> not said" in out


def test_a_screen_is_short_and_narrow_and_v_has_all(run: Run) -> None:
    names = [f"a_rather_long_name_of_a_problem_{k}" for k in range(40)]
    both = [row(problem=name, implementation=f"mine/{name}", bits="x") for name in names]
    worse = [each | {"verdict": "disagrees", "cause": "because " * 30, "bits": "y"} for each in both]
    _, out, _ = diff(run, both, worse)
    assert max(map(len, out.splitlines())) <= 80
    assert len(out.splitlines()) <= 30
    assert "and 35 more like these" in out
    _, out, _ = diff(run, both, worse, "-v")
    assert all(f"mine/{name}, float64: agrees -> disagrees on {name}" in out for name in names)


def test_the_page_says_the_same_and_nothing_in_it_is_markup(run: Run) -> None:
    code, out, _ = diff(
        run, [row(), row(problem="iris")],
        [row(verdict="disagrees", cause="<script>alert(1)</script>", bits="bb"), row(problem="iris", dW_noise="9")],
        "--html", "d.html",
    )  # fmt: skip
    page = Path("d.html").read_text()
    assert (code, "Page: d.html" in out) == (1, True)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "1 row got worse." in page
    assert "Errors that moved" in page
    assert not re.findall(r"(?:src|href)=[\"'](?!data:,)", page)


# ---------------------------------------------------------------- many runs


def test_the_host_that_differs_comes_first(run: Run) -> None:
    hosts = [write(Path(name), [row(), row(problem="iris")], {"host": name}) for name in ("a", "b", "c")]
    odd = write(Path("odd"), [row(verdict="disagrees", cause="why"), row(problem="iris", bits="zz")], {"host": "odd"})
    code, out, _ = run("merge", *hosts, odd, "-o", "all.csv")
    assert code == 0
    assert "4 runs, 8 rows, bits known of 8: 2 rows stand out." in out
    assert "odd: 1 of 2 verdicts, the bits of 1 row" in out
    assert "odd: numpy/fast, float64: disagrees, most say agrees on kink\n          why" in out
    with Path("all.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["place"], line["problem"], line["stands_out"]) for line in lines[:2]] == [
        ("odd", "kink", "verdict"), ("odd", "iris", "bits"),
    ]  # fmt: skip
    assert not any(line["stands_out"] for line in lines[2:])
    assert len(lines) == 8


def test_where_two_differ_nobody_is_the_odd_one(run: Run) -> None:
    one, two = write(Path("a"), [row()]), write(Path("b"), [row(bits="bb")])
    _, out, _ = run("merge", one, two, "-o", "into")
    assert "a: 0 of 1 verdicts, the bits of 1 row\n  b: 0 of 1 verdicts, the bits of 1 row" in out
    assert Path("into/merged.csv").exists()


@pytest.mark.parametrize("failed", [1, 2, 4])
def test_those_that_failed_stand_out_alone_however_many_they_are(run: Run, failed: int) -> None:
    lost = [write(Path(f"lost{k}"), [row(verdict="failed", cause="gone", bits="ff")]) for k in range(failed)]
    _, out, _ = run("merge", write(Path("a"), [row()]), *lost, "-o", "all.csv")
    assert f"have no majority to differ from ({failed})\n" in out
    assert "runs as most are (1)\n  a: 1 row\n" in out
    assert "lost0: numpy/fast, float64: failed, most that did not fail say agrees" in out
    _, out, _ = run("merge", *lost)
    assert "0 rows stand out" in out


@given(st.lists(st.sampled_from("abc")))
def test_a_majority_is_more_than_half(said: list[str]) -> None:
    most = majority(said)
    over = [each for each in set(said) if 2 * said.count(each) > len(said)]
    assert ([most] if most is not None else []) == over


def test_what_merge_writes_is_no_single_run(run: Run) -> None:
    write(Path("a"), [row()])
    write(Path("b"), [row()])
    run("merge", "a", "b", "-o", "all.csv")
    code, _, err = run("diff", "all.csv", "a")
    assert (code, "repeats kink, numpy/fast, float64, cpu" in err) == (2, True)


def test_the_same_run_cannot_be_given_twice(run: Run) -> None:
    write(Path("a"), [row()])
    assert "given twice" in run("merge", "a", "a")[2]


# ---------------------------------------------------------------- history


def test_a_history_is_ordered_by_date_and_draws_every_implementation(run: Run) -> None:
    runs = Path("runs")
    write(runs / "z", [row(), row(dtype="float32", largest_ratio="inf")], {"date": "2026-01-01"})
    write(runs / "m", [row(implementation="mine/<b>")], {"date": "2026-02-01"})
    write(runs / "a", [row(verdict="disagrees", largest_ratio="1e3"), row(problem="x", largest_ratio="0")],
          {"date": "2026-03-01"})  # fmt: skip
    assert [run.date for run in history(runs).runs] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    code, out, _ = run("history", runs)
    page = (runs / "history.html").read_text()
    assert (code, out) == (0, f"History: {runs / 'history.html'}\n")
    assert page.count("<svg") == 2
    assert "mine/&lt;b&gt;" in page
    assert "3 runs: 1 row of the last disagreed or failed." in page
    assert not re.search(r"\b(nan|inf)[,\" ]", " ".join(re.findall(r'(?:points|cx|cy|y1)="[^"]*"', page)))


def test_one_run_is_a_history(run: Run) -> None:
    write(Path("runs/a"), [row(verdict="not run", largest_ratio="")])
    assert run("history", "runs", "-o", "h.html")[0] == 0
    assert "1 run: nothing disagrees in the last." in Path("h.html").read_text()


# ---------------------------------------------------------------- bad files


HEADER = ",".join(COLUMNS)
GOOD = ",".join(ROW.values())
BAD_TABLES = {
    "empty": (b"", "not the table of a comparison"),
    "no rows": (HEADER.encode(), "no row"),
    "other columns": (b"a,b\n1,2\n", "expected the columns problem"),
    "twice the same column": (f"{HEADER},cause\n{GOOD},x\n".encode(), "not the table of a comparison"),
    "a short row": (f"{HEADER}\nkink,numpy\n".encode(), "line 2 has 2 fields, expected 13"),
    "a long row": (f"{HEADER}\n{GOOD},x\n".encode(), "line 2 has 14 fields, expected 13"),
    "another verdict": (f"{HEADER}\n{GOOD.replace('agrees', 'fine')}\n".encode(), "verdict 'fine', expected one of"),
    "no number": (f"{HEADER}\n{GOOD.replace('0.5,J', 'much,J')}\n".encode(), "'much' as largest_ratio"),
    "not a number": (f"{HEADER}\n{GOOD.replace('0.5,J', 'nan,J')}\n".encode(), "'nan' as largest_ratio"),
    "a negative error": (f"{HEADER}\n{GOOD.replace('0.5,J', '-1,J')}\n".encode(), "'-1' as largest_ratio"),
    "the same row twice": (f"{HEADER}\n{GOOD}\n{GOOD}\n".encode(), "line 3 repeats kink"),
    "no text": (b"\xff\xfe\x00", "expected the table of a comparison"),
    "an open quote": (f'{HEADER}\n"kink\n'.encode(), "expected the table of a comparison"),
    "a long field": (f"{HEADER}\n{'x' * 200_000}\n".encode(), "field larger than field limit"),
    "many columns": (b",".join(b"%d" % k for k in range(1000)), "not the table of a comparison"),
}  # fmt: skip
BAD_JSON = {
    "not JSON": b"{", "a list": b"[]", "a number": b"1", "deep": b"[" * 100_000, "no text": b"\xff\xfe\xfd",
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
}  # fmt: skip


@pytest.mark.parametrize("command", ["diff", "merge", "history"])
@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_is_one_line(run: Run, command: str, name: str) -> None:
    content, words = BAD_TABLES[name]
    write(Path("runs/good"), [row()])
    bad = Path("runs/bad")
    bad.mkdir()
    (bad / "agreement.csv").write_bytes(content)
    code, out, err = run(command, *(["runs"] if command == "history" else ["runs/good", bad]))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert words in err
    assert "agreement.csv" in err


@pytest.mark.parametrize("name", BAD_JSON)
def test_a_bad_environment_is_one_line(run: Run, name: str) -> None:
    good, bad = write(Path("a"), [row()], {}), write(Path("b"), [row()])
    (bad / "environment.json").write_bytes(BAD_JSON[name])
    code, out, err = run("diff", good, bad)
    if name == "deep objects" and code == 0:
        return  # deep, and data all the same
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "environment.json" in err


@pytest.mark.parametrize(
    "words",
    [
        ("diff", "nowhere", "nowhere"), ("diff", "empty", "empty"), ("history", "nowhere"), ("history", "empty"),
        ("merge", "/dev/zero"), ("diff", "good", "good", "--html", "nowhere/x.html"),
        ("merge", "good", "-o", "good/agreement.csv/x"), ("history", "runs", "-o", "nowhere/h.html"),
    ],
)  # fmt: skip
def test_a_bad_request_is_one_line(run: Run, words: Sequence[str]) -> None:
    Path("empty").mkdir()
    write(Path("good"), [row()])
    write(Path("runs/good"), [row()])
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_a_table_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = write(tmp_path, [row(problem=str(k)) for k in range(9)])
    monkeypatch.setattr("crosscheck.runs.table.ROWS", 5)
    with pytest.raises(BadInput, match="more than 5 rows"):
        read(place)
    monkeypatch.setattr("crosscheck.runs.table.LARGEST", 100)
    with pytest.raises(BadInput, match="more than 100 bytes"):
        read(place)


def test_too_many_runs_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = [read(write(tmp_path / name, [row()])) for name in "ab"]
    monkeypatch.setattr("crosscheck.runs.many.RUNS", 1)
    with pytest.raises(BadInput, match="got 2 runs, expected at most 1"):
        merge(runs)
    with pytest.raises(BadInput, match="2 runs, expected at most 1"):
        history(tmp_path)


@given(st.text(max_size=40))
def test_nothing_that_a_table_says_reaches_a_terminal_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, cause: str
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    text = cause.replace("\0", "").encode(errors="ignore").decode()
    (line,) = read(write(folder, [row(cause=f"x{text}\x1b[31m")])).lines.values()
    assert line.cause.isprintable()


# ---------------------------------------------------------------- the plots of a comparison


def test_a_comparison_is_drawn_with_a_name_beside_each_curve() -> None:
    rows, seen = pages.judged("kink-2layer-relu", "float64", "mine/left", "numpy/by_hand")
    made = plots.of_comparison(rows, {("kink-2layer-relu", "float64"): seen})
    assert set(made) == {"plots/ratios_float64.svg", "plots/costs_float64.svg"}
    assert all(content.startswith(b"<?xml") and b"legend" not in content for content in made.values())
    assert made == plots.of_comparison(rows, {("kink-2layer-relu", "float64"): seen})


def test_a_comparison_without_an_answer_is_drawn_too() -> None:
    rows, _ = pages.judged("kink-2layer-relu", "float64", "numpy/by_hand")
    silent = [dataclasses.replace(row, comparisons=[], costs=()) for row in rows]
    assert list(plots.of_comparison(silent, {})) == ["plots/ratios_float64.svg"]


ASKED = ("compare", "--impl", "numpy/by_hand", "--problem", "kink-2layer-relu", "--dtype", "float64", "--plots")


def test_compare_writes_its_plots_into_the_set_and_can_be_held_against_itself(run: Run) -> None:
    assert run(*ASKED, "-q", "--out", "mine")[0] == 0
    assert {path.name for path in Path("mine/plots").iterdir()} == {"ratios_float64.svg", "costs_float64.svg"}
    code, out, _ = run("diff", "mine", "mine/agreement.csv")
    assert (code, "Bits: the same wherever both tables have them, 1 row." in out) == (0, True)


def test_plots_without_matplotlib_are_refused_before_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "available", lambda: False)
    code, _, err = run(*ASKED, "--out", "mine")
    assert (code, err.count("\n"), "--plots needs matplotlib" in err) == (2, 1, True)
    assert not Path("mine").exists()


@given(st.lists(st.floats(0, 1), max_size=6))
def test_labels_are_moved_apart_in_their_order(heights: list[float]) -> None:
    moved = plots.spread(heights, 0.1)
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    places = [moved[k] for k in order]
    assert all(b - a >= 0.1 - 1e-9 for a, b in pairwise(places))
