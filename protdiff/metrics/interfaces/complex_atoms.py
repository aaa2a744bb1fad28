"""What interface scores need of the residues of a complex: atoms, their names, and CB."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...structure.backbone import BACKBONE_ATOMS
from ...structure.geometry import ideal_cb
from ..heavy_atoms import HEAVY_ATOMS, SLOTS, TYPES, slots_of_atoms, type_indices

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Shaped

    from ...structure.all_atoms import Structure
    from ...structure.backbone import Backbone

__all__ = ["ComplexAtoms", "complex_atoms", "without_side_chains"]

#: Share of the residues other than glycine that have a CB in a file with side chains.
MOST = 0.5


class ComplexAtoms(NamedTuple):
    """Atoms of a complex that count in contacts.

    Attributes
    ----------
    chains : tuple of str
        Chain ids, in the order of the backbone.
    chain : ndarray of int, shape (residues,)
        Place of each residue's chain in `chains`.
    types : ndarray of int, shape (residues,)
        Indices into `heavy_atoms.TYPES`.
    backbone : ndarray, shape (residues, 4, 3)
        N, CA, C and O, Å; NaN where missing.
    cb : ndarray, shape (residues, 3)
        CB, and CA of glycine; in a chain without side chains, CB where an ideal alanine has it.
        NaN where a chain with side chains lacks it.
    atoms : ndarray, shape (atoms, 3)
        Heavy atoms, those of a residue in a row and residues in order.
    owner : ndarray of int, shape (atoms,)
        Residue of each.
    names : ndarray of str, shape (atoms,)
        As the standard residue has them: SE of MSE is SD. "" for those that it lacks, and for the
        second oxygen of the last residue.
    """

    chains: tuple[str, ...]
    chain: Int[np.ndarray, " residues"]
    types: Int[np.ndarray, " residues"]
    backbone: Float[np.ndarray, "residues 4 3"]
    cb: Float[np.ndarray, "residues 3"]
    atoms: Float[np.ndarray, "atoms 3"]
    owner: Int[np.ndarray, " atoms"]
    names: Shaped[np.ndarray, " atoms"]

    @property
    def side_chains(self) -> bool:
        """Whether there are atoms besides those of the backbone."""
        return not np.isin(self.names, BACKBONE_ATOMS).all()

    @property
    def bare_chains(self) -> set[str]:
        """Chains that have atoms of the backbone alone."""
        side = ~np.isin(self.names, (*BACKBONE_ATOMS, ""))
        with_some = set(self.chain[self.owner[side]].tolist())
        return {name for k, name in enumerate(self.chains) if k not in with_some}


def complex_atoms(
    backbone: Backbone,
    structure: Structure | None = None,
    rows: Int[np.ndarray, " residues"] | None = None,
) -> ComplexAtoms:
    """Atoms of the residues of a backbone.

    Parameters
    ----------
    backbone : Backbone
    structure : Structure, optional
        All atoms of the file of which the backbone is a part. Without it, or where most residues
        have no side chain, the atoms of the backbone count.
    rows : ndarray of int, shape (residues,), optional
        Where the residues of the backbone are in that of the structure; in the same order by
        default.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.metrics.interfaces.complex_atoms import complex_atoms
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> len(complex_atoms(structure.backbone).atoms)  # four of each residue
    352
    >>> len(complex_atoms(structure.backbone, structure).atoms)
    675
    """
    chains = backbone.chains
    place = {name: k for k, name in enumerate(chains)}
    chain = np.array([place[name] for name in backbone.chain_ids.tolist()], dtype=int)
    types = type_indices(backbone.residue_names)
    owner, column = np.nonzero(backbone.mask)
    atoms, names = backbone.coords[owner, column], np.array(BACKBONE_ATOMS)[column]
    cb = _ideal_cb(backbone)
    if structure is not None:
        found = _heavy_atoms(structure, np.arange(len(backbone)) if rows is None else rows)
        found = *found[:2], _standard_names(found[2], types[found[1]])
        places = np.flatnonzero(found[2] == "CB")
        wanted = backbone.residue_names != "GLY"
        if len(places) > MOST * wanted.sum():
            atoms, owner, names = found
            places = places[wanted[owner[places]]]
            # In a chain of a backbone alone all CB are placed.
            most = MOST * np.bincount(chain[wanted], minlength=len(chains))
            full = np.bincount(chain[owner[places]], minlength=len(chains)) > most
            cb[wanted & full[chain]] = np.nan
            cb[owner[places]] = atoms[places]
    return ComplexAtoms(chains, chain, types, backbone.coords, cb, atoms, owner, names)


def without_side_chains(atoms: ComplexAtoms) -> ComplexAtoms:
    """The same with atoms of the backbone alone, CB as it is."""
    kept = np.isin(atoms.names, BACKBONE_ATOMS)
    return atoms._replace(atoms=atoms.atoms[kept], owner=atoms.owner[kept], names=atoms.names[kept])


def _ideal_cb(backbone: Backbone) -> Float[np.ndarray, "residues 3"]:
    """CB that an ideal alanine has; CA of glycine and where N or C is missing."""
    ca, cb = backbone.ca, ideal_cb(backbone.coords)
    known = np.isfinite(cb).all(1) & (backbone.residue_names != "GLY")
    return np.where(known[:, None], cb, ca)


def _standard_names(
    names: Shaped[np.ndarray, " atoms"], types: Int[np.ndarray, " atoms"]
) -> Shaped[np.ndarray, " atoms"]:
    """Names that atoms of residue types have in a standard residue; "" where it has none."""
    table = np.full((len(TYPES), SLOTS + 1), "", dtype="U4")  # the last column is for slot -1
    for k, name in enumerate(TYPES):
        table[k, : len(HEAVY_ATOMS[name])] = HEAVY_ATOMS[name]
    return table[types, slots_of_atoms(names, types)]


def _heavy_atoms(
    structure: Structure, rows: Int[np.ndarray, " residues"]
) -> tuple[Float[np.ndarray, "atoms 3"], Int[np.ndarray, " atoms"], Shaped[np.ndarray, " atoms"]]:
    """Coordinates, residues and names of the heavy atoms of some residues."""
    array = structure.atoms
    place = np.full(len(structure.backbone) + 1, -1)  # the last one: atoms without a residue
    place[rows] = np.arange(len(rows))
    owner = place[structure.residue]
    kept = (owner >= 0) & ~np.isin(array.get_annotation("element"), ("H", "D"))
    order = np.flatnonzero(kept)
    order = order[np.argsort(owner[order], kind="stable")]
    coords = np.asarray(array.coord)[order].astype(np.float64)
    return coords, owner[order], array.get_annotation("atom_name")[order]
