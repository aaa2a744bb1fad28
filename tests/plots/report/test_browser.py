"""The report in a real browser, without a network: what a user does in it, and hostile names."""

import io
import re

import numpy as np
import pytest
from matplotlib.image import imread

import protdiff
from protdiff.cli._shared.report_writer import write_report
from protdiff.plots.report.entry import Entry
from protdiff.plots.report.report_page import Column, write_page

from .conftest import HOSTILE

pytestmark = pytest.mark.browser
NAMES = "#table td.name"


@pytest.fixture(scope="module")
def page(browser, eight, tmp_path_factory):
    """The report of eight designs in the browser; tests leave it as they find it."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    assert write_report([str(eight)], path) == 1
    browser.open(path)
    browser.until("document.body.dataset.row !== undefined")
    return browser


@pytest.fixture
def fresh(page):
    """The same page without a filter, and with a structure in view."""
    page.choose("#filter", "")
    if page.run("return document.getElementById('strip').children.length") == 0:
        select(page, "design_0")
    return page


def select(page, name):
    """Click a row, and wait until its structure is drawn."""
    page.run("delete document.body.dataset.row")
    click(page, NAMES, name)
    page.until("document.body.dataset.row !== undefined")


def click(page, selector, text):
    """Click the first of some elements whose text begins so."""
    script = (
        "[...document.querySelectorAll(arguments[0])]"
        ".find((node) => node.textContent.startsWith(arguments[1])).click()"
    )
    page.run(script, selector, text)


def press(page, selector, *keys):
    page.find(selector).send_keys(*keys)


def picture(page):
    return imread(io.BytesIO(page.find("#viewer").screenshot_as_png))


def test_it_opens_without_a_network_and_without_errors(page):
    assert not page.errors()
    assert page.run("return navigator.onLine") is False
    loaded = page.run("return performance.getEntriesByType('resource').map((e) => e.name)")
    assert all(name.startswith(("blob:", "data:")) for name in loaded)
    assert page.texts("#summary") == ["9 structures, 1 failed"]
    assert len(page.texts(NAMES)) == 9
    assert (picture(page)[..., :3].min(-1) < 0.9).mean() > 0.01  # something is drawn


def test_hostile_names_are_texts(page):
    shown = set(page.texts(NAMES))
    assert {name.replace(" ", "_") for name in HOSTILE} <= shown
    assert "bad" not in page.run("return document.title")
    assert page.run("return document.querySelectorAll('#table img, #table script').length") == 0


def test_a_click_on_a_heading_sorts(fresh):
    for _ in range(2):
        click(fresh, "th button", "residues")
    column = fresh.texts("#table tr[data-row] td:nth-child(3)")
    residues = [int(text) for text in column[:-1]]
    assert residues == sorted(residues)
    assert column[-1] == ""  # the failed row is last in either direction
    assert fresh.texts("th[aria-sort=ascending]") == ["residues ↑"]


def test_the_filter_takes_words_and_conditions(fresh):
    fresh.choose("#filter", "DESIGN_ residues>=30")
    assert sorted(fresh.texts(NAMES)) == [f"design_{k}" for k in range(5)]
    assert fresh.texts("#count") == ["5 of 9"]
    fresh.choose("#filter", "design_3 residues > 99")
    assert not fresh.texts(NAMES)
    fresh.choose("#filter", "nothing > 1")
    assert fresh.texts("#count") == ["no column nothing"]


def test_keys_choose_rows_and_turn_the_structure(fresh):
    from selenium.webdriver.common.keys import Keys

    fresh.choose("#filter", "design_")
    names = fresh.texts(NAMES)
    press(fresh, "#table", Keys.HOME, Keys.ARROW_DOWN, " ")
    fresh.until(f"document.getElementById('name').textContent === '{names[1]}'")
    assert fresh.texts("#chosen") == ["1 marked"]
    press(fresh, "#table", " ", Keys.HOME, Keys.ENTER)
    assert fresh.run("return document.activeElement.id") == "viewer"
    fresh.until(f"document.getElementById('name').textContent === '{names[0]}'")
    before = picture(fresh)
    press(fresh, "#viewer", Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    fresh.until("document.getElementById('viewer').layout.scene.camera.eye.x !== 0")
    assert (np.abs(picture(fresh) - before).max(-1) > 0.1).mean() > 0.01
    press(fresh, "#viewer", Keys.HOME, Keys.ESCAPE)
    assert fresh.run("return document.activeElement.id") == "table"


def test_dragging_turns_the_structure(fresh):
    from selenium.webdriver import ActionChains

    before = picture(fresh)
    drag = ActionChains(fresh.driver, duration=20).move_to_element(fresh.find("#viewer"))
    drag.click_and_hold().move_by_offset(90, 40).release().perform()
    assert (np.abs(picture(fresh) - before).max(-1) > 0.1).mean() > 0.01
    assert not fresh.errors()


def test_a_residue_is_marked_everywhere(fresh):
    fresh.run("document.querySelectorAll('#strip span')[11].click()")
    assert fresh.texts("#residue")[0].startswith("A 12 ")
    ring = fresh.run("return document.getElementById('ramachandran').data[2].x[0]")
    assert f"φ {ring:.0f}".replace("-", "−") in fresh.texts("#residue")[0]
    assert fresh.run("return document.querySelector('#contacts .down').style.left") != ""


def test_colours(fresh):
    kinds = fresh.run(
        "return [...document.getElementById('colouring').options].map((o) => o.value)"
    )
    assert kinds[:2] == ["position", "states"]
    fresh.choose("#colouring", "states")
    fresh.until("document.getElementById('legend').textContent.includes('helix')")
    drawn = "document.getElementById('viewer').data[0].vertexcolor"
    fresh.until(f"new Set({drawn}).size <= 3")  # from N to C there are as many as residues
    colours = fresh.run(f"return [...new Set({drawn})]")
    assert set(colours) <= {"#d55e00", "#0072b2", "#b5bcc7"}


def test_exports(fresh, eight):
    fresh.choose("#filter", "design_1")
    letters = protdiff.read(eight / "design_1.pdb").sequence
    assert fresh.exported("fasta", "sequences.fasta") == f">design_1\n{letters}\n"
    assert fresh.exported("names", "names.txt") == "design_1\n"
    script = fresh.exported("chimerax", "structures.cxc").splitlines()
    assert f'open "{eight / "design_1.pdb"}" id 1 name "design_1"' in script
    fresh.choose("#filter", "bad")  # hostile names stay inside of their quotes
    python = fresh.exported("pymol", "structures.pml").split("python\n", 1)[1]
    compile(python.removesuffix("python end\n"), "structures.pml", "exec")
    assert str(eight / HOSTILE[0]) in python
    assert not fresh.errors()


def test_a_failed_row_says_why(fresh):
    click(fresh, NAMES, "not")
    fresh.until("document.getElementById('viewer').textContent.includes('not.pdb')")
    assert not fresh.errors()


def test_five_thousand_rows_scroll(browser, page, tmp_path):
    """Rows out of view are not in the page; without structures it has no library either."""
    entries = [Entry(f"row_{k}", None, {"tm": k / 5000}) for k in range(5000)]
    path = tmp_path / "many.html"
    write_page(path, "many", entries, [Column("tm", "TM-score", True)], {})
    assert path.stat().st_size < 200_000
    browser.open(path)
    assert len(browser.texts(NAMES)) < 60
    browser.run("document.getElementById('table').scrollTop = 1e9")
    browser.until("document.querySelector('#table').textContent.includes('row_4999')")
    assert len(browser.texts(NAMES)) < 60
    assert not browser.errors()


def test_an_empty_report(browser, page, tmp_path):
    write_page(tmp_path / "empty.html", "empty", [], [], {})
    browser.open(tmp_path / "empty.html")
    assert browser.texts("#viewer") == ["There are no structures in this report."]
    assert not browser.errors()


def test_the_first_picture_does_not_wait_for_plotly(browser, page, eight, tmp_path):
    """Here plotly never comes; what is seen then is close to what it draws."""
    path = tmp_path / "report.html"
    write_report([str(eight)], path)
    browser.open(path)
    browser.until("document.body.dataset.row !== undefined")
    assert browser.run("return document.querySelector('#viewer canvas.preview')") is None
    final = picture(browser)[..., :3]
    text = path.read_text(encoding="utf-8")
    broken = re.sub(r'(id="library">)[^<]*', r"\1 ", text)  # empty, as where nothing is to be drawn
    path.write_text(broken.replace("if (!at(", "await new Promise(() => {}); if (!at("))
    browser.open(path, "document.querySelector('#viewer canvas.preview')")
    first = picture(browser)[..., :3]
    assert not browser.errors()
    drawn, also = ((shown.min(-1) < 0.85) for shown in (first, final))
    assert 0.5 < drawn.sum() / also.sum() < 2 and drawn[also].mean() > 0.5
    browser.choose("#colouring", "states")
    recoloured = picture(browser)[..., :3]
    assert np.abs(recoloured - first).max() > 0.3
