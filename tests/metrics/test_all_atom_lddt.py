"""lDDT of all heavy atoms: loops, biotite, and numbers that OpenStructure has published."""

import numpy as np
import pytest
from biotite.structure import AtomArray, lddt

from protdiff.metrics import all_atom_lddt as module
from protdiff.metrics.all_atom_lddt import all_atom_lddt, exchanged

from .atoms import example, plain_lddt


def deformed(grid, noise, seed=0):
    return grid + noise * np.random.default_rng(seed).normal(size=grid.shape)


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_equal_to_loops(noise):
    """With atoms missing on either side, and half of the residues with exchanged names."""
    _, grid, types = example("1tpk.pdb")
    grid, types = grid[:36], types[:36]
    rng = np.random.default_rng(1)
    swapped = np.where(rng.random(36)[:, None, None] < 0.5, exchanged(grid, types), grid)
    model = deformed(swapped, noise)
    model[rng.random(model.shape[:2]) < 0.1] = np.nan
    reference = grid.copy()
    reference[rng.random(model.shape[:2]) < 0.1] = np.nan
    assert all_atom_lddt(model, reference, types) == pytest.approx(
        plain_lddt(model, reference, types), abs=1e-12
    )


def test_equal_to_biotite_without_exchanges(monkeypatch):
    _, grid, types = example("1a8o.pdb.gz")
    monkeypatch.setattr(module, "_best_names", lambda model, *_: model)
    model = deformed(grid, 0.8)
    residue, slot = np.nonzero(np.isfinite(grid[..., 0]))
    arrays = []
    for coords in (grid, model):
        array = AtomArray(len(residue))
        array.coord, array.res_id = coords[residue, slot], residue
        arrays.append(array)
    assert all_atom_lddt(model, grid, types) == pytest.approx(lddt(*arrays), abs=1e-5)


def test_exchanged_atoms_cost_nothing():
    _, grid, types = example("1tpk.pdb")
    assert all_atom_lddt(exchanged(grid, types), grid, types) == 1
    assert not np.array_equal(exchanged(grid, types), grid, equal_nan=True)


def test_what_the_model_lacks_is_lost():
    """The share of distances without side chains is that of backbone distances."""
    _, grid, types = example("3nzd.cif")
    model = grid.copy()
    model[:, 4:] = np.nan
    residue, slot = np.nonzero(np.isfinite(grid[..., 0]))
    points = grid[residue, slot]
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    near = (distance < 15) & (residue[:, None] != residue)
    kept = near & (slot < 4) & (slot[:, None] < 4)
    assert all_atom_lddt(model, grid, types) == pytest.approx(kept.sum() / near.sum(), abs=1e-12)


def test_no_pairs_no_lddt():
    _, grid, types = example("1tpk.pdb")
    assert np.isnan(all_atom_lddt(grid[:1], grid[:1], types[:1]))
