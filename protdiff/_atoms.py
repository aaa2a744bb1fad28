"""From the atom records of a structure file to its protein residues."""

from functools import cache
from itertools import groupby
from typing import NamedTuple

import numpy as np

from protdiff.backbone import BACKBONE_ATOMS, ONE_TO_THREE, THREE_TO_ONE, Backbone

PEPTIDE_BOND_LIMIT = 2.0  # Å, longest C-N distance that still counts as a peptide bond

# Names that molecular dynamics packages give to protonation states of standard residues.
FORCE_FIELD_NAMES = {
    "HID": "HIS", "HIE": "HIS", "HIP": "HIS", "HSD": "HIS", "HSE": "HIS", "HSP": "HIS",
    "CYX": "CYS", "CYM": "CYS", "ASH": "ASP", "GLH": "GLU", "LYN": "LYS",
}  # fmt: skip


class FileError(ValueError):
    """A file that cannot be read or written; one line with its name and what to do."""


class Atoms(NamedTuple):
    """Backbone atom records of one model, one array entry per record, in file order."""

    name: np.ndarray  # N, CA, C or O
    altloc: np.ndarray  # "" where there is no alternate location
    residue_name: np.ndarray
    chain_id: np.ndarray
    residue_number: np.ndarray
    insertion_code: np.ndarray
    coord: np.ndarray  # (n, 3), Å
    occupancy: np.ndarray
    b_factor: np.ndarray
    hetero: np.ndarray  # True for HETATM records
    in_polymer: np.ndarray  # 1 yes, 0 no, -1 the file does not tell


class Residue(NamedTuple):
    """One residue reduced to one conformation."""

    name: str  # as in the file
    rows: dict  # atom name -> row of Atoms


def to_backbone(atoms, ca_only=False):
    """Backbone of the protein residues among the atom records.

    Parameters
    ----------
    atoms : Atoms
    ca_only : bool
        Take a CA trace too.

    Returns
    -------
    Backbone

    Raises
    ------
    FileError
        If there is no protein residue, or none with N, CA and C (with CA, if `ca_only`), or a
        coordinate is not finite.
    """
    residues = protein_residues(atoms)
    found = [residue.rows.keys() for residue in residues]
    if not found:
        raise FileError("no protein residues; choose a file with a protein chain")
    trace = ca_only and any("CA" in names for names in found)
    if not trace and not any(names >= {"N", "CA", "C"} for names in found):
        what = "CA only" if all(names == {"CA"} for names in found) else "no residue has N, CA, C"
        raise FileError(f"no protein backbone: {what}; choose a file with all backbone atoms")
    slots = [
        (i, BACKBONE_ATOMS.index(name), row)
        for i, residue in enumerate(residues)
        for name, row in residue.rows.items()
    ]
    residue, atom, row = np.array(slots).T
    lost = row[~np.isfinite(atoms.coord[row]).all(axis=-1)]
    if len(lost):
        where = f"chain {str(atoms.chain_id[lost[0]])!r} residue {atoms.residue_number[lost[0]]}"
        raise FileError(f"atom {atoms.name[lost[0]]} of {where} has no coordinates; remove it")
    coords = np.full((len(residues), 4, 3), np.nan)
    coords[residue, atom] = atoms.coord[row]
    rows = [r.rows["CA"] if "CA" in r.rows else min(r.rows.values()) for r in residues]
    return Backbone(
        coords=coords,
        mask=np.isfinite(coords).all(axis=-1),
        residue_names=[
            standard_name(r.name, atoms.hetero[i]) for r, i in zip(residues, rows, strict=True)
        ],
        chain_ids=atoms.chain_id[rows],
        residue_numbers=atoms.residue_number[rows],
        insertion_codes=atoms.insertion_code[rows],
        b_factors=atoms.b_factor[rows],
    )


def protein_residues(atoms):
    """Amino acids of the polymers in file order; see the notes of `protdiff.io.read`."""
    keys = list(
        zip(
            atoms.chain_id.tolist(),
            atoms.residue_number.tolist(),
            atoms.insertion_code.tolist(),
            strict=True,
        )
    )
    names, altlocs = atoms.name.tolist(), atoms.altloc.tolist()
    residue_names = atoms.residue_name.tolist()
    residues = []
    for _, group in groupby(range(len(keys)), key=keys.__getitem__):
        rows = list(group)
        found = {names[row]: row for row in rows}
        plain = len(found) == len(rows) and not any(altlocs[row] for row in rows)
        if plain and len({residue_names[row] for row in rows}) == 1:  # nearly every residue
            residues.append(Residue(residue_names[rows[0]], found))
        else:
            residues.append(choose_conformation(atoms, rows))
    residues = [residue for residue in residues if _is_amino_acid(atoms, residue)]
    return [r for i, r in enumerate(residues) if _in_polymer(atoms, residues, i)]


def choose_conformation(atoms, rows):
    """Reduce the records of one residue to one residue name and one record per atom.

    The conformation with the most backbone atoms wins, then the highest mean occupancy, then the
    first in the file. Atoms it lacks are filled in from others of the same residue name.

    Parameters
    ----------
    atoms : Atoms
    rows : list of int
        Records of one residue.

    Returns
    -------
    Residue
    """
    records = [
        (r, str(atoms.residue_name[r]), str(atoms.altloc[r]), str(atoms.name[r])) for r in rows
    ]
    alternates = {name for _, name, altloc, _ in records if altloc}
    best, best_rank = None, (0, -1.0)
    for residue_name, altloc in dict.fromkeys((name, altloc) for _, name, altloc, _ in records):
        if not altloc and residue_name in alternates:
            continue  # atoms shared by the conformations, not one of their own
        own, shared = {}, {}
        for row, name, alt, atom in records:
            if name == residue_name and alt in ("", altloc):
                (own if alt == altloc else shared).setdefault(atom, row)
        # Rounded, so that equal occupancies stay a tie that the file order decides.
        occupancy = round(float(np.mean([atoms.occupancy[row] for row in own.values()])), 3)
        rank = (len(own.keys() | shared.keys()), occupancy)
        if best is None or rank > best_rank:
            best, best_rank = Residue(residue_name, shared | own), rank
    others = [record for record in records if record[1] == best.name]
    for row, _, _, atom in sorted(others, key=lambda record: -atoms.occupancy[record[0]]):
        best.rows.setdefault(atom, row)
    return best


@cache
def _component(name):
    """Whether the dictionary has the name as a peptide-linking component, and its parent."""
    from biotite.structure.info import one_letter_code
    from biotite.structure.info.ccd import get_from_ccd

    kind = get_from_ccd("chem_comp", name, "type")
    if kind is None or "peptide" not in kind.as_item().lower():
        return False, "UNK"
    parent = get_from_ccd("chem_comp", name, "mon_nstd_parent_comp_id").as_item()
    if parent in THREE_TO_ONE:
        return True, parent
    letter = {"U": "C", "O": "K"}.get(one_letter_code(name), one_letter_code(name))
    return True, ONE_TO_THREE.get(letter, "UNK")


def standard_name(name, hetero):
    """Standard parent name of a residue, or UNK."""
    if name in THREE_TO_ONE:
        return name
    if not hetero and name in FORCE_FIELD_NAMES:
        return FORCE_FIELD_NAMES[name]
    return _component(name)[1]


def _is_amino_acid(atoms, residue):
    """Whether the residue can be part of a protein, free amino acids included."""
    if residue.name in THREE_TO_ONE:
        return True
    if "CA" not in residue.rows:
        return False
    if _component(residue.name)[0]:
        return True
    return not atoms.hetero[residue.rows["CA"]] and residue.rows.keys() >= {"N", "CA", "C"}


def _in_polymer(atoms, residues, i):
    """Whether residue i is part of a chain and not a free amino acid."""
    row = min(residues[i].rows.values())
    if not atoms.hetero[row]:
        return True
    if atoms.in_polymer[row] >= 0:
        return bool(atoms.in_polymer[row])
    pairs = [(j, j + 1) for j in (i - 1, i) if 0 <= j < len(residues) - 1]
    return any(_bonded(atoms, residues[j].rows, residues[k].rows) for j, k in pairs)


def _bonded(atoms, first, second):
    """Whether a peptide bond joins two residues, given as their rows."""
    if "C" not in first or "N" not in second:
        return False
    c, n = first["C"], second["N"]
    same_chain = atoms.chain_id[c] == atoms.chain_id[n]
    return same_chain and np.linalg.norm(atoms.coord[c] - atoms.coord[n]) < PEPTIDE_BOND_LIMIT
