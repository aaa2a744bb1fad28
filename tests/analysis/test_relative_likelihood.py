"""Likelihood beside real chains: only where these were measured."""

import math
from dataclasses import replace

import numpy as np
import pytest

from protdiff.analysis import relative_likelihood as module
from protdiff.analysis.relative_likelihood import features, relative_likelihood
from protdiff.analysis.structure_likelihood import Likelihood
from protdiff.network.weights import file_digest, find_weights
from protdiff.structure.backbone import Backbone

BOUND = Likelihood(0.9, 0.01, 0.1, {"links": 0.5}, np.zeros(50), 300, 0.1, 34)


@pytest.fixture
def helix():
    turn = np.radians(100) * np.arange(50)
    coords = np.full((50, 4, 3), np.nan)
    coords[:, 1] = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(50)], 1)
    return Backbone.from_coords(coords)


@pytest.fixture
def fits(monkeypatch):
    """A fit with round numbers."""
    one = {"coefficients": [0.1, 0.5, 0.2, 0.05]}
    both = {"with sequence": one, "without sequence": {"coefficients": [0.3, 0, 0, 0]}}
    monkeypatch.setattr(module, "_fits", lambda: {"weights_sha256": "w", "resolution": 0.1} | both)


def test_value_above_the_fit(helix, fits):
    one, share, strand, short = features(helix)
    assert (one, strand, short) == (1, 0, 2) and share > 0.9
    expected = 0.9 - (0.1 + 0.5 * share + 0.05 * 2)
    assert relative_likelihood(BOUND, helix, "w", True) == pytest.approx(expected)
    assert relative_likelihood(BOUND, helix, "w", False) == pytest.approx(0.6)


def test_nothing_where_no_real_chains_were_measured(helix, fits):
    for likelihood, weights in (
        (BOUND, "others"),
        (replace(BOUND, resolution=1.4), "w"),
        (replace(BOUND, gain={}), "w"),
    ):
        assert math.isnan(relative_likelihood(likelihood, helix, weights, True))


def test_the_shipped_fit_is_that_of_the_shipped_weights():
    """`python benchmarks/build_likelihoods.py` makes a new one for new weights."""
    assert module._fits()["weights_sha256"] == file_digest(find_weights())
