"""How many calls are enough: by what samples lose, on numbers of a known law and on a network."""

import numpy as np
import pytest

from protdiff.analysis import call_quality, measure_calls
from protdiff.analysis.call_quality import MEASURES, compare_calls
from protdiff.network.weights import load_weights


def drawn(outliers, bonds, samples=400, seed=0):
    """Measures of samples: shares of outliers and of good bonds around two means."""
    noise = np.random.default_rng(seed).normal(scale=0.01, size=(samples, 2))
    return np.array([outliers, bonds]) + noise


def test_the_fewest_calls_that_lose_nothing_that_matters():
    """The shipped weights' own table: 16 calls have twice the outliers of 100."""
    found = compare_calls(
        {8: drawn(0.044, 0.87, seed=1), 16: drawn(0.020, 1.0, seed=2),
         32: drawn(0.013, 1.0, seed=3), 50: drawn(0.011, 1.0, seed=4)},
        drawn(0.010, 1.0),
    )  # fmt: skip
    assert found.recommended == 32
    for calls, loss in {8: 0.034, 16: 0.010, 32: 0.003}.items():
        assert found.loss[calls]["rama_outliers"] == pytest.approx(loss, abs=0.002)
        assert found.error[calls]["rama_outliers"] == pytest.approx(
            0.01 * (2 / 400) ** 0.5, rel=0.1
        )
    assert found.loss[8]["ca_bonds"] == pytest.approx(0.13, abs=0.002)
    assert set(found.reference) == set(MEASURES)


@pytest.mark.parametrize(("samples", "recommended"), [(4, None), (400, 32)])
def test_few_samples_show_nothing(samples, recommended):
    """The same loss of 0.003: 4 samples, whose standard error is 0.008, recommend nothing."""
    spread = np.tile([[-0.01], [0.01]], (samples // 2, 2))
    few, many = (spread + np.array([outliers, 1.0]) for outliers in (0.013, 0.010))
    found = compare_calls({32: few}, many)
    assert found.loss[32]["rama_outliers"] == pytest.approx(0.003)
    assert found.recommended == recommended


def test_samples_of_a_network(tiny_weights, monkeypatch):
    """As many calls as the reference, and the same seed: the same samples, and no loss."""
    monkeypatch.setattr(call_quality, "REFERENCE_CALLS", 4)
    parts = []
    found = measure_calls(load_weights(tiny_weights), 16, [2, 4], samples=3, advance=parts.append)
    assert found.loss[4] == dict.fromkeys(MEASURES, 0) and len(parts) == 3
    assert any(found.loss[2].values())
