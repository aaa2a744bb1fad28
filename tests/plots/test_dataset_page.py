"""Numbers and picture of a data set."""

import numpy as np

from protdiff.dataset import read_chains
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
