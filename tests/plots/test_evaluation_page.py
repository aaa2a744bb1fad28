"""The page of an evaluation: a file that is whole, and panels that hold what they name."""

import json

import numpy as np
import pytest

import protdiff
from protdiff.metrics.evaluation import evaluate
from protdiff.plots import evaluation_page
from protdiff.plots.evaluation_page import draw_page

from ..metrics.helpers import CAPSID, KRINGLE, REDUCTASE, example


@pytest.fixture(scope="module")
def pieces():
    """Pieces of 24 residues of real chains: three folds."""
    return [example(name)[5:29] for name in (KRINGLE, CAPSID, REDUCTASE)]


def test_page_of_a_single_trace(pieces, tmp_path):
    coords = pieces[0].coords.copy()
    coords[:, [0, 2, 3]] = np.nan
    result = evaluate([protdiff.Backbone.from_coords(coords)])
    assert result.numbers["frechet"] == {} and "dssp_helix" not in result.numbers["columns"]
    draw_page(result, tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert [path.name for path in tmp_path.iterdir()] == ["page.png"]
    json.dumps(result.numbers)


def test_page_that_cannot_be_written(pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("protdiff.plots.evaluation_page.PANELS", {"rg": "rg"})
    result = evaluate(pieces, diversity=0)
    with pytest.raises(OSError):
        draw_page(result, tmp_path / "nowhere" / "page.png")
    assert list(tmp_path.iterdir()) == []


def test_panels_without_numbers_are_empty(pieces, monkeypatch):
    figures = []
    monkeypatch.setattr(evaluation_page, "save_figure", lambda figure, path: figures.append(figure))
    draw_page(evaluate(pieces, diversity=0), "unused.png")
    draw_page(evaluate(pieces, pieces, known=pieces), "unused.png")
    plain, full = ([axis for axis in figure.axes if axis.axison] for figure in figures)
    assert len(plain) == len(evaluation_page.PANELS) + 1 and len(full) == len(plain) + 2
    assert [axis.get_xlabel() for axis in full[-2:]] == [
        "TM-score between designs", "largest TM-score to a known structure",
    ]  # fmt: skip
