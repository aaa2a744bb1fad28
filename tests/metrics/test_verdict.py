"""Verdicts: ranges are those of the shipped real chains, and every fault is named."""

import math

import numpy as np
import pytest

import protdiff
from protdiff.metrics.population import real_population
from protdiff.metrics.quality import QUALITY, quality
from protdiff.metrics.verdict import JUDGED, LIKE_REAL, NEAREST, real_ranges, verdict

from .helpers import KRINGLE, example


def test_ranges_hold_98_of_100_real_chains():
    real = real_population()
    nearest = np.argsort(np.abs(real.lengths - 120), kind="stable")[:NEAREST]
    for name, (low, high) in real_ranges(120).items():
        values = real.column(name)[nearest]
        values = values[np.isfinite(values)]
        assert np.mean(values < low) <= 0.01 and np.mean(values > high) <= 0.01
        assert low <= np.median(values) <= high


def test_most_real_chains_are_like_real_chains():
    rows = real_population().columns[::40]
    found = [len(verdict(dict(zip(QUALITY, row.tolist(), strict=True))).outside) for row in rows]
    assert np.mean([count == 0 for count in found]) > 0.7


def test_faults_are_named():
    """A mirror image, a stretched chain, a torn one; each names its column, value and range."""
    one = example(KRINGLE)[:75]
    # A kringle has hardly any helix or strand.
    assert [item.words for item in verdict(quality(one)).outside] == [
        "N-CA-C angles off",
        "much coil",
    ]
    mirrored = protdiff.Backbone.from_coords(one.coords * [1, 1, -1])
    assert "many phi > 0 (phi_negative" in str(verdict(quality(mirrored)))
    stretched = protdiff.Backbone.from_coords(one.coords * 1.6)
    found = {item.column: item for item in verdict(quality(stretched)).outside}
    assert {"ca_bonds", "rms_n_ca", "rg_ratio"} <= set(found)
    assert found["rg_ratio"].value > found["rg_ratio"].high
    assert str(found["ca_bonds"]).startswith("CA-CA steps off 3.8 Å (ca_bonds 0, real ")


def test_what_is_not_judged():
    columns = {"residues": 100.0, "rg_ratio": 9.0}
    assert len(verdict(columns).outside) == 1
    assert str(verdict(columns, n_chains=2)) == LIKE_REAL
    assert str(verdict(columns | {"residues": 900.0})) == LIKE_REAL
    short = verdict(columns | {"residues": 20.0})
    assert str(short) == "no verdict under 40 residues" and math.isnan(short.row()["outside"])
    # Fewer clashes, or bonds more ideal, than real chains have are no fault.
    assert str(verdict({"residues": 100.0, "rms_n_ca": 0.0, "clashes_3.6": 0.0})) == LIKE_REAL


def test_helix_by_dssp_goes_before_psea():
    columns = {"residues": 100.0, "psea_helix": 1.0}
    assert [item.column for item in verdict(columns).outside] == ["psea_helix"]
    both = verdict(columns | {"dssp_helix": 0.4})
    assert str(both) == LIKE_REAL


@pytest.mark.parametrize("name", list(JUDGED))
def test_every_judged_column_is_a_column(name):
    assert name in QUALITY
