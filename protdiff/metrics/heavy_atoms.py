"""Heavy atoms of amino acids: their places in an array, and how many bonds lie between them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ..structure.backbone import BACKBONE_ATOMS, ONE_TO_THREE
from .engh_huber import bonds_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Shaped

    from ..structure.all_atoms import Structure

__all__ = [
    "ELEMENTS", "HEAVY_ATOMS", "OXT", "SLOTS", "TYPES", "atom_grid", "bonds_apart",
    "has_side_chains", "slot_of", "slots_of_atoms", "type_indices",
]  # fmt: skip

#: Residue types in the order of `type_indices`; the last is UNK.
TYPES = tuple(ONE_TO_THREE.values())
#: Atoms of a residue: those of the backbone, of the side chain, and the second terminal oxygen.
SLOTS = 15
OXT = SLOTS - 1


def _heavy_atoms(name: str) -> tuple[str, ...]:
    """Heavy atoms of a residue, N, CA, C and O first."""
    atoms = dict.fromkeys(BACKBONE_ATOMS)
    for bond in bonds_of(name):
        atoms |= dict.fromkeys(bond.atoms)
    return tuple(atoms)


HEAVY_ATOMS = {name: _heavy_atoms(name) for name in TYPES}
"""Heavy atoms of every residue type; the place of one is its slot. OXT has the last slot."""

#: Other names of atoms: selenium, force fields, and the many of the terminal oxygen.
_ALIASES = {
    "MET": {"SE": "SD"},
    "ILE": {"CD": "CD1"},
    "*": dict.fromkeys(("OXT", "OT2", "OC2", "O''", "OT"), "OXT"),
}


def slot_of(name: str, atom: str) -> int:
    """Slot of an atom of a residue type; -1 if it has none.

    Examples
    --------
    >>> from protdiff.metrics.heavy_atoms import slot_of
    >>> slot_of("SER", "OG"), slot_of("GLY", "CB"), slot_of("GLY", "OXT")
    (5, -1, 14)
    """
    atom = (_ALIASES["*"] | _ALIASES.get(name, {})).get(atom, atom)
    if atom == "OXT":
        return OXT
    return HEAVY_ATOMS[name].index(atom) if atom in HEAVY_ATOMS[name] else -1


@cache
def _slots(atom: str) -> Int[np.ndarray, " types"]:
    return np.array([slot_of(name, atom) for name in TYPES])


def slots_of_atoms(
    names: Shaped[np.ndarray, " atoms"], types: Int[np.ndarray, " atoms"]
) -> Int[np.ndarray, " atoms"]:
    """Slots of atoms by their names and the types of their residues; -1 where a type has none.

    Examples
    --------
    >>> from protdiff.metrics.heavy_atoms import slots_of_atoms, type_indices
    >>> slots_of_atoms(np.array(["SE", "CB", "P"]), type_indices(np.array(["MET", "GLY", "SER"])))
    array([ 6, -1, -1])
    """
    if not len(names):
        return np.empty(0, int)
    unique, place = np.unique(names, return_inverse=True)
    return np.stack([_slots(name) for name in unique.tolist()])[place, types]


ELEMENTS = np.array(
    [
        [(*HEAVY_ATOMS[name], *[""] * SLOTS)[slot][:1] for slot in range(OXT)] + ["O"]
        for name in TYPES
    ]
)
"""Elements, shape (types, SLOTS); "" where a type has no atom."""


def type_indices(names: np.ndarray) -> Int[np.ndarray, " residues"]:
    """Index into `TYPES` of residue names."""
    known = {name: k for k, name in enumerate(TYPES)}
    return np.array([known[name] for name in names.tolist()], dtype=int)


def atom_grid(
    structure: Structure, types: Int[np.ndarray, " residues"]
) -> Float[np.ndarray, "residues 15 3"]:
    """Heavy atoms of the residues of the backbone, in the slots of residue types.

    Parameters
    ----------
    structure : Structure
    types : ndarray of int, shape (residues,)
        Indices into `TYPES`: those of the residues, or of others that they are compared with.

    Returns
    -------
    ndarray, shape (residues, SLOTS, 3)
        Å; NaN where there is no atom. Atoms that the type does not have are left out.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.heavy_atoms import atom_grid, type_indices
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> grid = atom_grid(structure, type_indices(structure.backbone.residue_names))
    >>> int(np.isfinite(grid[:, :, 0]).sum())
    675
    """
    rows = np.flatnonzero(structure.residue >= 0)
    residue = structure.residue[rows]
    slot = slots_of_atoms(np.asarray(structure.atoms.atom_name)[rows], types[residue])
    grid = np.full((len(types), SLOTS, 3), np.nan)
    known = slot >= 0
    coord = np.asarray(structure.atoms.coord)[rows]
    grid[residue[known], slot[known]] = coord[known]
    return grid


def has_side_chains(
    grid: Float[np.ndarray, "residues 15 3"], types: Int[np.ndarray, " residues"]
) -> bool:
    """Whether the atoms of `atom_grid` have side chains: beyond CB, where half of the types do."""
    longer = np.array([len(HEAVY_ATOMS[name]) > 5 for name in TYPES])[types]
    return bool(longer.any()) and bool(np.isfinite(grid[longer, 5, 0]).mean() >= 0.5)


@cache
def bonds_apart() -> Int[np.ndarray, "types 15 15"]:
    """How many bonds lie between two atoms of a residue; a large number where one is missing.

    Examples
    --------
    >>> from protdiff.metrics.heavy_atoms import TYPES, bonds_apart, slot_of
    >>> int(bonds_apart()[TYPES.index("TYR"), slot_of("TYR", "N"), slot_of("TYR", "OH")])
    7
    """
    far = 99
    out = np.full((len(TYPES), SLOTS, SLOTS), far)
    for k, name in enumerate(TYPES):
        pairs = [*(bond.atoms for bond in bonds_of(name)), ("C", "OXT")]
        for first, second in pairs:
            i, j = slot_of(name, first), slot_of(name, second)
            out[k, i, j] = out[k, j, i] = 1
        for slot in range(SLOTS):
            out[k, slot, slot] = 0
        for via in range(SLOTS):  # Floyd and Warshall
            out[k] = np.minimum(out[k], out[k, :, via, None] + out[k, None, via, :])
    return np.minimum(out, far)
