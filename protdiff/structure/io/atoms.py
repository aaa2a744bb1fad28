"""Protein residues of the atom records of a structure file."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..backbone import BACKBONE_ATOMS, ONE_TO_THREE, THREE_TO_ONE, Backbone
from ..constants import LINK_BREAK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Bool, Float, Int, Shaped

    Strings = Shaped[np.ndarray, "records"]

__all__ = [
    "Atoms",
    "FileError",
    "choose_conformation",
    "protein_residues",
    "standard_name",
    "to_backbone",
]

CA = BACKBONE_ATOMS.index("CA")

# Names that molecular dynamics packages give to protonation states of standard residues.
FORCE_FIELD_NAMES = {
    "HID": "HIS", "HIE": "HIS", "HIP": "HIS", "HSD": "HIS", "HSE": "HIS", "HSP": "HIS",
    "CYX": "CYS", "CYM": "CYS", "ASH": "ASP", "GLH": "GLU", "LYN": "LYS",
}  # fmt: skip


class FileError(ValueError):
    """A file that cannot be read or written; one line with its name and what to do."""


class Atoms(NamedTuple):
    """Backbone atom records of one model, one array entry per record, in file order."""

    name: Strings  # N, CA, C or O
    altloc: Strings  # "" where there is no alternate location
    residue_name: Strings
    chain_id: Strings
    residue_number: Int[np.ndarray, "records"]
    insertion_code: Strings
    coord: Float[np.ndarray, "records 3"]  # Å
    occupancy: Float[np.ndarray, "records"]
    b_factor: Float[np.ndarray, "records"]
    hetero: Bool[np.ndarray, "records"]  # True for HETATM records
    in_polymer: Int[np.ndarray, "records"]  # 1 yes, 0 no, -1 where the file does not say


def to_backbone(atoms: Atoms, ca_only: bool = False) -> Backbone:
    """Backbone of the protein residues among the atom records.

    Parameters
    ----------
    atoms : Atoms
    ca_only : bool
        Accept a file with only CA atoms.

    Returns
    -------
    Backbone

    Raises
    ------
    FileError
        If there is no protein residue, or none with N, CA and C (with CA, if `ca_only`), or a
        coordinate is not finite.
    """
    names, rows = protein_residues(atoms)
    if not len(rows):
        raise FileError("no protein residues; choose a file with a protein chain")
    present = rows >= 0
    trace = ca_only and present[:, CA].any()
    if not trace and not present[:, :3].all(axis=1).any():
        only = (present == (np.arange(4) == CA)).all()
        what = "CA only" if only else "no residue has N, CA, C"
        raise FileError(f"no protein backbone: {what}; choose a file with all backbone atoms")
    coords = np.where(present[..., None], atoms.coord[rows], np.nan)
    mask = np.isfinite(coords).all(axis=-1)
    if (mask != present).any():
        lost = rows[mask != present].min()
        where = f"chain {str(atoms.chain_id[lost])!r} residue {atoms.residue_number[lost]}"
        raise FileError(f"atom {atoms.name[lost]} of {where} has no coordinates; remove it")
    # Names and numbers of a residue are those of its CA, or of its first atom.
    naming = np.where(present[:, CA], rows[:, CA], _first(rows))
    hetero = atoms.hetero[naming].tolist()
    return Backbone(
        coords=coords,
        mask=np.asarray(mask),
        residue_names=np.array(
            [standard_name(*pair) for pair in zip(names, hetero, strict=True)], dtype=np.str_
        ),
        chain_ids=atoms.chain_id[naming],
        residue_numbers=atoms.residue_number[naming],
        insertion_codes=atoms.insertion_code[naming],
        b_factors=atoms.b_factor[naming],
    )


def protein_residues(atoms: Atoms) -> tuple[list[str], Int[np.ndarray, "residues 4"]]:
    """Amino acids of the polymers in file order; see the notes of `read_write.read`.

    Returns
    -------
    names : list of str
        As in the file.
    rows : ndarray of int, shape (R, 4)
        Records of N, CA, C and O, of one conformation; -1 where there is none.
    """
    if not len(atoms.name):
        return [], np.empty((0, 4), dtype=int)
    keys = (atoms.chain_id, atoms.residue_number, atoms.insertion_code)
    begins = np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])
    start = np.flatnonzero(begins)
    residue, size = begins.cumsum() - 1, np.diff(start, append=len(begins))
    slot = sum(k * (atoms.name == name) for k, name in enumerate(BACKBONE_ATOMS))
    rows = np.full((len(start), 4), -1)
    rows[residue, slot] = np.arange(len(begins))
    names = atoms.residue_name[start].tolist()
    several = size != (rows >= 0).sum(axis=1)
    other_name = atoms.residue_name != atoms.residue_name[start][residue]
    several[residue[(atoms.altloc != "") | other_name]] = True
    for r in np.flatnonzero(several).tolist():
        names[r], chosen = choose_conformation(atoms, range(start[r], start[r] + size[r]))
        rows[r] = [chosen.get(name, -1) for name in BACKBONE_ATOMS]
    kept = [r for r, name in enumerate(names) if _is_amino_acid(atoms, name, rows[r])]
    names, rows = [names[r] for r in kept], rows[kept]
    hetero = atoms.hetero[_first(rows)]
    kept = [r for r, free in enumerate(hetero.tolist()) if not free or _in_polymer(atoms, rows, r)]
    return [names[r] for r in kept], rows[kept]


def _first(rows: Int[np.ndarray, "residues 4"]) -> Int[np.ndarray, "residues"]:
    """First record of every residue."""
    return np.where(rows >= 0, rows, np.iinfo(rows.dtype).max).min(axis=1)


def choose_conformation(atoms: Atoms, rows: Iterable[int]) -> tuple[str, dict[str, int]]:
    """Reduce the records of one residue to one residue name and one record per atom.

    The conformation with the most backbone atoms wins, then the highest mean occupancy, then the
    first in the file. Atoms it lacks are filled in from others of the same residue name.

    Parameters
    ----------
    atoms : Atoms
    rows : iterable of int
        Records of one residue.

    Returns
    -------
    name : str
    rows : dict of str to int
        Record of every atom.
    """
    records = [
        (r, str(atoms.residue_name[r]), str(atoms.altloc[r]), str(atoms.name[r])) for r in rows
    ]
    alternates = {name for _, name, altloc, _ in records if altloc}
    best_name, best_rows, best_rank = "", dict[str, int](), (0, -1.0)
    for residue_name, altloc in dict.fromkeys((name, altloc) for _, name, altloc, _ in records):
        if not altloc and residue_name in alternates:
            continue  # atoms that the conformations share are no conformation
        alternate: dict[str, int] = {}
        shared: dict[str, int] = {}
        for row, name, alt, atom in records:
            if name == residue_name and alt in ("", altloc):
                (alternate if alt == altloc else shared).setdefault(atom, row)
        # Rounded, so that equal occupancies stay a tie that the file order decides.
        occupancy = round(float(np.mean([atoms.occupancy[r] for r in alternate.values()])), 3)
        rank = (len(alternate.keys() | shared.keys()), occupancy)
        if rank > best_rank:
            best_name, best_rows, best_rank = residue_name, shared | alternate, rank
    others = [record for record in records if record[1] == best_name]
    for row, _, _, atom in sorted(others, key=lambda record: -atoms.occupancy[record[0]]):
        best_rows.setdefault(atom, row)
    return best_name, best_rows


@cache
def _component(name: str) -> tuple[bool, str]:
    """Whether the dictionary has the name as a peptide-linking component, and its parent."""
    from biotite.structure.info import one_letter_code
    from biotite.structure.info.ccd import get_from_ccd

    kind: Any = get_from_ccd("chem_comp", name, "type")
    if kind is None or "peptide" not in kind.as_item().lower():
        return False, "UNK"
    origin: Any = get_from_ccd("chem_comp", name, "mon_nstd_parent_comp_id")
    parent = origin.as_item()
    if parent in THREE_TO_ONE:
        return True, parent
    letter = one_letter_code(name) or "X"
    letter = {"U": "C", "O": "K"}.get(letter, letter)
    return True, ONE_TO_THREE.get(letter, "UNK")


def standard_name(name: str, hetero: bool) -> str:
    """Standard parent name of a residue, or UNK."""
    if name in THREE_TO_ONE:
        return name
    if not hetero and name in FORCE_FIELD_NAMES:
        return FORCE_FIELD_NAMES[name]
    return _component(name)[1]


def _is_amino_acid(atoms: Atoms, name: str, rows: Int[np.ndarray, "4"]) -> bool:
    """Whether the residue can be part of a protein, free amino acids included."""
    if name in THREE_TO_ONE:
        return True
    if rows[CA] < 0:
        return False
    if _component(name)[0]:
        return True
    return not atoms.hetero[rows[CA]] and bool((rows[:3] >= 0).all())


def _in_polymer(atoms: Atoms, rows: Int[np.ndarray, "residues 4"], i: int) -> bool:
    """Whether residue i, of HETATM records, is part of a chain and not a free amino acid."""
    file_says = atoms.in_polymer[_first(rows[[i]])[0]]
    if file_says >= 0:
        return bool(file_says)
    pairs = [(j, j + 1) for j in (i - 1, i) if 0 <= j < len(rows) - 1]
    return any(_bonded(atoms, rows[j], rows[k]) for j, k in pairs)


def _bonded(atoms: Atoms, first: Int[np.ndarray, "4"], second: Int[np.ndarray, "4"]) -> bool:
    """Whether a peptide bond joins two residues, given as their rows."""
    c, n = first[2], second[0]
    if c < 0 or n < 0:
        return False
    same_chain = atoms.chain_id[c] == atoms.chain_id[n]
    return bool(same_chain and np.linalg.norm(atoms.coord[c] - atoms.coord[n]) < LINK_BREAK)
