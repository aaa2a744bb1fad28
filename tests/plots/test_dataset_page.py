"""Numbers and picture of a data set."""

import numpy as np

from protdiff.dataset import read_chains
from protdiff.plots import dataset_page
from protdiff.plots.dataset_page import draw_dataset, length_rows, summarise


def test_numbers_are_those_of_the_chains(tiny_archive, tmp_path):
    chains = read_chains(tiny_archive, "val", max_length=256)
    numbers = summarise(chains)
    assert list(numbers) == ["val", "all"] and numbers["val"]["chains"] == len(chains)
    assert numbers["all"]["residues"] == chains.lengths.sum()
    assert numbers["all"]["mean length"] == chains.lengths.mean()
    rows = length_rows(chains)
    assert sum(sum(counts) for _, _, counts in rows) == len(chains)
    for first, last, counts in rows:
        inside = (chains.lengths >= first) & (chains.lengths <= last)
        assert np.count_nonzero(inside) == sum(counts) > 0
    draw_dataset(chains, tmp_path / "set.png")
    assert (tmp_path / "set.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_small_set_is_seen_and_a_panel_without_numbers_says_so(tiny_archive, monkeypatch):
    figures = []
    monkeypatch.setattr(dataset_page, "save_figure", lambda figure, path: figures.append(figure))
    chains = read_chains(tiny_archive, max_length=512)
    for resolution in (2.0, np.nan):
        chains.table["resolution"] = resolution
        draw_dataset(chains, "unused.png")
    known, unknown = (figure.axes for figure in figures)
    assert [axis.axison for axis in known] == [True] * 4
    assert [axis.axison for axis in unknown] == [True, True, True, False]
    assert "not known of any chain" in unknown[3].texts[0].get_text()
    points = unknown[1].collections[0].get_sizes()
    assert points[0] == dataset_page.point_size(len(chains)) > 20
    assert dataset_page.bins_for(20) == 8 and dataset_page.bins_for(5000) == 40
