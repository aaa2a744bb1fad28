"""Clashes of heavy atoms, against a count over all pairs with bonds of the component dictionary."""

import numpy as np
import pytest
from biotite.structure import BondType, connect_via_residue_names

from protdiff.metrics.atom_clashes import clashes
from protdiff.metrics.heavy_atoms import atom_grid
from protdiff.structure.all_atoms import Structure
from protdiff.structure.backbone import Backbone

from .atoms import example

RADII = {"C": 1.70, "N": 1.55, "O": 1.40, "S": 1.80}


def plain_count(atoms, residue):
    """Pairs of atoms that overlap by 0.4 Å with more than three bonds between them."""
    bonds = connect_via_residue_names(atoms, inter_residue=False)
    radii = np.array([RADII[element] for element in atoms.element])
    for i, j, kind in bonds.as_array():
        for carbon, oxygen in ((i, j), (j, i)):
            if kind == BondType.DOUBLE and atoms.element[oxygen] == "O":
                radii[carbon] = 1.65
    distance = np.linalg.norm(atoms.coord[:, None] - atoms.coord, axis=-1)
    carbon, nitrogen, sulfur = (atoms.atom_name == name for name in ("C", "N", "SG"))
    link = carbon[:, None] & nitrogen & (residue == residue[:, None] + 1) & (distance < 2.0)
    disulfide = sulfur[:, None] & sulfur & (distance < 2.5)
    near = (bonds.adjacency_matrix() | link | link.T | disulfide).astype(np.float32)
    np.fill_diagonal(near, 1)
    overlap = radii + radii[:, None] - distance
    return int(np.triu((overlap >= 0.4) & (near @ near @ near == 0), 1).sum())


@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("name", ["1tpk.pdb", "3nzd.cif"])
def test_equal_to_a_count_over_all_pairs(name, noise):
    structure, _, types = example(name)
    keep = (structure.residue >= 0) & (structure.atoms.element != "H")
    atoms, residue = structure.atoms[keep], structure.residue[keep]
    atoms.coord = atoms.coord + noise * np.random.default_rng(0).normal(size=atoms.coord.shape)
    coords = np.full((len(types), 4, 3), np.nan)
    for k, atom in enumerate(("N", "CA", "C", "O")):
        coords[residue[atoms.atom_name == atom], k] = atoms.coord[atoms.atom_name == atom]
    given = structure.backbone
    backbone = Backbone(
        coords, given.mask, given.residue_names, given.chain_ids, given.residue_numbers,
        given.insertion_codes,
    )  # fmt: skip
    grid = atom_grid(Structure(backbone, atoms, residue), types)
    count = clashes(grid, types, backbone)
    assert count == plain_count(atoms, residue)
    assert count >= 100 * noise


def test_two_chains_in_one_place():
    structure, grid, types = example("1tpk.pdb")
    both = np.concatenate([grid, grid + 0.01])
    backbone = structure.backbone
    coords = np.concatenate([backbone.coords, backbone.coords + 0.01])
    dimer = Backbone.from_coords(coords, 2 * backbone.sequence, chain_ids=["A"] * 88 + ["B"] * 88)
    atoms = int(np.isfinite(grid[..., 0]).sum())
    assert clashes(both, np.tile(types, 2), dimer) > atoms
