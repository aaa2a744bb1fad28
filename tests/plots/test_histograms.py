"""Histograms: bins and marks by the number of structures, ends that outliers do not decide."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from protdiff.plots.histograms import MAX_MARKS, histograms


def drawn(*arguments, **options):
    axis = Figure().subplots()
    histograms(axis, "Rg", *arguments, **options)
    return axis


def test_few_structures_have_few_bins_and_a_mark_each():
    rng = np.random.default_rng(0)
    real = rng.normal(size=200)
    few, many = drawn(rng.normal(size=20), real), drawn(rng.normal(size=525), real)
    steps = [len(axis.patches[1].get_xy()) for axis in (few, many)]
    assert steps[0] < 25 < 60 <= steps[1]
    assert len(few.lines[0].get_xdata()) == 20 and not many.lines
    assert drawn(rng.normal(size=MAX_MARKS)).lines
    assert few.get_xlabel() == "Rg" and few.get_ylabel() == "share of structures"


def test_heights_are_shares():
    axis = drawn(np.array([1.0, 1.0, 2.0, 4.0]))
    heights = axis.patches[0].get_xy()[:, 1]
    assert heights.max() == pytest.approx(0.5)


def test_one_outlier_does_not_squash_the_rest():
    values = np.append(np.linspace(1, 2, 199), 500.0)
    axis = drawn(values)
    low, high = axis.dataLim.intervalx
    assert low >= 1 and high < 3
    few = drawn(values[-20:])
    assert few.dataLim.intervalx[1] == 500


def test_without_values_the_panel_says_so():
    axis = drawn(np.full(3, np.nan), np.ones(5))
    assert not axis.axison and axis.texts[0].get_text() == "Rg:\nno such atoms"
