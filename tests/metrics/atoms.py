"""Structures with side chains for tests, and what is computed of them without the package."""

import warnings
from functools import cache
from pathlib import Path

import numpy as np

import protdiff
from protdiff.metrics.heavy_atoms import HEAVY_ATOMS, OXT, TYPES, atom_grid, type_indices

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
SYMMETRIC = {
    "ASP": ["OD1 OD2"], "GLU": ["OE1 OE2"], "LEU": ["CD1 CD2"], "VAL": ["CG1 CG2"],
    "ARG": ["NH1 NH2"], "PHE": ["CD1 CD2", "CE1 CE2"], "TYR": ["CD1 CD2", "CE1 CE2"],
}  # fmt: skip


@cache
def example(name):
    """A structure, its heavy atoms in an array, and the types of its residues."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", protdiff.ProtdiffWarning)
        structure = protdiff.read(EXAMPLES / name, atoms="all")
    types = type_indices(structure.backbone.residue_names)
    grid = atom_grid(structure, types)
    grid.flags.writeable = False
    return structure, grid, types


def named(grid, types):
    """Positions (Å) by residue and name of the atom."""
    return {
        (r, "OXT" if s == OXT else HEAVY_ATOMS[TYPES[types[r]]][s]): grid[r, s]
        for r, s in zip(*np.nonzero(np.isfinite(grid[..., 0])), strict=True)
    }


def levels(model, reference, pairs):
    """Preserved thresholds of distances between named atoms, and how many there are."""
    kept = total = 0
    for a, b in pairs:
        distance = np.linalg.norm(reference[a] - reference[b])
        if a[0] == b[0] or not distance < 15:
            continue
        total += 4
        if a in model and b in model:
            off = abs(np.linalg.norm(model[a] - model[b]) - distance)
            kept += sum(off < threshold for threshold in (0.5, 1, 2, 4))
    return kept, total


def plain_lddt(model, reference, types):
    """lDDT by loops over named atoms; those that may be exchanged are, where it is better."""
    model, reference = named(model, types), named(reference, types)
    movable = {
        (r, atom): [pair.split() for pair in SYMMETRIC[TYPES[t]]]
        for r, t in enumerate(types)
        for pair in SYMMETRIC.get(TYPES[t], ())
        for atom in pair.split()
    }
    fixed = [key for key in reference if key not in movable]
    placed = dict(model)
    for residue in {r for r, _ in movable}:
        other = dict(model)
        for first, second in movable[next(key for key in movable if key[0] == residue)]:
            a, b = (residue, first), (residue, second)
            if a in model and b in model:
                other[a], other[b] = model[b], model[a]
        own = [key for key in movable if key[0] == residue and key in reference]
        pairs = [(a, b) for a in own for b in fixed]
        if levels(other, reference, pairs)[0] > levels(model, reference, pairs)[0]:
            placed |= {key: other[key] for key in own if key in other}
    keys = list(reference)
    kept, total = levels(placed, reference, [(a, b) for k, a in enumerate(keys) for b in keys[:k]])
    return kept / total
