"""The report: what is kept for it, what it says, and that no name or message in it is anything but text."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from crosscheck.cli.destination import changed
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.core.plain import from_plain, to_plain
from crosscheck.core.records import Comparison, Tensor
from crosscheck.judge.evidence import CELLS, POINTS, RUNS, Background, from_afar, runs, sampled
from crosscheck.judge.verdict import Row
from crosscheck.problems.catalogue import Options
from crosscheck.problems.files.how import How
from crosscheck.report.html.entries import Entry, of_row
from crosscheck.report.html.page import Report, findings, options, render, title
from crosscheck.report.html.sections import sections
from crosscheck.report.words import of_heat
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.harness import pages
from tests.harness.test_cli import Run, run  # noqa: F401 (a fixture)
from tests.harness.test_resume import COMPARE, standing  # noqa: F401 (a fixture)

# ruff: noqa: F811 (a test's argument is the fixture)

WIDE, KINK = "digits-2layer-relu", "kink-2layer-relu"
RESULTS = Path(__file__).parents[2] / "results"


def comparison(tensor: str = "dW1") -> Comparison:
    return Comparison(Tensor(tensor), 0, 2.0, (0, 0), 1.0, 2.0, 0.5, None, None, 0.1, 0)


# ---------------------------------------------------------------- what is kept


def test_a_fault_at_a_tile_s_edge_is_kept_as_its_columns():
    (row,), _ = pages.judged(WIDE, "float64", "tiles/tiled")
    heat = row.heat
    assert heat is not None
    assert (heat.tensor, heat.shape, heat.block, heat.unit) == ("dW1", (16, 64), (1, 1), "bound")
    assert heat.columns == ((14, 15), (30, 31), (46, 47), (62, 63))
    ratios = np.array(heat.ratios)
    assert ratios.shape == heat.shape
    assert (ratios > 1).sum() == heat.outside
    assert of_heat(heat).endswith("all of them in columns 14 to 15, 30 to 31, 46 to 47, 62 to 63")


def test_a_row_that_agrees_keeps_no_map():
    (row,), _ = pages.judged(WIDE, "float64", "numpy/by_hand")
    assert (row.verdict, row.heat) == (Verdict.AGREES, None)


def test_a_fault_of_the_steps_is_kept_as_one_of_the_parameters():
    (row,), _ = pages.judged(WIDE, "float64", "mine/late")
    assert row.heat is not None
    assert row.heat.tensor in ("fit: b1", "fit: b2")


def test_a_convention_is_kept_where_it_leaves_the_oracle():
    (row,), _ = pages.judged(KINK, "float64", "mine/left")
    assert row.verdict is Verdict.CONVENTION
    assert row.heat is not None
    assert row.heat.outside > 0


def test_what_is_kept_of_a_row_goes_through_the_journal():
    (row,), seen = pages.judged(WIDE, "float64", "tiles/tiled")
    for record in (row, seen):
        assert from_plain(Row | Background, json.loads(json.dumps(to_plain(record)))) == record


@given(
    arrays(float, st.tuples(st.integers(1, 200), st.integers(1, 200)), elements=st.floats(-1, 1e6), fill=st.just(0.0))
)
def test_a_map_is_bounded_and_hides_no_error(ratios):
    heat = from_afar(comparison(), "bound", ratios)
    seen = np.array(heat.ratios)
    assert max(seen.shape) <= CELLS
    assert heat.outside == (ratios > 1).sum()
    for (i, j), largest in np.ndenumerate(seen):
        (r, c), block = heat.block, ratios
        of = block[i * r : (i + 1) * r, j * c : (j + 1) * c]
        assert largest == float(f"{of.max():.3g}")


@given(st.lists(st.booleans(), max_size=60))
def test_runs_are_where_marks_are(marks):
    found = runs(np.array(marks, dtype=bool))
    there = {k for first, last in found for k in range(first, last + 1)}
    changes = sum(a != b for a, b in zip([False, *marks], [*marks, False], strict=True)) // 2
    assert there == ({k for k, mark in enumerate(marks) if mark} if changes <= RUNS else set())


@given(st.integers(0, 10**6))
def test_the_sampled_iterations_are_few_and_have_both_ends(length):
    at = sampled(length)
    assert len(at) == min(length, POINTS)
    assert list(at) == sorted(set(at))
    assert not length or (at[0], at[-1]) == (0, length - 1)


@pytest.mark.parametrize(
    ("heat", "words"),
    [
        ((3, (4, 8), ((1, 1),), ((0, 2),)), "3 of 32 elements of dW1 are off by more than the bound, all of them in "
         "row 1 and columns 0 to 2"),
        ((32, (4, 8), ((0, 3),), ((0, 7),)), "all 32 elements of dW1 are off by more than the bound"),
        ((9, (4, 8), (), ()), "9 of 32 elements of dW1 are off by more than the bound"),
        ((1, (4, 8), ((1, 1),), ((5, 5),)), "1 of 32 elements of dW1 is off by more than the bound"),
    ],
)  # fmt: skip
def test_the_words_of_a_map_say_where_and_no_more_than_that(heat, words):
    outside, shape, rows, columns = heat
    kept = from_afar(comparison(), "bound", np.zeros(shape))
    assert of_heat(kept._replace(outside=outside, rows=rows, columns=columns)) == words


# ---------------------------------------------------------------- what it says


def entry(verdict: Verdict, name: str = "mine/x", problem: str = "kink", kind: str = "k") -> Entry:
    return Entry(problem, name, "float64", "cpu", verdict, None, "", "why", kind)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ("agrees agrees", "All 2 comparisons agree with the oracle."),
        ("agrees disagrees", "1 disagrees of 2 comparisons: mine/x on 1 problem."),
        ("disagrees disagrees failed", "2 disagree and 1 failed of 3 comparisons: mine/x on 1 problem."),
        ("agrees convention", "Nothing disagrees: 1 of 2 comparisons agree, 1 differs by a declared convention."),
        ("suspect not_run not_run", "Nothing disagrees: 0 of 3 comparisons agree, 1 is suspect, 2 did not run."),
    ],
)
def test_the_first_sentence_says_how_it_went(verdicts, words):
    assert title([entry(Verdict[name.upper()]) for name in verdicts.split()]) == words


def test_one_finding_is_made_of_the_rows_of_one_reason():
    entries, _ = pages.entries([WIDE, "flower-2layer-tanh"], ["numpy/by_hand", "mine/sign", "tiles/tiled"])
    found = findings(entries)
    assert [(each.entry.implementation, each.rows, each.problems) for each in found] == [
        ("mine/sign", 4, 2), ("tiles/tiled", 2, 1),
    ]  # fmt: skip
    assert found[0].entry.detail["why"]["lines"] == [[["dZ = A - Y"], ["dZ = Y - A"]]]
    assert found[1].entry.first.startswith("dW1[")


def test_quiet_findings_name_all_who_share_them():
    found = findings([entry(Verdict.UNDEFINED, name) for name in ("a/x", "b/x")] + [entry(Verdict.AGREES)])
    assert [each.implementations for each in found] == [["a/x", "b/x"]]


def test_the_options_of_a_run_are_repeated_as_they_are_typed():
    wanted = Options(
        Path("my data.csv"),
        How(drop=["id", "day of week"], rows=False, header=False),
        standardise=True,
        learning_rate=0.1,
    )
    said = options({"settings": {"device": "cuda", "options": changed(wanted)}})
    assert said["words"] == (
        "--data 'my data.csv' --standardise --learning-rate 0.1 --drop id --drop 'day of week' --columns --no-header "
        "--device cuda"
    )
    assert options({}) == {"words": "", "data": ""}


class Parsed(HTMLParser):
    """The scripts, the elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = dict(attrs).get("id") or tag if tag == "script" else ""

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[self.inside] = self.scripts.get(self.inside, "") + data


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}} ' \" ] ]> \u2028 \ud800 <!--"


def test_no_name_and_no_message_is_anything_but_text():
    failure = Failure(Stage.CASE, Kind.RAISED, HOSTILE)
    row = Row(HOSTILE, HOSTILE, "float64", "cpu", Verdict.FAILED, failure)
    environment = {"processor": HOSTILE, "frameworks": {HOSTILE: {HOSTILE: HOSTILE}}, "settings": {"options": {}}}
    page = Parsed(render(Report([of_row(row, None)], {}, environment, note=HOSTILE)))
    assert list(page.scripts) == ["index", "details", "script"]
    assert "img" not in {tag for tag, _ in page.elements}
    assert json.loads(page.scripts["index"])["problems"] == [HOSTILE]
    assert HOSTILE in json.loads(page.scripts["details"])[0]["cause"]
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_a_page_asks_for_nothing_and_lets_no_other_script_run():
    text = pages.page([WIDE], ["numpy/by_hand", "tiles/tiled"])
    page = Parsed(text)
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")]
    assert all((link or "").startswith(("#", "data:")) for link in links)
    (policy,) = (a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv"))
    assert "default-src 'none'" in (policy or "")
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)


def test_numbers_that_are_not_finite_are_words_in_the_page():
    (row,), seen = pages.judged(WIDE, "float64", "numpy/by_hand")
    odd = [c._replace(ratio=float("inf"), ulps=float("inf"), got=float("nan")) for c in row.comparisons]
    wild = dataclasses.replace(row, comparisons=odd, costs=(float("nan"), float("inf"), 1.0, 1.0))
    details = json.loads(Parsed(render(Report([of_row(wild, seen)], {}, {}))).scripts["details"])
    assert details[0]["tensors"][0][1] == "inf"
    assert details[0]["costs"][:2] == ["nan", "inf"]


# ---------------------------------------------------------------- the command


def test_the_page_of_a_comparison_can_be_made_again_from_its_folder(run: Run, standing):
    standing()
    code, out, _ = run(*COMPARE)
    assert code == 1
    assert "Report: mine/report.html" in out
    first = Path("mine/report.html").read_text()
    assert "dZ[L] is wrong" in first
    Path("mine/report.html").unlink()
    assert run("report", "mine")[:2] == (0, "Report: mine/report.html\n")
    assert Path("mine/report.html").read_text() == first
    assert run("report", "mine", "-o", "other.html")[0] == 0
    assert Path("other.html").read_text() == first


def test_without_its_journal_a_folder_still_has_a_matrix(run: Run, standing):
    standing()
    run(*COMPARE)
    Path("mine/agreement.jsonl").unlink()
    assert run("report", "mine")[0] == 0
    page = Parsed(Path("mine/report.html").read_text())
    assert len(json.loads(page.scripts["index"])["rows"]) == 16
    assert "agreement.jsonl, the journal of this run, is not here" in Path("mine/report.html").read_text()


@pytest.mark.parametrize("change", ["table", "journal"])
def test_a_journal_that_is_not_the_table_s_gives_no_details(run: Run, standing, change):
    standing()
    run(*COMPARE)
    path = Path("mine") / ("agreement.csv" if change == "table" else "agreement.jsonl")
    path.write_text(path.read_text().replace(",agrees,", ",suspect,", 1) if change == "table" else "{}\n{}\n")
    assert run("report", "mine")[0] == 0
    text = Path("mine/report.html").read_text()
    assert "no tensors, heat maps and cost curves" in text
    assert not json.loads(Parsed(text).scripts["index"])["backgrounds"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "agreement.csv: no such file, expected a folder that compare has written"),
        ("a,b\n1,2\n", "not a table of a comparison, expected the columns problem, implementation"),
        ("", "not a table of a comparison"),
        ("\0\xff", "expected the table of a comparison"),
        ("problem,implementation,dtype,device,verdict,largest_ratio,tensor,cause\np,i,d,c,fine,,,\n",
         "line 2 has the verdict 'fine', expected one of agrees"),
        ("problem,implementation,dtype,device,verdict,largest_ratio,tensor,cause\np,i,d,c,agrees,x,,\n",
         "line 2 has 'x' as largest_ratio, expected a number"),
    ],
)  # fmt: skip
def test_what_is_no_folder_of_results_is_refused_in_one_line(run: Run, content, words):
    Path("mine").mkdir()
    if content is not None:
        Path("mine/agreement.csv").write_text(content, encoding="latin-1")
    code, out, err = run("report", "mine")
    assert (code, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
    assert not Path("mine/report.html").exists()


def test_an_environment_that_is_no_data_is_refused(run: Run, standing):
    standing()
    run(*COMPARE)
    Path("mine/environment.json").write_text("{")
    code, _, err = run("report", "mine")
    assert code == 2
    assert "mine/environment.json: cannot be read" in err


# ---------------------------------------------------------------- the other tables


def test_the_other_tables_in_a_folder_are_sections(tmp_path):
    for name in ("mutation.csv", "false_alarms.csv", "claims.csv", "speed.csv"):
        shutil.copy(RESULTS / name, tmp_path / name)
    found = {each.name: each for each in sections(tmp_path)}
    assert list(found) == ["mutation", "claims", "speed"]
    assert all(each.tables for each in found.values())
    (row,), seen = pages.judged(WIDE, "float64", "numpy/by_hand")
    text = render(Report([of_row(row, seen)], {}, {}, list(found.values())))
    assert all(each.source in text and each.words in text for each in found.values())
    ours = found["mutation"].tables[0].rows[0]
    assert ours[0] == "Crosscheck"
    said = (RESULTS / "mutation.md").read_text(encoding="utf-8")
    line = next(line for line in said.splitlines() if line.startswith("| `disagrees` or `suspect` |"))
    shares = [cell.split("(")[0].strip() for cell in line.split("|")]
    assert [getattr(bar, "text", "") for bar in ours[1:3]] == [shares[2], shares[4]]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\0", b'"' * 1000])
def test_another_file_of_that_name_is_left_out(tmp_path, content):
    for name in ("mutation", "claims", "speed"):
        (tmp_path / f"{name}.csv").write_bytes(content)
    assert sections(tmp_path) == []
