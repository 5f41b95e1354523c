"""A browser without a window, for the tests of pages, and what it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import BROWSER, DRIVER

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: it drives the browser")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.remote.webdriver import WebDriver  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

WAIT = 60  # seconds


class Browser:
    """Chromium without a window, and what it is asked."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, path: Path, fragment: str = "", width: int = 1280, dark: bool = False) -> None:
        """Open a page anew. On a busy machine the driver returns from large pages before they are read to their end."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(path.as_uri() + fragment)
        loaded = "return location.protocol === 'file:' && document.readyState === 'complete'"
        WebDriverWait(self.driver, WAIT).until(lambda driver: driver.execute_script(loaded))

    def says_and_asks_nothing(self) -> None:
        """Assert that the page wrote nothing to the console and loaded nothing but itself."""
        assert self.driver.get_log("browser") == []
        messages = [json.loads(each["message"])["message"] for each in self.driver.get_log("performance")]
        asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        assert all(url.startswith(("file:", "data:", "about:")) for url in asked), asked
        assert sum(url.startswith("file:") for url in asked) == 1

    def violations(self) -> list[tuple[str, str, str]]:
        """Return what axe finds wrong with the page: the rule, how grave it is, and where."""
        from axe_core_python.base import AXE_FILE_PATH

        self.driver.execute_script(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
        found = self.driver.execute_async_script("axe.run().then(arguments[0])")
        assert len(found["passes"]) > 10
        return [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found["violations"]]

    def too_wide(self) -> list[str]:
        """Return the beginnings of what is wider than the screen, or cut and can only be scrolled to."""
        script = """
            const width = document.documentElement.clientWidth;
            return [...document.querySelectorAll("body *")].filter(each =>
                each.getBoundingClientRect().right > width + 1 && each.getClientRects().length)
                .map(each => each.outerHTML.slice(0, 120))"""
        return list(self.driver.execute_script(script))

    def all(self, css: str) -> list[WebElement]:
        """Return the elements that match."""
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def one(self, css: str) -> WebElement:
        """Return the first element that matches."""
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def problems(self) -> list[str]:
        """Return the rows of the matrix, by name."""
        return [each.text for each in self.all(".matrix tbody th")]

    def variants(self) -> list[str]:
        """Return the columns of the matrix, by the name of the variant."""
        return [each.text for each in self.all(".matrix .variant")]

    def press(self, *keys: str) -> WebElement:
        """Press keys where the focus is, and return what has it then."""
        self.driver.switch_to.active_element.send_keys(*keys)
        return self.driver.switch_to.active_element

    def cell(self, implementation: str, problem: str, dtype: str = "float64") -> WebElement:
        """Return a cell of the matrix."""
        return self.one(f'button.half[aria-label^="{implementation} on {problem}, {dtype}:"]')


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    choices = webdriver.ChromeOptions()
    choices.binary_location = BROWSER or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        choices.add_argument(argument)
    choices.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=choices, service=webdriver.ChromeService(DRIVER))
    try:
        yield made
    finally:
        made.quit()
