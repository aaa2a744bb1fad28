"""A Chromium without a network that opens pages from their files."""

import shutil
import time

import pytest

SWITCHES = (
    "--headless", "--no-sandbox", "--no-first-run", "--disable-quic", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--window-size=920,760",
)  # fmt: skip
#: Seconds that a page may take on a machine that is busy.
PATIENCE = 120


class Browser:
    """A page in Chromium, with what tests do to it."""

    def __init__(self, driver, downloads):
        self.driver, self.downloads = driver, downloads

    def open(self, page, ready="document.body.dataset.ready === 'yes'"):
        """Open a page, and wait until an expression says that it is ready."""
        self.driver.get(page.as_uri())
        self.until(ready)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition):
        """Wait until an expression is true, and return its value."""
        end = time.monotonic() + PATIENCE
        while not (value := self.run(f"return {condition}")):
            assert time.monotonic() < end, condition
            time.sleep(0.05)
        return value

    def find(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """Texts of all elements."""
        script = "return [...document.querySelectorAll(arguments[0])].map((n) => n.textContent)"
        return self.run(script, selector)

    def choose(self, selector, value):
        """A value of a list or a text in a field, as a user enters it."""
        script = (
            "const n = document.querySelector(arguments[0]); n.value = arguments[1];"
            "n.dispatchEvent(new Event('input')); n.dispatchEvent(new Event('change'))"
        )
        self.run(script, selector, value)

    def exported(self, kind, name):
        """Text of a file that the page exports."""
        self.choose("#export", kind)
        path, end = self.downloads / name, time.monotonic() + PATIENCE
        while not path.is_file():
            assert time.monotonic() < end, name
            time.sleep(0.05)
        text = path.read_text(encoding="utf-8")
        path.unlink()
        return text

    def errors(self):
        """Errors in the console since the last call."""
        return [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium without a network."""
    selenium = pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
    assert selenium
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    driver_program = shutil.which("chromedriver")
    if program is None or driver_program is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        driver = webdriver.Chrome(options, Service(driver_program))
    except WebDriverException as error:
        pytest.skip(f"Chromium does not start here: {str(error).splitlines()[0]}")
    driver.set_page_load_timeout(PATIENCE)
    driver.set_script_timeout(PATIENCE)
    downloads = tmp_path_factory.mktemp("downloads")
    no_network = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd("Network.emulateNetworkConditions", no_network)
    allowed = {"behavior": "allow", "downloadPath": str(downloads)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    yield Browser(driver, downloads)
    driver.quit()
