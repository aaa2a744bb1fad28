"""Protein residues of the atom records of a structure file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..backbone import BACKBONE_ATOMS, THREE_TO_ONE, Backbone
from ..constants import LINK_BREAK
from .atoms import FileError
from .numbers import UNKNOWN_NUMBER
from .oxygens import with_carbonyl_oxygens
from .residue_names import LONG_NAMES, is_peptide_component, standard_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Float, Int

    from .atoms import Atoms

__all__ = ["choose_conformation", "protein_residues", "to_backbone"]

CA = BACKBONE_ATOMS.index("CA")
#: Å; no structure is as large, and squares of what is much larger overflow.
LARGEST_COORDINATE = 1e6


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
        coordinate or residue number is no number, or a coordinate is over 1,000,000 Å.
    """
    with np.errstate(invalid="ignore"):  # distances of coordinates that are no numbers
        atoms = with_carbonyl_oxygens(_located(atoms))
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
    # Names and numbers of a residue are those of its CA, or of its first atom.
    naming = np.where(present[:, CA], rows[:, CA], _first(rows))
    _check_numbers(atoms, rows[present], naming)
    hetero = atoms.hetero[naming].tolist()
    return Backbone(
        coords=coords,
        mask=present,
        residue_names=np.array(
            [standard_name(*pair) for pair in zip(names, hetero, strict=True)], dtype=np.str_
        ),
        chain_ids=atoms.chain_id[naming],
        residue_numbers=atoms.residue_number[naming],
        insertion_codes=atoms.insertion_code[naming],
        b_factors=_b_factors(atoms, rows, naming),
    )


def _located(atoms: Atoms) -> Atoms:
    """Records that have coordinates; a warning counts those of amino acids that have none."""
    located = ~np.isnan(atoms.coord).any(axis=1)
    if located.all():
        return atoms
    trace = (atoms.name == "CA") & (atoms.residue_name != "CA")  # the other CA is calcium
    lost = np.flatnonzero(~located & np.isin(atoms.residue_name, atoms.residue_name[trace]))
    if len(lost):
        place = _place(atoms, lost[0])
        if not located.any():
            raise FileError(f"{place} has no coordinates, nor has any other; get a fresh copy")
        warn(f"no coordinates for {len(lost)} atoms, which are left out ({place})")
    return type(atoms)(*(column[located] for column in atoms))


def _place(atoms: Atoms, row: int) -> str:
    """Name of an atom in a message."""
    chain, number = str(atoms.chain_id[row]), atoms.residue_number[row]
    known = number != UNKNOWN_NUMBER
    number = f"{number}{atoms.insertion_code[row]}" if known else atoms.residue_name[row]
    return f"atom {atoms.name[row]} of chain {chain!r} residue {number}"


def _check_numbers(
    atoms: Atoms, rows: Int[np.ndarray, " chosen"], naming: Int[np.ndarray, " residues"]
) -> None:
    """FileError for coordinates or residue numbers of proteins that are no numbers."""
    wrong = rows[~(np.abs(atoms.coord[rows]) < LARGEST_COORDINATE).all(axis=1)]
    if len(wrong):
        place = _place(atoms, wrong.min())
        raise FileError(f"damaged: coordinates of {place} are no numbers; are its columns shifted?")
    wrong = np.flatnonzero(atoms.residue_number[naming] == UNKNOWN_NUMBER)
    if len(wrong):
        row = naming[wrong[0]]
        name, chain = atoms.residue_name[row], str(atoms.chain_id[row])
        after = f" after {atoms.residue_number[naming[wrong[0] - 1]]}" if wrong[0] else ""
        raise FileError(
            f"the residue number of {name} in chain {chain!r}{after} is no number; renumber it"
        )


def _b_factors(
    atoms: Atoms, rows: Int[np.ndarray, "residues 4"], naming: Int[np.ndarray, " residues"]
) -> Float[np.ndarray, " residues"] | None:
    """B-factor of CA, or of the first atom that has one; None if no residue has one."""
    values = atoms.b_factor[naming]
    for residue in np.flatnonzero(~np.isfinite(values)).tolist():
        others = atoms.b_factor[rows[residue][rows[residue] >= 0]]
        values[residue] = next(iter(others[np.isfinite(others)]), np.nan)
    unknown = np.flatnonzero(np.isnan(values))
    if not len(unknown):
        return values
    if len(unknown) == len(values):
        warn("its B-factors are no numbers; left out")
        return None
    place = _place(atoms, int(naming[unknown[0]])).partition(" of ")[2]
    warn(f"no B-factor for {len(unknown)} residues ({place}); they have 0")
    return np.where(np.isnan(values), 0.0, values)


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


def _first(rows: Int[np.ndarray, "residues 4"]) -> Int[np.ndarray, " residues"]:
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
    # One that is no number gives way to any that is.
    occupancies = {r: np.nan_to_num(atoms.occupancy[r], posinf=0, neginf=0) for r, *_ in records}
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
        occupancy = round(float(np.mean([occupancies[r] for r in alternate.values()])), 3)
        rank = (len(alternate.keys() | shared.keys()), occupancy)
        if rank > best_rank:
            best_name, best_rows, best_rank = residue_name, shared | alternate, rank
    others = [record for record in records if record[1] == best_name]
    for row, _, _, atom in sorted(others, key=lambda record: -occupancies[record[0]]):
        best_rows.setdefault(atom, row)
    return best_name, best_rows


def _is_amino_acid(atoms: Atoms, name: str, rows: Int[np.ndarray, " 4"]) -> bool:
    """Whether the residue can be part of a protein, free amino acids included."""
    if name in THREE_TO_ONE or name in LONG_NAMES:
        return True
    if rows[CA] < 0:
        return False
    if is_peptide_component(name):
        return True
    return not atoms.hetero[rows[CA]] and bool((rows[:3] >= 0).all())


def _in_polymer(atoms: Atoms, rows: Int[np.ndarray, "residues 4"], i: int) -> bool:
    """Whether residue i, of HETATM records, is part of a chain and not a free amino acid."""
    file_says = atoms.in_polymer[_first(rows[[i]])[0]]
    if file_says >= 0:
        return bool(file_says)
    pairs = [(j, j + 1) for j in (i - 1, i) if 0 <= j < len(rows) - 1]
    return any(_bonded(atoms, rows[j], rows[k]) for j, k in pairs)


def _bonded(atoms: Atoms, first: Int[np.ndarray, " 4"], second: Int[np.ndarray, " 4"]) -> bool:
    """Whether a peptide bond joins two residues, given as their rows."""
    c, n = first[2], second[0]
    if c < 0 or n < 0:
        return False
    same_chain = atoms.chain_id[c] == atoms.chain_id[n]
    return bool(same_chain and np.linalg.norm(atoms.coord[c] - atoms.coord[n]) < LINK_BREAK)
