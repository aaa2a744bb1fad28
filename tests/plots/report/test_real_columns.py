"""Histograms of columns beside those of real chains."""

import numpy as np
import pytest

from protdiff.metrics.population import NEIGHBOURS, real_population
from protdiff.plots.report.real_columns import FEWEST_REAL, _alike, column_histograms


def test_shares_of_the_real_chains_of_nearest_length():
    real = real_population()
    nearest = np.argsort(np.abs(real.lengths - 100), kind="stable")[:FEWEST_REAL]
    values = real.column("dssp_helix")[nearest]
    found = column_histograms({"residues": [100, 100], "dssp_helix": [0.0, 1.0]})["dssp_helix"]
    assert (found["low"], found["high"], found["bins"]) == (0, 1, 8)
    expected = np.histogram(values, np.linspace(0, 1, 9))[0] / FEWEST_REAL
    assert found["real"] == pytest.approx(expected.tolist(), abs=1e-4)


def test_every_structure_counts_its_own_chains():
    one = column_histograms({"residues": [80, 200], "rg_ratio": [1.0, 1.2]})["rg_ratio"]
    three = column_histograms({"residues": [80, 200, 200, 200], "rg_ratio": [1.0, 1.2, 1.2, 1.2]})
    assert sum(one["real"]) == pytest.approx(1, abs=1e-3)
    assert three["rg_ratio"]["real"] != one["real"]


def test_ten_chains_for_each_of_many_lengths():
    lengths = np.arange(60.0, 160.0)
    assert len(_alike(lengths)) == NEIGHBOURS * len(lengths)
    assert len(_alike(lengths[:4])) == FEWEST_REAL


def test_columns_that_have_no_histogram():
    columns = {"text": ["a", "b"], "constant": [1.0, 1.0], "none": [None, None], "tm": [0.1, 0.9]}
    assert list(column_histograms(columns)) == ["tm"]
    assert "real" not in column_histograms(columns)["tm"]
