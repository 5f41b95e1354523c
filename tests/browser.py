"""The browser that the report is tested in, and how long a page of thousands of rows takes to load in it.

    python -m tests.browser --rows 5000

prints the size of the page, the median time until it is drawn, and until a cell is open.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
THERE = bool(BROWSER and DRIVER)
REQUIRED = bool(os.environ.get("CI"))  # there a test that cannot run fails
PAINTED = "requestAnimationFrame(() => setTimeout(arguments[0]))"
LEFT_OUT = (
    "The tests of the report in a browser were left out: chromium and chromedriver are not here "
    "(apt-get install chromium chromium-driver)."
)


def main() -> None:
    """Load a page some times and print how long it took."""
    from selenium import webdriver

    from tests.harness import pages

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--times", type=int, default=7)
    arguments = parser.parse_args()
    choices = webdriver.ChromeOptions()
    choices.binary_location = BROWSER or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        choices.add_argument(argument)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.html"
        path.write_text(pages.many(arguments.rows), encoding="utf-8")
        driver = webdriver.Chrome(options=choices, service=webdriver.ChromeService(DRIVER))
        loads, opens = [], []
        try:
            for _ in range(arguments.times):
                driver.get("about:blank")
                start = time.perf_counter()
                driver.get(path.as_uri())
                driver.execute_async_script(PAINTED)
                loads.append(time.perf_counter() - start)
                start = time.perf_counter()
                driver.execute_async_script(f"document.querySelector('button.half').click(); {PAINTED}")
                opens.append(time.perf_counter() - start)
        finally:
            driver.quit()
        print(
            f"{arguments.rows} rows, {path.stat().st_size / 1e6:.1f} MB: drawn after {statistics.median(loads):.2f} s "
            f"(at most {max(loads):.2f}), a cell open {statistics.median(opens):.2f} s after a click"
        )


if __name__ == "__main__":
    main()
