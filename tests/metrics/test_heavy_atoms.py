"""Heavy atoms of amino acids and their bonds, against the Chemical Component Dictionary."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from biotite.structure.info import residue
from scipy.sparse.csgraph import shortest_path

import protdiff
from protdiff.metrics.engh_huber import LINKS, angles_of, bonds_of, links
from protdiff.metrics.heavy_atoms import (
    ELEMENTS,
    HEAVY_ATOMS,
    OXT,
    SLOTS,
    TYPES,
    atom_grid,
    bonds_apart,
    has_side_chains,
    slot_of,
    type_indices,
)

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
AMINO_ACIDS = TYPES[:-1]


def bonds_in_dictionary(name):
    """Heavy atoms of a component, and whether each two of them are bonded."""
    atoms = residue(name)
    heavy = np.flatnonzero(atoms.element != "H")
    return atoms.atom_name[heavy].tolist(), (atoms.bonds.adjacency_matrix())[np.ix_(heavy, heavy)]


@pytest.mark.parametrize("name", AMINO_ACIDS)
def test_atoms_bonds_and_angles_are_those_of_the_dictionary(name):
    names, bonded = bonds_in_dictionary(name)
    assert {*HEAVY_ATOMS[name], "OXT"} == set(names)
    atoms = residue(name)
    elements = dict(zip(atoms.atom_name.tolist(), atoms.element.tolist(), strict=True))
    for slot, atom in enumerate(HEAVY_ATOMS[name]):
        assert ELEMENTS[TYPES.index(name), slot] == elements[atom]
    near = {
        atom: [other for k, other in enumerate(names) if row[k] and other != "OXT"]
        for atom, row in zip(names, bonded, strict=True)
        if atom != "OXT"
    }
    bonds = {frozenset((atom, other)) for atom in near for other in near[atom]}
    assert {frozenset(bond.atoms) for bond in bonds_of(name)} == bonds
    angles = {
        (frozenset(ends), middle)
        for middle, others in near.items()
        for ends in itertools.combinations(others, 2)
    }
    assert {(frozenset(a.atoms[::2]), a.atoms[1]) for a in angles_of(name)} == angles


@pytest.mark.parametrize("name", AMINO_ACIDS)
def test_mean_bonds_are_near_those_of_the_ideal_coordinates(name):
    """Within what its acids, which have a hydrogen there, and its strained rings are off."""
    atoms = residue(name)
    place = dict(zip(atoms.atom_name.tolist(), atoms.coord, strict=True))
    for bond in bonds_of(name):
        length = np.linalg.norm(place[bond.atoms[0]] - place[bond.atoms[1]])
        assert length == pytest.approx(bond.mean, abs=0.12)
        assert 0.009 < bond.deviation < 0.06
    for angle in angles_of(name):
        a, b, c = (place[atom] for atom in angle.atoms)
        cosine = (a - b) @ (c - b) / np.linalg.norm(a - b) / np.linalg.norm(c - b)
        assert np.degrees(np.arccos(cosine)) == pytest.approx(angle.mean, abs=8)


def test_links_have_a_bond_and_the_angles_around_it():
    for kind in LINKS:
        names = {"-".join(ideal.atoms) for ideal in links(kind)}
        assert names - {"C-N-CD"} == {"C-N", "CA-C-N", "O-C-N", "C-N-CA"}
        assert ("C-N-CD" in names) == kind.startswith("PRO")


@pytest.mark.parametrize("name", AMINO_ACIDS)
def test_bonds_between_atoms(name):
    names, bonded = bonds_in_dictionary(name)
    slots = [slot_of(name, atom) for atom in names]
    found = bonds_apart()[TYPES.index(name)][np.ix_(slots, slots)]
    np.testing.assert_array_equal(found, shortest_path(bonded, unweighted=True))


def test_grid_holds_every_heavy_atom_once():
    structure = protdiff.read(EXAMPLES / "1a8o.pdb.gz", atoms="all")
    types = type_indices(structure.backbone.residue_names)
    grid = atom_grid(structure, types)
    own = (structure.residue >= 0) & (structure.atoms.element != "H")
    np.testing.assert_array_equal(
        np.sort(grid[np.isfinite(grid[..., 0])], axis=0),
        np.sort(structure.atoms.coord[own], axis=0),
    )
    np.testing.assert_allclose(grid[:, :4], structure.backbone.coords, atol=1e-4)
    selenium = structure.atoms.element == "SE"
    residue = structure.residue[selenium][0]
    np.testing.assert_array_equal(
        grid[residue, slot_of("MET", "SD")], structure.atoms.coord[selenium][0]
    )
    assert np.isfinite(grid[-1, OXT]).all() and grid.shape[1] == SLOTS
    assert has_side_chains(grid, types)
    grid[:, 5:OXT] = np.nan
    assert not has_side_chains(grid, types)


def test_only_atoms_that_a_type_has_are_placed():
    structure = protdiff.read(EXAMPLES / "1tpk.pdb", atoms="all")
    alanine = np.full(len(structure.backbone), TYPES.index("ALA"))
    grid = atom_grid(structure, alanine)
    assert np.isnan(grid[:, 5:OXT]).all()
    assert np.isfinite(grid[:, 4, 0]).sum() == (structure.backbone.residue_names != "GLY").sum()
