"""Bands of modes by integers, the expected size of a globule."""

from fractions import Fraction

import numpy as np
import pytest

from protdiff.structure.constants import BANDS, BOND_LENGTHS, band_index, expected_rg


@pytest.mark.parametrize("length", [8, 22, 64, 100, 255, 512])
def test_bands_are_exact_at_their_edges(length):
    """Mode n has the period 2N/n, here as a fraction; a band holds its longest period."""
    edges = [Fraction(int(edge)) for edge in list(BANDS.values())[:-1]]
    for n, band in zip(range(1, length), band_index(length), strict=True):
        period = Fraction(2 * length, n)
        assert band == sum(period > edge for edge in edges), n


def test_a_mode_of_period_four_is_in_the_first_band():
    assert band_index(22)[11 - 1] == 0 and band_index(22)[10 - 1] == 1


def test_size_of_a_globule():
    assert expected_rg(1) == 2.2 and expected_rg(100) == pytest.approx(12.66, abs=0.01)
    np.testing.assert_allclose(expected_rg(np.array([1, 100])), [2.2, expected_rg(100)])


def test_bond_lengths_give_the_distance_of_neighbours():
    """A planar trans peptide with these bonds and angles has CA-CA 3.80 Å (law of cosines)."""
    from protdiff.structure.constants import BOND_ANGLES, CA_CA

    a, b, c = (BOND_LENGTHS[name] for name in ("CA-C", "C-N", "N-CA"))
    alpha, beta = (np.radians(BOND_ANGLES[name]) for name in ("CA-C-N", "C-N-CA"))
    # In the plane: CA at the origin, C on the x axis, then N and CA on opposite sides of C-N.
    c_atom = np.array([a, 0.0])
    n_atom = c_atom + b * np.array([np.cos(np.pi - alpha), np.sin(np.pi - alpha)])
    turn = (np.pi - alpha) - (np.pi - beta)
    ca = n_atom + c * np.array([np.cos(turn), np.sin(turn)])
    assert np.linalg.norm(ca) == pytest.approx(CA_CA, abs=0.03)
