"""A notebook in a real browser, without a network: ribbons that turn, or pictures of them."""

import base64
import io

import numpy as np
import pytest
from matplotlib.image import imread

import protdiff

from .conftest import helix

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=document.title='bad'>"
DRAWN = (
    "document.querySelectorAll('canvas').length >= {} && "
    "[...document.querySelectorAll('canvas')].every((c) => c.dataset.drawn)"
)


def notebook(*values, formatted):
    """A notebook whose cells show values, as HTML."""
    nbformat = pytest.importorskip("nbformat")
    exporters = pytest.importorskip("nbconvert").HTMLExporter
    new, cells = nbformat.v4, []
    for value in values:
        output = new.new_output("display_data", formatted(value))
        cells.append(new.new_code_cell("value", outputs=[output]))
    # The template "basic" loads nothing from a network.
    text = exporters(template_name="basic").from_notebook_node(new.new_notebook(cells=cells))[0]
    return f'<!doctype html><meta charset="utf-8"><title>good</title><body>{text}'


@pytest.fixture(scope="module")
def page(browser, example, formatted, tmp_path_factory):
    """A notebook of one backbone, and of twenty, in the browser."""
    path = tmp_path_factory.mktemp("notebook") / "notebook.html"
    names = [HOSTILE, *map(str, range(19))]
    many = protdiff.show([helix(12)] * 20, names)
    path.write_text(notebook(example, many, formatted=formatted), encoding="utf-8")
    browser.open(path, DRAWN.format(21))
    return browser


def picture(page):
    return imread(io.BytesIO(page.find("canvas").screenshot_as_png))[..., :3]


def test_ribbons_are_drawn_in_one_context(page):
    assert not page.errors()
    assert len(page.texts("canvas")) == 21
    assert page.run("return document.querySelectorAll('img').length") == 0  # pictures are replaced
    assert (picture(page).min(-1) < 0.9).mean() > 0.03
    colours = picture(page).reshape(-1, 3)
    blue, red = colours[:, 2] - colours[:, 0], colours[:, 0] - colours[:, 2]
    assert (blue > 0.3).any() and (red > 0.3).any()  # from the N- to the C-terminus


def test_names_are_texts(page):
    assert f"{HOSTILE} · 12 residues" in page.texts("figcaption")
    assert page.run("return document.title") == "good"


def test_dragging_and_keys_turn_a_ribbon(page):
    from selenium.webdriver import ActionChains, Keys

    start = picture(page)
    drag = ActionChains(page.driver, duration=20).move_to_element(page.find("canvas"))
    drag.click_and_hold().move_by_offset(60, 20).release().perform()
    page.until("document.querySelector('canvas').dataset.drawn > 1")
    dragged = picture(page)
    assert (np.abs(dragged - start).max(-1) > 0.1).mean() > 0.01
    page.find("canvas").send_keys(Keys.HOME)
    count = page.run("return document.querySelector('canvas').dataset.drawn")
    page.find("canvas").send_keys(Keys.ARROW_LEFT, Keys.HOME)
    page.until(f"document.querySelector('canvas').dataset.drawn > {count}")
    page.run("document.activeElement.blur()")
    assert (np.abs(picture(page) - start).max(-1) > 0.1).mean() < 0.001
    assert not page.errors()


def test_without_webgl_the_picture_stays(page, browser, example, formatted, tmp_path):
    off = "<script>HTMLCanvasElement.prototype.getContext = () => null</script>"
    path = tmp_path / "notebook.html"
    shown = formatted(example)
    path.write_text(f"<!doctype html><body>{off}{shown['text/html']}", encoding="utf-8")
    browser.open(path, "document.images.length && document.images[0].complete")
    height, width = imread(io.BytesIO(base64.b64decode(shown["image/png"]))).shape[:2]
    size = "return [document.images[0].naturalHeight, document.images[0].naturalWidth]"
    assert browser.run(size) == [height, width]
    assert not browser.errors()
