"""Which residues lDDT leaves out: bonds, angles and clashes at their limits."""

import numpy as np
import pytest

from protdiff.metrics.engh_huber import angles_of, bonds_of, links
from protdiff.metrics.heavy_atoms import TYPES, slot_of
from protdiff.metrics.residue_links import linked_to_next
from protdiff.metrics.stereochemistry import violations
from protdiff.structure.backbone import Backbone
from protdiff.structure.geometry import angle

from .atoms import example


def found(grid, types, backbone):
    """Residues that are left out, and those of which the side chain is."""
    result = violations(grid, types, backbone)
    return (np.flatnonzero(flags).tolist() for flags in result)


@pytest.mark.parametrize("name", ["1a8o.pdb.gz", "1tpk.pdb", "3nzd.cif"])
def test_experiments_have_none(name):
    structure, grid, types = example(name)
    whole, side = found(grid, types, structure.backbone)
    assert whole == [] and side == []


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_bond_at_its_limit(sign):
    """OG of a serine, moved along its bond, without any other violation."""
    structure, grid, types = example("1tpk.pdb")
    residue = int(np.flatnonzero(types == TYPES.index("SER"))[0])
    [bond] = [bond for bond in bonds_of("SER") if bond.atoms == ("CB", "OG")]
    cb, og = grid[residue, slot_of("SER", "CB")], grid[residue, slot_of("SER", "OG")]
    direction = (og - cb) / np.linalg.norm(og - cb)
    for deviations, expected in ((11.9, []), (12.1, [residue])):
        moved = grid.copy()
        length = bond.mean + sign * deviations * bond.deviation
        moved[residue, slot_of("SER", "OG")] = cb + length * direction
        whole, side = found(moved, types, structure.backbone)
        assert (whole, side) == ([], expected)


def test_an_angle_at_its_limit():
    """CA takes part, so that the whole residue is left out."""
    structure, grid, types = example("1tpk.pdb")
    residue = int(np.flatnonzero(types == TYPES.index("SER"))[0])
    [ideal] = [ideal for ideal in angles_of("SER") if ideal.atoms == ("CA", "CB", "OG")]
    ca, cb, og = (grid[residue, slot_of("SER", atom)] for atom in ideal.atoms)
    axis = np.cross(ca - cb, og - cb)
    axis /= np.linalg.norm(axis)
    start = np.radians(angle(ca, cb, og))
    for deviations, expected in ((-11.9, []), (-12.1, [residue])):
        turn = np.radians(ideal.mean + deviations * ideal.deviation) - start
        arm = og - cb
        arm = arm * np.cos(turn) + np.cross(axis, arm) * np.sin(turn)
        moved = grid.copy()
        moved[residue, slot_of("SER", "OG")] = cb + arm
        whole, side = found(moved, types, structure.backbone)
        assert whole == expected and side == expected


def test_links_leave_out_both_residues():
    structure, grid, types = example("1tpk.pdb")
    [bond] = [ideal for ideal in links("*") if ideal.atoms == ("C", "N")]
    k = next(k for k in range(20, 60) if TYPES[types[k + 1]] not in ("GLY", "PRO"))
    direction = grid[k + 1, 0] - grid[k, 2]
    length = np.linalg.norm(direction)
    for deviations, expected in ((11.9, []), (12.1, [k, k + 1])):
        moved = grid.copy()
        wanted = bond.mean + deviations * bond.deviation
        moved[k + 1 :] += direction / length * (wanted - length)
        backbone = structure.backbone
        coords = np.where(backbone.mask[..., None], moved[:, :4], np.nan)
        backbone = Backbone.from_coords(coords, backbone.sequence)
        whole, _ = found(moved, types, backbone)
        assert [r for r in whole if r in (k, k + 1)] == expected


def test_a_broken_chain_is_no_violation():
    structure, grid, types = example("1tpk.pdb")
    moved = grid.copy()
    moved[40:] += 500.0
    coords = moved[:, :4]
    backbone = Backbone.from_coords(coords, structure.backbone.sequence)
    assert not linked_to_next(backbone)[39]
    assert list(found(moved, types, backbone)) == [[], []]


def test_clashes_of_atoms_without_a_bond():
    """Two copies, the second with one side chain carbon next to a carbon of the first."""
    structure, grid, types = example("1tpk.pdb")
    leucine = int(np.flatnonzero(types == TYPES.index("LEU"))[0])
    slot = slot_of("LEU", "CD1")
    tip = grid[leucine, slot]
    outwards = tip - np.nanmean(grid, axis=(0, 1))
    outwards /= np.linalg.norm(outwards)
    atom = np.full((1, *grid.shape[1:]), np.nan)
    both = np.concatenate([grid, atom])
    kinds = np.append(types, TYPES.index("ALA"))
    coords = np.full((len(both), 4, 3), np.nan)
    coords[:-1] = structure.backbone.coords
    coords[-1, 1] = 1000.0
    backbone = Backbone.from_coords(coords)
    last = len(grid)
    for distance, expected in ((1.91, []), (1.89, [leucine, last])):
        both[last, 4] = tip + distance * outwards
        whole, side = found(both, kinds, backbone)
        assert (whole, side) == ([], expected)


def test_disulfides_may_be_close():
    structure, grid, types = example("1tpk.pdb")
    sulfur = grid[types == TYPES.index("CYS"), slot_of("CYS", "SG")]
    distance = np.linalg.norm(sulfur[:, None] - sulfur, axis=-1) + 100 * np.eye(len(sulfur))
    assert (distance.min(axis=1) < 2.1).all()  # all of them are bonded: 2.1 Å is the clash limit
    assert list(found(grid, types, structure.backbone)) == [[], []]
