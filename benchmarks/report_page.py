"""The report in a browser: size of the file, and seconds until rows and a structure are seen.

    python benchmarks/report_page.py [--rows 8 200 5000] [--repeats 3]

Structures are jittered copies (0.15 Å) of 40 samples of 150 residues. Chromium is headless, without
a graphics card and without a network. Times are from the call of the page until rows can be read,
the first picture of a structure is there, and plotly has drawn it so that it can be turned. Needs
the packages of the extra `test`, Chromium and its driver.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from results import write_result
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import protdiff
from protdiff.cli._shared.report_writer import write_report

SWITCHES = (
    "--headless", "--no-sandbox", "--disable-background-networking", "--use-gl=angle",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--window-size=1400,900",
)  # fmt: skip
LENGTH, DIFFERENT, JITTER = 150, 40, 0.15
#: What the page notes: when rows can be read, the first picture is there, and it can be turned.
MARKS = ("rows", "picture", "turns")
TIMES = "return arguments[0].map((name) => performance.getEntriesByName(name)[0]?.startTime / 1e3)"
#: A filter that keeps about half of the rows; its time is that of the page alone.
FILTER = """
const field = document.getElementById("filter"), began = performance.now();
field.value = "outside < 2";
field.dispatchEvent(new Event("input"));
return performance.now() - began;
"""


def designs(folder, count, samples):
    """Files of so many jittered samples."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(count):
        sample = samples[k % len(samples)]
        coords = sample.coords + rng.normal(0, JITTER, sample.coords.shape)
        protdiff.write(replace(sample, coords=coords), folder / f"design_{k:04}.pdb")
    return folder


def browser():
    """A headless Chromium without a network."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    for switch in SWITCHES:
        options.add_argument(switch)
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    return driver


def opened(page):
    """Seconds of the marks, and of a filter; version of the browser."""
    driver = browser()
    try:
        driver.get(page.as_uri())
        while None in (times := driver.execute_script(TIMES, MARKS)):
            time.sleep(0.05)
        return *times, driver.execute_script(FILTER) / 1e3, driver.capabilities["browserVersion"]
    finally:
        driver.quit()


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[8, 200, 5000])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    samples = protdiff.generate(LENGTH, num=DIFFERENT, seed=0)
    rows, version = [], ""
    for count in options.rows:
        with tempfile.TemporaryDirectory() as scratch:
            page = Path(scratch, "report.html")
            began = time.perf_counter()
            write_report([str(designs(Path(scratch, "designs"), count, samples))], page)
            written = time.perf_counter() - began
            times = [opened(page) for _ in range(options.repeats)]
            version = times[0][-1]
            seconds = [median(t[k] for t in times) for k in range(4)]
            row = {
                "count": count, "megabytes": page.stat().st_size / 1e6, "written": written,
                **dict(zip((*MARKS, "filtered"), seconds, strict=True)),
            }  # fmt: skip
            print(row, flush=True)
            rows.append(row)
    numbers = {"length": LENGTH, "chromium": version.split(".")[0], "pages": rows}
    write_result("report_page", numbers, weights=None)


if __name__ == "__main__":
    main()
