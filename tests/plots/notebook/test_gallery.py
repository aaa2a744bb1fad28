"""Backbones in notebooks: what IPython shows, its size, and what stands where scripts are off."""

import base64
import io
import json
import subprocess
import sys

import numpy as np
from matplotlib.image import imread

import protdiff
from protdiff._system.notebooks import mimebundle
from protdiff.plots.notebook.gallery import Gallery
from protdiff.plots.report.stored_structure import unpacked
from protdiff.structure.backbone import joined

from .conftest import Page, helix

HOSTILE = "<script>document.title = 'bad'</script>\"'&"


def picture(base64_text):
    return imread(io.BytesIO(base64.b64decode(base64_text)), format="png")


def data_of(page):
    return json.loads(page.attribute("data-protdiff")[0])


def test_a_backbone_shows_itself(formatted, example):
    shown = formatted(example)
    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert shown["text/plain"] == "Backbone(88 residues, chains 'A')"
    page = Page(shown["text/html"])
    (stored,) = data_of(page)["structures"]
    assert stored["caption"] == "88 residues"
    trace = unpacked(stored["ca"], stored["unit"]).reshape(-1, 3)
    distances = np.linalg.norm(trace[:, None] - trace, axis=-1)
    real = np.linalg.norm(example.ca[:, None] - example.ca, axis=-1)
    np.testing.assert_allclose(distances, real, atol=0.02)  # coordinates are stored to 0.01 Å
    assert len(stored["letters"]) == 88 and set(stored["letters"]) <= set("HEC")
    (source,) = page.attribute("src")
    assert source == "data:image/png;base64," + shown["image/png"]
    assert (picture(shown["image/png"])[..., :3].min(-1) < 0.9).mean() > 0.02


def test_without_scripts_the_picture_is_all_there_is(formatted, example):
    """Nothing is drawn by what a sanitizer takes out: scripts, and attributes with data."""
    text = formatted(example)["text/html"]
    page = Page(text[: text.index("<script>")])
    assert page.tags == ["div", "img", "span"]
    assert page.attribute("alt") == ["Ribbons: 88 residues"]


def test_titles_are_texts(formatted, example):
    text = formatted(protdiff.show([example, example], [HOSTILE, "b"]))["text/html"]
    page = Page(text)
    assert page.tags.count("script") == 1
    assert data_of(page)["structures"][0]["caption"] == f"{HOSTILE} · 88 residues"
    assert "document.title = 'bad'</script>" not in text


def test_size(formatted):
    """A long chain takes under 150 kB, and twenty under 500 kB: no library is stored."""
    long = formatted(helix(1000))
    assert sum(map(len, long.values())) < 120_000
    twenty = formatted(protdiff.show([helix(60)] * 20))
    assert sum(map(len, twenty.values())) < 500_000
    assert "plotly" not in twenty["text/html"].lower()


def test_only_so_many_are_drawn(formatted, monkeypatch):
    monkeypatch.setattr("protdiff.plots.notebook.gallery.MOST", 3)
    page = Page(formatted(protdiff.show([helix(8)] * 5))["text/html"])
    assert len(data_of(page)["structures"]) == 3
    assert "the first 3 of 5 are drawn" in page.texts


def test_what_cannot_be_drawn_is_text(formatted):
    nothing = protdiff.Backbone.from_coords(np.full((5, 4, 3), np.nan))
    assert set(formatted(nothing)) == {"text/plain"}
    assert set(formatted(helix(3))) == {"text/plain"}
    page = Page(formatted(protdiff.show([helix(3), helix(20)]))["text/html"])
    assert "1 backbone without a chain of 4 CA atoms left out" in page.texts
    two = joined([helix(2, "A"), helix(20, "B")])
    (stored,) = data_of(Page(formatted(two)["text/html"]))["structures"]
    assert stored["runs"] == [["B", 1, "", 20]]


def test_in_a_terminal_nothing_is_drawn(monkeypatch):
    """IPython in a terminal takes no picture, and would wait for one."""

    class Terminal:
        class display_formatter:
            active_types = ("text/plain",)

    class Module:
        get_ipython = Terminal

    monkeypatch.setitem(sys.modules, "IPython", Module)
    assert mimebundle(helix(20)) == {}
    assert mimebundle("no value of ours") == {}


def test_the_text_of_a_gallery():
    assert repr(Gallery((helix(5), helix(6)), ("", "b"))) == (
        "Backbone(5 residues, chains 'A')\nb: Backbone(6 residues, chains 'A')"
    )


def test_the_package_starts_without_what_draws():
    code = (
        "import sys, protdiff; protdiff.Backbone; "
        "print([m for m in ('matplotlib', 'plotly', 'IPython', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
