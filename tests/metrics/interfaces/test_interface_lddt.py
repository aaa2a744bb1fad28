"""Symmetric side chains in interface lDDT, against all ways to name their atoms."""

from itertools import product

import numpy as np
import pytest

from protdiff.metrics.all_atom_lddt import SYMMETRIC, exchanged
from protdiff.metrics.heavy_atoms import HEAVY_ATOMS, TYPES, slot_of
from protdiff.metrics.interfaces.complex_atoms import ComplexAtoms
from protdiff.metrics.interfaces.interface_lddt import atoms_of_model, interface_lddt

from ..atoms import example

THRESHOLDS = (0.5, 1, 2, 4)


def as_atoms(grid, types, chain):
    """A complex from the atoms in an array."""
    owner, slot = np.nonzero(np.isfinite(grid[..., 0]))
    names = np.array([HEAVY_ATOMS[TYPES[types[r]]][s] for r, s in zip(owner, slot, strict=True)])
    return ComplexAtoms(
        ("A", "B"), chain, types, grid[:, :4], grid[:, 4], grid[owner, slot], owner, names
    )


def pose(seed, noise, residues):
    """Two parts of a chain as two chains, and a copy with noise and half of the names exchanged."""
    _, grid, types = example("1tpk.pdb")
    rows = np.concatenate([np.arange(*part) for part in residues])
    grid, types = grid[rows].copy(), types[rows]
    grid[:, -1] = np.nan
    rng = np.random.default_rng(seed)
    swapped = rng.random(len(rows)) < 0.5
    model = np.where(swapped[:, None, None], exchanged(grid, types), grid)
    model = model + noise * rng.normal(size=grid.shape)
    model[rng.random(grid.shape[:2]) < 0.05] = np.nan
    reference = grid.copy()
    reference[rng.random(grid.shape[:2]) < 0.05] = np.nan
    chain = np.repeat([0, 1], [residues[0][1] - residues[0][0], residues[1][1] - residues[1][0]])
    return model, reference, types, chain


def plain(model, reference, chain, first, second):
    """Preserved thresholds of all distances between some atoms of two chains, and how many."""
    first, second = (np.array(atoms).reshape(-1, 2).T for atoms in (first, second))
    distance, placed = (
        np.linalg.norm(grid[tuple(first)][:, None] - grid[tuple(second)], axis=-1)
        for grid in (reference, model)
    )
    near = (distance < 15) & (chain[first[0]][:, None] != chain[second[0]])
    off = np.abs(placed - distance)[near]
    return sum(int((off < threshold).sum()) for threshold in THRESHOLDS), len(off)


def exchanged_where(model, types, residues):
    """The model with the names of symmetric atoms exchanged, where it has both."""
    out = model.copy()
    for r in residues:
        for first, second in SYMMETRIC[TYPES[types[r]]]:
            i, j = (slot_of(TYPES[types[r]], atom) for atom in (first, second))
            if np.isfinite(model[r, [i, j]]).all():
                out[r, [i, j]] = model[r, [j, i]]
    return out


def movable(types):
    return [r for r, t in enumerate(types) if TYPES[t] in SYMMETRIC]


def atoms_of(grid):
    return list(
        zip(*(axis.tolist() for axis in np.nonzero(np.isfinite(grid[..., 0]))), strict=True)
    )


def ours(model, reference, types, chain):
    atoms = [as_atoms(grid, types, chain) for grid in (model, reference)]
    ((part, count),) = interface_lddt(
        atoms[1], atoms_of_model(*atoms, np.arange(len(types)))
    ).values()
    return round(4 * part), count


@pytest.mark.parametrize("seed", range(4))
def test_the_rule_of_openstructure_in_loops(seed):
    """Each residue by its distances to atoms of the other chain that have no partner."""
    model, reference, types, chain = pose(seed, 0.6, [(0, 22), (60, 80)])
    keys = atoms_of(reference)
    partners = {
        (r, slot_of(TYPES[types[r]], atom))
        for r in movable(types)
        for pair in SYMMETRIC[TYPES[types[r]]]
        for atom in pair
    }
    fixed = [key for key in keys if key not in partners]
    better = []
    for r in movable(types):
        own = [key for key in keys if key[0] == r and key in partners]
        before, after = (
            plain(named, reference, chain, own, fixed)[0]
            for named in (model, exchanged_where(model, types, [r]))
        )
        if after > before:
            better.append(r)
    assert len(better) > 1
    named = exchanged_where(model, types, better)
    halves = [[key for key in keys if chain[key[0]] == k] for k in (0, 1)]
    assert ours(model, reference, types, chain) == plain(named, reference, chain, *halves)


def test_the_best_of_all_ways_to_name_the_atoms():
    model, reference, types, chain = pose(1, 0.3, [(8, 20), (64, 76)])
    free = movable(types)
    assert 4 < len(free) < 10
    halves = [[key for key in atoms_of(reference) if chain[key[0]] == k] for k in (0, 1)]
    scores = {}
    for choice in product([False, True], repeat=len(free)):
        chosen = [r for r, yes in zip(free, choice, strict=True) if yes]
        scores[choice] = plain(exchanged_where(model, types, chosen), reference, chain, *halves)
    found = ours(model, reference, types, chain)
    assert found == max(scores.values()) > scores[(False,) * len(free)]
