"""lDDT of all heavy atoms: loops, biotite, and numbers that OpenStructure has published."""

from pathlib import Path

import numpy as np
import pytest
from biotite.structure import AtomArray, lddt

from protdiff.metrics import all_atom_lddt as module
from protdiff.metrics.all_atom_lddt import all_atom_lddt, exchanged
from protdiff.metrics.heavy_atoms import SLOTS, slot_of, type_indices
from protdiff.metrics.stereochemistry import violations
from protdiff.structure.backbone import Backbone

from .atoms import example, plain_lddt

#: Number, name and atom, and where it is (Å) in the first two models.
TRP_CAGE = Path(__file__).with_name("trp_cage.txt")


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
    monkeypatch.setattr(module, "best_names", lambda model, *_: model)
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


def test_the_number_that_openstructure_gives():
    """Models 1 and 2 of the Trp-cage, PDB entry 1L2Y.

    The structure assessment of SWISS-MODEL, which runs OpenStructure, gives 0.86 for model 2 with
    model 1 as the reference; tests of biotite quote it.
    """
    lines = [line.split() for line in TRP_CAGE.read_text(encoding="utf-8").splitlines()]
    names = np.array(list(dict((int(number), name) for number, name, *_ in lines).values()))
    types = type_indices(names)
    models = np.full((2, len(names), SLOTS, 3), np.nan)
    for number, name, atom, *values in lines:
        places = np.array(values, float).reshape(2, 3)
        models[:, int(number) - 1, slot_of(name, atom)] = places
    reference, model = models
    for grid in models:
        backbone = Backbone.from_coords(grid[:, :4])
        assert not violations(grid, types, backbone).any_atom.any()
    assert round(all_atom_lddt(model, reference, types), 2) == 0.86
    assert all_atom_lddt(model, reference, types) == pytest.approx(
        plain_lddt(model, reference, types), abs=1e-12
    )
