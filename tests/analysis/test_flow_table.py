"""What a flow resolves step by step."""

from itertools import pairwise

import pytest

from protdiff.analysis.flow_table import flow_table, prior_sizes
from protdiff.flow import uniform_times
from protdiff.flow.zoo import FLOWS, recipe


@pytest.mark.parametrize("name", FLOWS)
def test_signal_grows_from_the_prior_to_the_data(name):
    rows = flow_table(recipe(name), 40, uniform_times(12))
    assert (rows[0].u, rows[-1].u) == (1, 0)
    assert rows[0].slowest < 0.01 and rows[-1].slowest > 0.99
    assert all(a.modes <= b.modes and a.beads <= b.beads for a, b in pairwise(rows))
    assert rows[-1].beads == 40 and rows[0].half_resolved is None


def test_priors_of_bonded_chains():
    sizes = {size.name: size for size in prior_sizes(recipe("rg"), 100)}
    assert sizes["of this flow"].rg == sizes["real chains"].rg
    assert sizes["calibrated"].bond == pytest.approx(3.8, abs=0.1)
    assert prior_sizes(recipe("edm"), 100) == []


@pytest.mark.parametrize("name", ["rg", "rg-harmonic", "harmonic"])
def test_the_prior_of_rgdm_is_one_law(name):
    """C/(k² + m²) of 100 residues has bonds of 3.775 Å, whatever momenta a flow uses."""
    sizes = {size.name: size for size in prior_sizes(recipe(name), 100)}
    assert sizes["RGDM"].bond == pytest.approx(3.775, abs=5e-4)
