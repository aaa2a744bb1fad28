"""The page of a film: its data, hostile titles, and what a user does in a browser."""

import json
import re

import numpy as np
import pytest

from protdiff.plots.film.film_page import film_data, write_film_page
from protdiff.plots.film.film_shape import viewed
from protdiff.plots.report.stored_structure import unpacked


@pytest.fixture(scope="module")
def page(film, tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.html"
    write_film_page(film, path)
    return path


def test_data_are_those_of_the_film(film, page):
    text = page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="film">(.*?)</script>', text)[1])
    assert data == json.loads(json.dumps(film_data(film)))
    traces = unpacked(data["traces"], data["unit"]).reshape(film.traces.shape)
    np.testing.assert_allclose(traces, viewed(film), atol=0.0051)
    assert data["periods"][0] == pytest.approx(80) and len(data["looks"]) == len(film)


def test_nothing_is_loaded_and_titles_are_texts(page):
    text = page.read_text(encoding="utf-8")
    # The only address is the name of SVG in a script that the report shares.
    assert set(re.findall(r"https?://[^\"' ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"(src|href|url)\s*[=(]", text.partition("<script>")[0])
    assert "default-src 'none'" in text
    assert "<script>document.title" not in text and "&lt;script&gt;document.title" in text
    assert len(text) < 100_000


@pytest.mark.browser
def test_in_a_browser(page, browser):
    from selenium.webdriver.common.keys import Keys

    browser.open(page, ready="document.body.dataset.drawn !== undefined")
    assert not browser.errors()
    assert browser.run("return document.title") != "bad"
    browser.until("document.body.dataset.drawn === '4'")  # it plays by itself
    assert browser.texts("#wavelength") == ["Wavelength 2 residues: all detail"]
    assert browser.texts("#modes") == ["39 of 39 modes"]
    if browser.texts("#play") == ["Pause"]:
        browser.find("#play").click()
    assert browser.texts("#play") == ["Play"]
    slider = browser.find("#frame")
    browser.run(
        "const s = document.getElementById('frame'); s.value = 1; "
        "s.dispatchEvent(new Event('input'))"
    )
    browser.until("document.body.dataset.drawn === '1'")
    assert browser.texts("#modes") != ["39 of 39 modes"]
    slider.send_keys(Keys.ARROW_LEFT)  # the left arrow steps back
    browser.until("document.body.dataset.drawn === '0'")
    pixels = "return document.getElementById('fold').toDataURL()"
    before = browser.run(pixels)
    browser.find("#fold").send_keys(Keys.ARROW_RIGHT)  # the right arrow turns the fold
    assert browser.run(pixels) != before
    browser.find("#fold").send_keys(Keys.HOME)  # Home turns it back
    assert browser.run(pixels) == before
    assert not browser.errors()
