"""The report in a real browser: it asks for nothing, filters, keys and clicks work, and axe finds nothing wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from crosscheck.core.failures import Failure, Kind, Stage, Verdict
from crosscheck.judge.verdict import Row
from crosscheck.report.html.entries import of_row
from crosscheck.report.html.page import Report, render
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.harness import pages
from tests.harness.chromium import Browser, WebDriver, driver, webdriver  # noqa: F401 (a fixture)
from tests.harness.test_report import HOSTILE, WIDE

# ruff: noqa: F811 (a test's argument is the fixture)
pytestmark = pytest.mark.browser
PROBLEMS, NAMES = [WIDE, "flower-2layer-tanh", "kink-2layer-relu"], [
    "numpy/by_hand", "tiles/tiled", "mine/sign", "mine/left",
]  # fmt: skip
ROWS = 2 * len(PROBLEMS) * len(NAMES)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(pages.page(PROBLEMS, NAMES), encoding="utf-8")
    return path


@pytest.fixture
def browser(driver: WebDriver, page: Path) -> Browser:
    browser = Browser(driver)
    browser.open(page)
    return browser


def test_it_opens_without_an_error_and_asks_for_nothing(browser):
    browser.says_and_asks_nothing()
    assert len(browser.all("button.half")) == ROWS


def test_the_top_says_what_differs_where_and_why(browser):
    assert browser.one("h1").text.endswith("8 disagree of 24 comparisons: 2 implementations on 3 problems.")
    findings = [each.text for each in browser.all(".finding")]
    assert "- dZ = Y - A" in findings[1]
    assert "+ dZ = A - Y" in findings[1]
    assert "all of them in columns 14 to 15, 30 to 31, 46 to 47, 62 to 63" in findings[0]


def test_filters_leave_what_is_asked_for(browser):
    assert browser.problems() == PROBLEMS
    assert browser.variants() == ["by_hand", "tiled", "sign", "left"]
    browser.one("input[name='framework numpy']").click()
    assert browser.variants() == ["tiled", "sign", "left"]
    browser.one("input[name='verdict disagrees']").click()
    assert browser.variants() == ["tiled", "left"]
    assert browser.one("#status").text.endswith(f"of {ROWS} comparisons")
    browser.one("#f-problem").send_keys("KINK")
    assert browser.problems() == ["kink-2layer-relu"]
    browser.one("#f-problem").send_keys("nothing")
    assert browser.problems() == []
    assert "filtered out" in browser.one("#scroll").text


def test_rows_can_be_ordered_by_name_by_error_and_by_one_implementation_s_error(browser):
    def order(value: str) -> None:
        browser.one(f"#f-order option[value={value}]").click()

    order("name")
    assert browser.problems() == sorted(PROBLEMS)
    order("run")
    assert browser.problems() == PROBLEMS
    browser.all(".matrix .variant button")[1].click()
    assert browser.problems()[0] == WIDE
    assert browser.all(".matrix .variant")[1].get_attribute("aria-sort") == "descending"


def test_a_click_opens_all_that_is_known_of_a_cell(browser):
    browser.cell("tiles/tiled", WIDE).click()
    dialog = browser.one("dialog")
    assert dialog.get_attribute("open")
    assert f"tiles/tiled on {WIDE}" in dialog.text
    assert "x the bound" in browser.one(".numbers").text
    assert browser.one(".chip.first").text == "✕ dW1"
    assert "wrong first: dW1" in (browser.one("svg.network").get_attribute("aria-label") or "")
    assert len(browser.all(".heat rect[data-at]")) == 16 * 64
    assert "columns 14 to 15, 30 to 31" in (browser.one("svg.heat").get_attribute("aria-label") or "")
    assert browser.one(".tensors tr.outside").text.startswith("✕ dW1")
    assert len(browser.all(".chart svg path.curve.run")) == 2
    assert "4 of 4 steps of fit were certified" in dialog.text
    command = f"crosscheck explain --impl tiles/tiled --problem {WIDE} --dtype float64"
    assert browser.one(".command code").text == command
    assert browser.driver.get_log("browser") == []


def test_a_convention_is_not_called_wrong(browser):
    browser.cell("mine/left", "kink-2layer-relu").click()
    assert "wrong" not in browser.one("dialog").text
    assert browser.one(".chip.differs").text == "≈ db1"
    assert browser.one(".lead").text.startswith("By the oracle's own convention ")


def test_the_line_that_differs_is_shown(browser):
    browser.cell("mine/sign", WIDE).click()
    assert browser.one("dialog pre.diff del").text == "- dZ = Y - A"
    assert browser.one("dialog pre.diff ins").text == "+ dZ = A - Y"


def test_an_element_of_the_map_tells_its_error(browser):
    browser.cell("tiles/tiled", WIDE).click()
    place = browser.one(".heat rect[data-at='3,15']")
    browser.driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", place)
    webdriver.ActionChains(browser.driver).move_to_element(place).perform()
    assert browser.one(".readout").text.startswith("dW1[3, 15]: ")


def test_the_other_precision_is_one_click_away_and_a_twin_says_so(browser):
    browser.cell("mine/sign", "kink-2layer-relu").click()
    browser.all(".switch button")[1].click()
    assert browser.all(".switch button")[1].get_attribute("aria-pressed") == "true"
    assert "--dtype float32" in browser.one(".command code").text


def test_the_keyboard_goes_from_cell_to_cell_opens_and_closes(browser):
    start = browser.one("button.half[tabindex='0']")
    assert len(browser.all("button.half[tabindex='0']")) == 1
    browser.driver.execute_script("arguments[0].focus()", start)
    at = browser.press(Keys.ARROW_DOWN)
    assert "flower-2layer-tanh, float64" in (at.get_attribute("aria-label") or "")
    at = browser.press(Keys.ARROW_RIGHT)
    assert "flower-2layer-tanh, float32" in (at.get_attribute("aria-label") or "")
    at = browser.press(Keys.END)
    assert (at.get_attribute("aria-label") or "").startswith("mine/left on flower-2layer-tanh, float32")
    at = browser.press(Keys.HOME)
    browser.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    browser.press(Keys.ENTER)
    assert browser.one("#cell-title").text == "tiles/tiled on flower-2layer-tanh"
    browser.press(Keys.ESCAPE)
    assert not browser.one("dialog").get_attribute("open")
    label = browser.driver.switch_to.active_element.get_attribute("aria-label") or ""
    assert label.startswith("tiles/tiled on flower-2layer-tanh, float64")


def test_a_link_opens_a_cell(browser, page):
    browser.open(page, f"#tiles%2Ftiled|{WIDE}|float32")
    assert browser.one("#cell-title").text == f"tiles/tiled on {WIDE}"
    browser.one("#close").click()
    WebDriverWait(browser.driver, 10).until(lambda driver: "#" not in driver.current_url)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("fragment", ["", f"#tiles%2Ftiled|{WIDE}|float64"], ids=["page", "cell"])
def test_axe_finds_nothing_serious(browser, page, width, dark, fragment):
    browser.open(page, fragment, width, dark)
    assert browser.violations() == []


@pytest.mark.parametrize("fragment", ["", f"#tiles%2Ftiled|{WIDE}|float64"], ids=["page", "cell"])
def test_on_a_phone_nothing_is_wider_than_the_screen(browser, page, fragment):
    browser.open(page, fragment, width=390)
    assert browser.driver.execute_script("return document.documentElement.scrollWidth") == 390
    assert browser.driver.execute_script("const d = document.getElementById('cell'); return d.scrollWidth") <= 390


def test_on_a_phone_what_is_wrong_first_is_in_sight(browser, page):
    browser.open(page, f"#tiles%2Ftiled|{WIDE}|float64", width=390)
    place = browser.one(".chip.first").rect
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= 390


def test_what_is_printed_has_the_matrix_and_no_controls(browser):
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.one("button.half").is_displayed()
        assert not browser.one(".filters").is_displayed()
        assert not browser.one("nav").is_displayed()
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_a_hostile_name_is_text(browser, tmp_path):
    name = HOSTILE.replace("\ud800", "")  # which the driver cannot read
    row = Row(name, name, "float64", "cpu", Verdict.FAILED, Failure(Stage.CASE, Kind.RAISED, name))
    path = tmp_path / "hostile.html"
    path.write_text(render(Report([of_row(row, None)], {}, {"processor": name})), encoding="utf-8")
    browser.open(path)
    browser.one("button.half").click()
    assert "<img src=x onerror=alert(1)>" in browser.one("dialog").text
    assert browser.all("img") == []
    assert browser.driver.get_log("browser") == []


def test_thousands_of_rows_can_be_filtered_and_opened(browser, tmp_path):
    path = tmp_path / "many.html"
    path.write_text(pages.many(5000), encoding="utf-8")
    browser.open(path)
    assert len(browser.all("button.half")) >= 5000
    browser.one("#f-order option[value=worst]").click()
    browser.one("#f-problem").send_keys("problem 12")
    assert set(browser.problems()) == {each for each in browser.problems() if each.startswith("problem 12")}
    browser.all("button.half")[0].click()
    assert browser.one("dialog").get_attribute("open")
    assert browser.driver.get_log("browser") == []
