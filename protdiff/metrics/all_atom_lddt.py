"""lDDT of all heavy atoms, with side chains whose atoms may be exchanged."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from .heavy_atoms import SLOTS, TYPES, slot_of
from .similarity import LDDT_RADIUS, LDDT_THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int

    Grid = Float[np.ndarray, "residues 15 3"]
    Types = Int[np.ndarray, " residues"]

__all__ = ["SYMMETRIC", "all_atom_lddt", "best_names", "exchanged"]

#: Atoms that may be exchanged, as OpenStructure has them: the better of the two names counts.
SYMMETRIC = {
    "ASP": (("OD1", "OD2"),),
    "GLU": (("OE1", "OE2"),),
    "LEU": (("CD1", "CD2"),),
    "VAL": (("CG1", "CG2"),),
    "ARG": (("NH1", "NH2"),),
    "PHE": (("CD1", "CD2"), ("CE1", "CE2")),
    "TYR": (("CD1", "CD2"), ("CE1", "CE2")),
}
#: Atoms whose distances are measured together.
ROWS = 64


def all_atom_lddt(model: Grid, reference: Grid, types: Types) -> float:
    """lDDT of heavy atoms (Mariani et al., Bioinformatics 29, 2722 (2013)).

    Every pair of atoms of two residues that are less than 15 Å apart in the reference counts. What
    the model lacks is lost. Atoms of side chains that are equal by symmetry are exchanged in the
    model where that preserves more distances to atoms without such a partner, as in OpenStructure.

    Parameters
    ----------
    model, reference : ndarray, shape (residues, SLOTS, 3)
        Å; residues that correspond, in the slots of one residue type; see `heavy_atoms.atom_grid`.
    types : ndarray of int, shape (residues,)
        Indices into `TYPES`.

    Returns
    -------
    float
        NaN without pairs.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.heavy_atoms import atom_grid, type_indices
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> types = type_indices(structure.backbone.residue_names)
    >>> reference = atom_grid(structure, types)
    >>> all_atom_lddt(exchanged(reference, types), reference, types)
    1.0
    """
    residue, slot = np.nonzero(np.isfinite(reference[..., 0]))
    points = reference[residue, slot]
    placed = best_names(model, reference, types, np.arange(len(types)))[residue, slot]
    kept = total = 0
    for rows, columns, distance in _near(points, points):
        # Every pair once, and none inside a residue.
        near = (distance < LDDT_RADIUS) & (residue[rows, None] < residue[columns])
        kept += int(_levels(distance[near], cdist(placed[rows], placed[columns])[near]).sum())
        total += int(near.sum())
    return kept / (len(LDDT_THRESHOLDS) * total) if total else float("nan")


def exchanged(grid: Grid, types: Types) -> Grid:
    """The grid with the atoms of `SYMMETRIC` exchanged in all residues."""
    return np.take_along_axis(grid, _partners()[types][..., None], axis=1)


@cache
def _partners() -> Int[np.ndarray, "types 15"]:
    """Slot that each atom is exchanged with: mostly its own."""
    partner = np.tile(np.arange(SLOTS), (len(TYPES), 1))
    for name, pairs in SYMMETRIC.items():
        for first, second in pairs:
            i, j = slot_of(name, first), slot_of(name, second)
            partner[TYPES.index(name), [i, j]] = j, i
    return partner


def best_names(
    model: Grid, reference: Grid, types: Types, group: Int[np.ndarray, " residues"]
) -> Grid:
    """The model, after symmetric atoms are exchanged where that preserves more distances.

    Those to atoms without such a partner count, between residues of different groups: of all
    residues in the lDDT of a structure, of two chains in that of interfaces.

    Parameters
    ----------
    model, reference, types
        As for `all_atom_lddt`.
    group : ndarray of int, shape (residues,)
    """
    other = exchanged(model, types)
    # Only where both atoms of a pair are there can they be exchanged.
    both = np.isfinite(model[..., 0]) & np.isfinite(other[..., 0])
    other = np.where(both[..., None], other, model)
    symmetric = (_partners() != np.arange(SLOTS))[types]
    known = np.isfinite(reference[..., 0])
    first, second = (np.stack(np.nonzero(known & flags)) for flags in (symmetric, ~symmetric))
    places, fixed = reference[tuple(first)], reference[tuple(second)]
    gain = np.zeros(len(model))
    for rows, columns, distance in _near(places, fixed):
        residue = first[0, rows]
        near = (distance < LDDT_RADIUS) & (group[residue][:, None] != group[second[0, columns]])
        row = np.nonzero(near)[0]
        ends = model[tuple(second[:, columns])]
        new, old = (
            _levels(distance[near], cdist(grid[tuple(first[:, rows])], ends)[near])
            for grid in (other, model)
        )
        gain += np.bincount(residue[row], new - old, minlength=len(model))
    return np.where((gain > 0)[:, None, None], other, model)


def _levels(
    distance: Float[np.ndarray, " pairs"], of_model: Float[np.ndarray, " pairs"]
) -> Int[np.ndarray, " pairs"]:
    """At how many thresholds each distance is preserved."""
    difference = np.abs(distance - of_model)
    return np.sum([difference < threshold for threshold in LDDT_THRESHOLDS], axis=0, dtype=int)


def _near(
    first: Float[np.ndarray, "first 3"], second: Float[np.ndarray, "second 3"]
) -> Iterator[tuple[slice, Int[np.ndarray, " near"], Float[np.ndarray, "rows near"]]]:
    """Rows of the first points, those of the second that may be within the radius, distances.

    Rows are neighbours in the chain, so that the box around them is small. Where the two are the
    same, only points behind the first row are taken.
    """
    for start in range(0, len(first), ROWS):
        rows = slice(start, start + ROWS)
        low, high = first[rows].min(axis=0) - LDDT_RADIUS, first[rows].max(axis=0) + LDDT_RADIUS
        begin = start if first is second else 0
        inside = ((second[begin:] > low) & (second[begin:] < high)).all(axis=1)
        columns = begin + np.flatnonzero(inside)
        yield rows, columns, cdist(first[rows], second[columns])
