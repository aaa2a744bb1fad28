"""Values as notebooks show them: what IPython's formatters make of them, and parsed HTML."""

from html.parser import HTMLParser

import numpy as np
import pytest

import protdiff

from ...conftest import ROOT

#: Elements without an end.
VOID = {"br", "img", "hr", "meta", "link", "input"}


@pytest.fixture(scope="session")
def example():
    """88 residues of a real structure."""
    return protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")


@pytest.fixture(scope="session")
def formatted():
    """What IPython shows of a value, by MIME type."""
    formatters = pytest.importorskip("IPython.core.formatters", reason="needs IPython")
    formatter = formatters.DisplayFormatter()
    return lambda value: formatter.format(value)[0]


def helix(residues, chain="A"):
    """CA trace of a helix."""
    k = np.arange(residues)
    coords = np.full((residues, 4, 3), np.nan)
    angle = np.radians(100) * k
    coords[:, 1] = np.stack([2.3 * np.cos(angle), 2.3 * np.sin(angle), 1.5 * k], -1)
    return protdiff.Backbone.from_coords(coords, chain_ids=chain)


class Page(HTMLParser):
    """Elements, texts and attributes of HTML in which every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "script" and data.strip():
            self.texts.append(data)

    def attribute(self, name):
        """Values of an attribute, of all elements that have it."""
        return [one[name] for one in self.attributes if name in one]
