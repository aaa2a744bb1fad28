"""The columns of all atoms: side chains against a reference, clashes, and what is no protein."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..structure.other_residues import other_residues
from .all_atom_lddt import all_atom_lddt
from .atom_clashes import clashes
from .chi_angles import chi_shares
from .heavy_atoms import OXT, atom_grid, has_side_chains, type_indices
from .stereochemistry import violations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Int

    from ..structure.all_atoms import Structure

__all__ = [
    "ALL_ATOM_ALONE", "ALL_ATOM_SIMILARITY", "all_atom_similarity", "atom_columns",
    "with_side_chains",
]  # fmt: skip

#: Column and what it says, in the order of a row; those that need a reference.
ALL_ATOM_SIMILARITY = {
    "lddt_all": "lDDT of all heavy atoms, without residues of impossible stereochemistry",
    "stereo_out": "residues of the model of which these atoms are left out",
    "chi1": "share of equal residues with chi1 within 20 degrees",
    "chi1_chi2": "share of equal residues with chi1 and chi2 within 20 degrees",
}
#: The same without a reference.
ALL_ATOM_ALONE = {
    "atom_clashes": "pairs of protein atoms that overlap by 0.4 Å, per 1,000 atoms; no hydrogens",
    "nucleic_residues": "nucleotides of DNA and RNA; they have no part in other columns",
    "ligands": "other residues but water, NAME:COUNT; no part in other columns",
}


def atom_columns(structure: Structure) -> dict[str, float | str]:
    """Columns of all atoms of one structure.

    Parameters
    ----------
    structure : Structure

    Returns
    -------
    dict of str to float or str
        Keys of `ALL_ATOM_ALONE`; clashes are NaN without side chains.

    Examples
    --------
    >>> import protdiff
    >>> atom_columns(protdiff.read("data/examples/1tpk.pdb", atoms="all"))
    {'atom_clashes': 0.0, 'nucleic_residues': 0.0, 'ligands': 'CL:1'}
    """
    types = type_indices(structure.backbone.residue_names)
    grid = atom_grid(structure, types)
    rate = float("nan")
    if has_side_chains(grid, types):
        atoms = int(np.isfinite(grid[..., 0]).sum())
        rate = 1000 * clashes(grid, types, structure.backbone) / atoms
    others = other_residues(structure.others)
    return {
        "atom_clashes": rate,
        "nucleic_residues": float(others.nucleic),
        "ligands": others.names,
    }


def all_atom_similarity(
    model: Structure,
    reference: Structure | None,
    pairs: Int[np.ndarray, "aligned 2"],
    chains: Sequence[tuple[str, str]],
) -> dict[str, float]:
    """Columns that compare the side chains of residues that correspond.

    Residues and side chains of impossible stereochemistry are left out of model and reference, as
    OpenStructure does; see `stereochemistry`. All atoms of the paired chains of the reference
    count in the lDDT, but for the second oxygen of the last residue, as there.

    Parameters
    ----------
    model : Structure
    reference : Structure, optional
        None if only its backbone is known.
    pairs : ndarray of int, shape (aligned, 2)
        Residues that correspond, model first.
    chains : list of (str, str)
        Chain ids that are paired.

    Returns
    -------
    dict of str to float
        Keys of `ALL_ATOM_SIMILARITY`; NaN where one of the two has no side chains.

    Examples
    --------
    >>> import numpy as np, protdiff
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> pairs = np.stack([np.arange(88)] * 2, -1)
    >>> all_atom_similarity(structure, structure, pairs, [("A", "A")])
    {'lddt_all': 1.0, 'stereo_out': 0.0, 'chi1': 1.0, 'chi1_chi2': 1.0}
    """
    nothing = dict.fromkeys(ALL_ATOM_SIMILARITY, float("nan"))
    if reference is None:
        return nothing
    types = type_indices(model.backbone.residue_names)
    reference_types = type_indices(reference.backbone.residue_names)
    grid, reference_grid = atom_grid(model, types), atom_grid(reference, reference_types)
    if not (has_side_chains(grid, types) and has_side_chains(reference_grid, reference_types)):
        return nothing
    grid[:, OXT] = reference_grid[:, OXT] = np.nan  # few models have the atom
    bad = violations(grid, types, model.backbone)
    of_reference = violations(reference_grid, reference_types, reference.backbone)
    i, j = pairs.T
    # Atoms of the model where the reference has those of the same name.
    wanted = types.copy()
    wanted[i] = reference_types[j]
    same = bool((wanted == types).all())
    placed = np.full_like(reference_grid, np.nan)
    placed[j] = bad.without(grid if same else atom_grid(model, wanted))[i]
    # A residue without CA corresponds to none.
    rows = np.isin(reference.backbone.chain_ids, [b for _, b in chains])
    rows &= reference.backbone.mask[:, 1]
    expected = of_reference.without(reference_grid)
    i, j = pairs[types[i] == reference_types[j]].T
    chi1, both = chi_shares(grid[i], reference_grid[j], types[i])
    return {
        "lddt_all": all_atom_lddt(placed[rows], expected[rows], reference_types[rows]),
        "stereo_out": float(bad.any_atom.sum()),
        "chi1": chi1,
        "chi1_chi2": both,
    }


def with_side_chains(structure: Structure) -> bool:
    """Whether a structure has side chains, and not a backbone alone."""
    types = type_indices(structure.backbone.residue_names)
    return has_side_chains(atom_grid(structure, types), types)
