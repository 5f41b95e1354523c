"""The pages of two runs and of a history in a real browser: legible at both widths, and axe finds nothing wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from crosscheck.report.html.runs import of_difference, of_history
from crosscheck.runs.difference import difference
from crosscheck.runs.many import history
from crosscheck.runs.table import read

from tests.harness.chromium import Browser, WebDriver, driver  # noqa: F401 (a fixture)
from tests.harness.test_runs import row, write

# ruff: noqa: F811 (a test's argument is the fixture)
pytestmark = pytest.mark.browser
CAUSE = "dW1[3, 15] at iteration 0: got 0.0031, oracle 0.0044, bound 3.1e-15; " + "every db is right: look there; " * 8
WRONG = {"verdict": "disagrees", "cause": CAUSE, "bits": "bb" * 32, "largest_ratio": "inf", "tensor": "dW1"}
RUNS = [
    [row(), row(problem="iris"), row(problem="a_rather_long_name_of_a_problem-3layer-leaky_relu"), row(problem="went")],
    [row(**WRONG), row(problem="iris", bits="c" * 64, J_noise="1e150"), row(problem="came", verdict="suspect"),
     row(problem="a_rather_long_name_of_a_problem-3layer-leaky_relu", data="e")],
]  # fmt: skip
ENVIRONMENTS = [{"time": f"2026-1{k}-01", "variables": {"OMP_NUM_THREADS": str(k + 1)}} for k in range(2)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    old, new = (read(write(folder / f"run {k}", RUNS[k], ENVIRONMENTS[k])) for k in range(2))
    (folder / "diff.html").write_text(of_difference(difference(old, new)), encoding="utf-8")
    (folder / "history.html").write_text(of_history(history(folder)), encoding="utf-8")
    return folder


@pytest.fixture
def browser(driver: WebDriver) -> Browser:
    return Browser(driver)


@pytest.mark.parametrize("name", ["diff.html", "history.html"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_loads_nothing_and_axe_finds_nothing(browser, folder, name, width, dark):
    browser.open(folder / name, width=width, dark=dark)
    browser.says_and_asks_nothing()
    assert browser.violations() == []


@pytest.mark.parametrize("width", [1280, 390])
def test_every_word_of_a_difference_is_in_sight(browser, folder, width):
    browser.open(folder / "diff.html", width=width)
    assert browser.too_wide() == []
    text = browser.one("main").text
    assert "1 row got worse" in text
    assert " ".join(CAUSE.split()) in " ".join(text.split())
    for title in ("Verdicts that changed", "Rows that came", "Rows that went", "Errors that moved", "Other bits"):
        assert title in text
    assert "OMP_NUM_THREADS" in text


def test_a_history_has_a_panel_for_each_implementation(browser, folder):
    browser.open(folder / "history.html", width=390)
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") == 390
    assert [each.text.splitlines()[0] for each in browser.all(".panel")] == ["numpy/fast"]
    assert "the last" in (browser.one(".panel svg").get_attribute("aria-label") or "")
