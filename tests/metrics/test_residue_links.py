"""Bonds between residues that are not neighbours in the chain: rings, lactams, isopeptides."""

from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.metrics.atom_clashes import clashes
from protdiff.metrics.heavy_atoms import TYPES, atom_grid, slot_of, type_indices
from protdiff.metrics.quality import near_pairs, quality
from protdiff.metrics.residue_links import closing_links, residue_links
from protdiff.metrics.stereochemistry import violations
from protdiff.structure.backbone import Backbone

from .atoms import example

RING = Path(__file__).with_name("ring.pdb")


def ring():
    structure = protdiff.read(RING, atoms="all")
    types = type_indices(structure.backbone.residue_names)
    return structure.backbone, atom_grid(structure, types), types


def test_a_ring_has_no_clash_where_it_is_closed():
    """All residues are alike, so that what is no clash elsewhere is none there."""
    backbone, grid, types = ring()
    assert closing_links(backbone).tolist() == [[11], [0]]
    assert clashes(grid, types, backbone) == 0
    assert not violations(grid, types, backbone).any_atom.any()
    columns = quality(backbone)
    assert columns["overlaps"] == columns["clashes_3.6"] == 0


@pytest.mark.parametrize("noise", [0.0, 0.8])
def test_a_ring_is_the_same_from_every_residue_on(noise):
    _, grid, types = ring()
    # Not N, CA and C, so that all bonds along the ring stay.
    grid = grid.copy()
    grid[:, 3:] += noise * np.random.default_rng(2).normal(size=grid[:, 3:].shape)
    found = []
    for start in range(12):
        order = np.roll(np.arange(12), -start)
        turned = Backbone.from_coords(grid[order, :4], "S" * 12)
        columns = quality(turned)
        found.append(
            (
                clashes(grid[order], types, turned),
                int(violations(grid[order], types, turned).any_atom.sum()),
                len(near_pairs(turned, 8.0).first),
                round(columns["overlaps"], 6),
            )
        )
    assert len(set(found)) == 1
    assert noise == 0 or found[0][0] > 0


def test_a_chain_cut_in_another_place_has_the_same_clashes():
    """The second half of a chain before the first: its last residue is bonded to its first."""
    structure, grid, types = example("1tpk.pdb")
    grid = grid + 0.3 * np.random.default_rng(3).normal(size=grid.shape)
    backbone = Backbone.from_coords(grid[:, :4], structure.backbone.sequence)
    order = np.roll(np.arange(88), -40)
    turned = Backbone.from_coords(grid[order, :4], "".join(backbone.sequence[k] for k in order))
    assert closing_links(turned).tolist() == [[87], [0]]
    count = clashes(grid, types, backbone)
    assert clashes(grid[order], types[order], turned) == count > 10
    bad = violations(grid, types, backbone)
    again = violations(grid[order], types[order], turned)
    np.testing.assert_array_equal(again.whole, bad.whole[order])


def test_the_end_of_a_chain_bonded_to_another_one():
    structure, grid, types = example("1tpk.pdb")
    backbone = Backbone.from_coords(
        grid[:, :4], structure.backbone.sequence, chain_ids=["A"] * 40 + ["B"] * 48
    )
    assert closing_links(backbone).tolist() == [[39], [40]]
    assert clashes(grid, types, backbone) == clashes(grid, types, structure.backbone)
    assert quality(backbone)["overlaps"] == 0


def linked(first, atom, before, second, carbon, leaving, length):
    """Two residues with a bond from an atom of the first to a carbon, in place of another atom.

    Each is a chain of its own; the second lies where the bond points to.
    """
    _, grid, types = example("1tpk.pdb")
    one, two = (
        next(
            grid[k].copy()
            for k in np.flatnonzero(types == TYPES.index(name))
            if np.isfinite(grid[k, : slot_of(name, end) + 1, 0]).all()
        )
        for name, end in ((first, atom), (second, leaving))
    )
    at = {name: slot_of(first, name) for name in (atom, before)}
    of = {name: slot_of(second, name) for name in (carbon, leaving, "CB")}
    axis = one[at[atom]] - one[at[before]]
    axis /= np.linalg.norm(axis)
    side = np.cross(axis, [0.3, 0.5, 0.8])
    side /= np.linalg.norm(side)
    bond = np.cos(np.radians(60)) * axis + np.sin(np.radians(60)) * side

    def frame(forward, other):
        x = forward / np.linalg.norm(forward)
        z = np.cross(x, other)
        z /= np.linalg.norm(z)
        return np.stack([x, np.cross(z, x), z])

    start = frame(two[of[leaving]] - two[of[carbon]], two[of["CB"]] - two[of[carbon]])
    end = frame(-bond, axis)
    two = (two - two[of[carbon]]) @ start.T @ end + one[at[atom]] + length * bond
    two[of[leaving]] = np.nan
    one[14], two[14] = np.nan, np.nan
    grid = np.stack([one, two])
    types = np.array([TYPES.index(first), TYPES.index(second)])
    backbone = Backbone.from_coords(grid[:, :4], chain_ids=["A", "B"])
    return grid, types, backbone


SIDE_CHAINS = [
    ("LYS", "NZ", "CE", "ASP", "CG", "OD2", 1.33),
    ("LYS", "NZ", "CE", "GLU", "CD", "OE2", 1.33),
    ("LYS", "NZ", "CE", "ASN", "CG", "ND2", 1.33),
    ("ALA", "N", "CA", "GLU", "CD", "OE2", 1.33),
    ("CYS", "SG", "CB", "GLN", "CD", "NE2", 1.76),
    ("SER", "OG", "CB", "GLU", "CD", "OE2", 1.33),
]


@pytest.mark.parametrize("link", SIDE_CHAINS)
def test_links_of_side_chains_are_no_clashes(link):
    grid, types, backbone = linked(*link)
    links = residue_links(grid, types, backbone)
    expected = [[0, slot_of(link[0], link[1])], [1, slot_of(link[3], link[4])]]
    assert [links.first.T.tolist(), links.second.T.tolist()] == [expected[1:], expected[:1]]
    assert clashes(grid, types, backbone) == 0
    assert not violations(grid, types, backbone).any_atom.any()


@pytest.mark.parametrize("link", SIDE_CHAINS)
def test_what_is_too_long_for_a_bond_is_a_clash(link):
    grid, types, backbone = linked(*link[:-1], link[-1] + 0.4)
    assert residue_links(grid, types, backbone).first.size == 0
    assert clashes(grid, types, backbone) >= 1


def test_carbons_of_two_side_chains_are_never_bonded():
    """Two rings of phenylalanine in one place."""
    _, grid, types = example("1tpk.pdb")
    k = int(np.flatnonzero(types == TYPES.index("PHE"))[0])
    both = np.stack([grid[k], grid[k] + [0, 0, 1.5]])
    backbone = Backbone.from_coords(both[:, :4], chain_ids=["A", "B"])
    assert clashes(both, types[[k, k]], backbone) >= 6
