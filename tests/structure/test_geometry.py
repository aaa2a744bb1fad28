"""Angles, dihedrals, and atoms placed by them."""

import numpy as np
import pytest

from protdiff.structure import geometry


def test_dihedral_sign_follows_iupac():
    # looking down b -> c, a positive dihedral turns clockwise
    a, b, c, d = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1]])
    assert geometry.dihedral(a, b, c, d) == pytest.approx(90)


def test_placed_atoms_have_the_bond_angle_and_dihedral():
    rng = np.random.default_rng(0)
    for dihedral in (-170.0, -60.0, 35.0, 180.0):
        a, b, c = rng.normal(size=(3, 3))
        d = geometry.place_atom(a, b, c, bond=1.4, angle=109.0, dihedral=dihedral)
        assert np.linalg.norm(d - c) == pytest.approx(1.4)
        assert geometry.angle(b, c, d) == pytest.approx(109.0)
        turn = geometry.dihedral(a, b, c, d) - dihedral
        assert (turn + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)
