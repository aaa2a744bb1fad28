"""Torsions of side chains, against mdtraj, and shares that are known."""

import mdtraj
import numpy as np
import pytest

from protdiff.metrics.chi_angles import chi_angles, chi_shares
from protdiff.metrics.heavy_atoms import TYPES, slot_of
from protdiff.structure.geometry import dihedral

from .atoms import EXAMPLES, example


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_equal_to_mdtraj(name, number):
    _, grid, types = example(name)
    trajectory = mdtraj.load(EXAMPLES / name)
    atoms, values = getattr(mdtraj, f"compute_chi{number}")(trajectory)
    # The protein comes first in these files, so that residues have the same places.
    expected = np.full(len(types), np.nan)
    for (first, *_), value in zip(atoms, values[0], strict=True):
        expected[trajectory.topology.atom(first).residue.index] = np.degrees(value)
    found = chi_angles(grid, types)[:, number - 1]
    if name == "1a8o.pdb.gz" and number > 1:  # mdtraj does not know selenium
        found[types == TYPES.index("MET")] = np.nan
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.isfinite(expected).any()


def turned(grid, types, name, atoms, degrees):
    """The grid with side chains of a type turned around their second bond."""
    out = grid.copy()
    for r in np.flatnonzero(types == TYPES.index(name)).tolist():
        start, end = grid[r, slot_of(name, atoms[0])], grid[r, slot_of(name, atoms[1])]
        axis = (end - start) / np.linalg.norm(end - start)
        for atom in atoms[2:]:
            arm = grid[r, slot_of(name, atom)] - end
            along = axis * (arm @ axis)
            cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            across = arm - along
            new = along + across * cosine + np.cross(axis, across) * sine
            out[r, slot_of(name, atom)] = end + new
    return out


TYROSINE = ("CB", "CG", "CD1", "CD2", "CE1", "CE2", "CZ", "OH")


@pytest.mark.parametrize(
    "degrees, right", [(0, True), (19.5, True), (20.5, False), (90, False), (180, True)]
)
def test_a_ring_is_the_same_after_half_a_turn(degrees, right):
    _, grid, types = example("1tpk.pdb")
    rows = types == TYPES.index("TYR")
    model = turned(grid, types, "TYR", TYROSINE, degrees)[rows]
    assert chi_shares(model, grid[rows], types[rows]) == (1.0, float(right))


@pytest.mark.parametrize("degrees, right", [(-19.5, True), (21, False), (180, False)])
def test_shares_of_the_first_torsion(degrees, right):
    """Of all residues with chi1 only serines are turned."""
    _, grid, types = example("1tpk.pdb")
    model = turned(grid, types, "SER", ("CA", "CB", "OG"), degrees)
    counted = ~np.isin(types, [TYPES.index(name) for name in ("GLY", "ALA")])
    wrong = 0 if right else (types == TYPES.index("SER")).sum()
    assert chi_shares(model, grid, types)[0] == pytest.approx(1 - wrong / counted.sum())
    assert chi_shares(model, grid, types)[1] == 1


def test_side_chains_that_one_lacks_do_not_count():
    _, grid, types = example("1tpk.pdb")
    model = grid.copy()
    model[5:, 5:] = np.nan
    has = np.isfinite(chi_angles(model, types)[:, 0])
    assert 0 < has.sum() < 5 and chi_shares(model, grid, types)[0] == 1
    model[:, 5:] = np.nan
    assert np.isnan(chi_shares(model, grid, types)).all()


def test_the_sign_is_that_of_iupac():
    _, grid, types = example("1tpk.pdb")
    r = int(np.flatnonzero(types == TYPES.index("LYS"))[0])
    atoms = [grid[r, slot_of("LYS", atom)] for atom in ("CG", "CD", "CE", "NZ")]
    assert chi_angles(grid, types)[r, 3] == pytest.approx(float(dihedral(*atoms)))
