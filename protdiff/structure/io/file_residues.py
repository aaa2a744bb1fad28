"""The residues of a structure file in its order, with ligands: what predictors count tokens by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._system.notices import collected
from ..backbone import THREE_TO_ONE
from .conformations import residue_begins
from .content import explained, read_bytes
from .members import as_path, path_text
from .models import Models
from .record_owners import LEFT_OUT, residues_of_records
from .residues import to_backbone

if TYPE_CHECKING:
    import os

    from jaxtyping import Bool, Float, Int, Shaped

    from .atoms import Atoms

__all__ = ["FileResidues", "read_file_residues"]

#: Residues that AlphaFold 3, Boltz and OpenFold3 give one token: amino acids, nucleotides, and the
#: unknown ones of both. Each atom of any other residue, as of a modified one, is a token; so it is
#: of a ligand of such a name, as glutamate in its receptor, which they write as HETATM.
NUCLEOTIDES = ("A", "C", "G", "U", "N", "DA", "DC", "DG", "DT", "DN")
ONE_TOKEN = (*THREE_TO_ONE, "UNK", *NUCLEOTIDES)


class FileResidues(NamedTuple):
    """Residues, ligands and ions of the first model of a file, in the order of the file.

    Attributes
    ----------
    residue : ndarray of int, shape (file_residues,)
        Residue of the backbone that `read` returns; -1 for nucleotides, ligands, ions and water.
    chain : ndarray of str, shape (file_residues,)
        Label of the chain in mmCIF, which tells ligands apart; else its id, or its segment id
        where that is blank.
    atoms : ndarray of int, shape (file_residues,)
        How many atoms it has.
    alpha, beta : ndarray of int, shape (file_residues,)
        Place of CA, and of CB (CA in glycine), among its atoms; -1 where it has none.
    beta_coords : ndarray of float, shape (file_residues, 3)
        Coordinates of that CB, Å; NaN where there is none.
    standard : ndarray of bool, shape (file_residues,)
        Whether predictors that count tokens give it one; others have one for every atom.
    """

    residue: Int[np.ndarray, " file_residues"]
    chain: Shaped[np.ndarray, " file_residues"]
    atoms: Int[np.ndarray, " file_residues"]
    alpha: Int[np.ndarray, " file_residues"]
    beta: Int[np.ndarray, " file_residues"]
    beta_coords: Float[np.ndarray, "file_residues 3"]
    standard: Bool[np.ndarray, " file_residues"]

    @property
    def tokens(self) -> Int[np.ndarray, " file_residues"]:
        """Number of tokens of each."""
        return np.where(self.standard, 1, self.atoms)


def read_file_residues(path: str | os.PathLike[str]) -> FileResidues:
    """Residues of a structure file, in its order, with all that is no protein.

    Parameters
    ----------
    path : str or os.PathLike
        As in `read`; of several models the first.

    Raises
    ------
    FileError
        As in `read`.

    Examples
    --------
    >>> from protdiff.structure.io.file_residues import read_file_residues
    >>> residues = read_file_residues("data/examples/1tpk.pdb")
    >>> int((residues.residue >= 0).sum()), residues.atoms[:3].tolist(), residues.beta[:3].tolist()
    (88, [4, 8, 6], [1, 4, 4])
    """
    content, kind = read_bytes(as_path(path))
    with collected(), explained(path_text(path), kind):
        models = Models.of(content, kind, all_atoms=True)
        backbone = models.atoms(1)
        _, records = to_backbone(backbone, True)
        atoms = models.everything(1, backbone)
        places = np.where(records >= 0, np.searchsorted(atoms.record, records), -1)
        owner = residues_of_records(atoms, places)
        kept = owner != LEFT_OUT
        atoms = type(atoms)(*(column[kept] for column in atoms))
        first, second = atoms.segment, atoms.chain_id
        if kind == "PDB":  # where programs write one segment id for all chains
            first, second = second, first
        return _gathered(atoms, owner[kept], np.where(first == "", second, first))


def _gathered(
    atoms: Atoms, owner: Int[np.ndarray, " records"], labels: Shaped[np.ndarray, " records"]
) -> FileResidues:
    """Residues of records that are in file order, with the labels of their chains."""
    begins = residue_begins(atoms)
    for column in (atoms.residue_name, atoms.segment, owner):
        begins[1:] |= column[1:] != column[:-1]
    starts = np.flatnonzero(begins)
    run = begins.cumsum() - 1
    names = atoms.residue_name[starts]
    alpha = _places(atoms.name == "CA", run, starts)
    beta = _places(atoms.name == "CB", run, starts)
    protein = owner[starts] >= 0
    beta = np.where(names == "GLY", alpha, beta)
    alpha, beta = np.where(protein, alpha, -1), np.where(protein, beta, -1)
    coords = np.where((beta >= 0)[:, None], atoms.coord[starts + np.maximum(beta, 0)], np.nan)
    return FileResidues(
        residue=owner[starts],
        chain=labels[starts],
        atoms=np.diff(np.append(starts, len(owner))),
        alpha=alpha,
        beta=beta,
        beta_coords=coords,
        standard=np.isin(names, ONE_TOKEN) & (protein | ~atoms.hetero[starts]),
    )


def _places(
    found: Bool[np.ndarray, " records"],
    run: Int[np.ndarray, " records"],
    starts: Int[np.ndarray, " file_residues"],
) -> Int[np.ndarray, " file_residues"]:
    """Place of the first such atom in every residue; -1 where there is none."""
    places = np.full(len(starts), -1)
    rows = np.flatnonzero(found)[::-1]
    places[run[rows]] = rows - starts[run[rows]]
    return places
