"""Protein residues of the atom records of a structure file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..._system.words import counted, either
from ..backbone import BACKBONE_ATOMS, THREE_TO_ONE, Backbone
from .atoms import FileError, NoProteinError
from .conformations import choose_conformation, gathered, residue_begins
from .numbers import UNKNOWN_NUMBER
from .oxygens import with_carbonyl_oxygens
from .polymer import Residues, in_chain_order, in_chains
from .residue_names import FORCE_FIELD_NAMES, LONG_NAMES, is_peptide_component, standard_names

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from .atoms import Atoms

__all__ = ["LARGEST_COORDINATE", "check_coordinates", "place_of", "protein_residues", "to_backbone"]

CA = BACKBONE_ATOMS.index("CA")
#: Calcium, and groups at the ends of chains, whose methyl group some programs call CA.
NOT_RESIDUES = ("CA", "ACE", "NME", "NMA", "NAC")
#: Å; no structure is as large, and squares of what is much larger overflow.
LARGEST_COORDINATE = 1e6


def to_backbone(
    atoms: Atoms, ca_only: bool = False
) -> tuple[Backbone, Int[np.ndarray, "residues 4"]]:
    """Backbone of the protein residues among the atom records.

    Parameters
    ----------
    atoms : Atoms
    ca_only : bool
        Accept a file with only CA atoms.

    Returns
    -------
    backbone : Backbone
    records : ndarray of int, shape (R, 4)
        Place in the file of every atom that it has; -1 where it has none.

    Raises
    ------
    FileError
        If there is no protein residue, or none with N, CA and C (with CA, if `ca_only`), or a
        coordinate or residue number is no number, or a coordinate is over 1,000,000 Å.
    """
    with np.errstate(invalid="ignore"):  # distances of coordinates that are no numbers
        atoms = with_carbonyl_oxygens(gathered(_located(atoms)))
        names, rows = protein_residues(atoms)
    if not len(rows):
        raise NoProteinError
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
    backbone = Backbone(
        coords=coords,
        mask=present,
        residue_names=np.array(standard_names(names, hetero), dtype=np.str_),
        chain_ids=atoms.chain_id[naming],
        residue_numbers=atoms.residue_number[naming],
        insertion_codes=atoms.insertion_code[naming],
        b_factors=_b_factors(atoms, rows, naming),
    )
    return backbone, np.where(present, atoms.record[rows], -1)


def _located(atoms: Atoms) -> Atoms:
    """Records that have coordinates; a warning counts those of amino acids that have none."""
    located = ~np.isnan(atoms.coord).any(axis=1)
    if located.all():
        return atoms
    trace = (atoms.name == "CA") & (atoms.residue_name != "CA")  # the other CA is calcium
    lost = np.flatnonzero(~located & np.isin(atoms.residue_name, atoms.residue_name[trace]))
    if len(lost):
        place = place_of(atoms, lost[0])
        if not located.any():
            raise FileError(f"{place} has no coordinates, nor has any other; get a fresh copy")
        is_out = either(len(lost), "is", "are")
        warn(f"no coordinates for {counted(len(lost), 'atom')}, which {is_out} left out ({place})")
    return type(atoms)(*(column[located] for column in atoms))


def place_of(atoms: Atoms, row: int) -> str:
    """Name of an atom in a message."""
    chain, number = str(atoms.chain_id[row]), atoms.residue_number[row]
    known = number != UNKNOWN_NUMBER
    number = f"{number}{atoms.insertion_code[row]}" if known else atoms.residue_name[row]
    return f"atom {atoms.name[row]} of chain {chain!r} residue {number}"


def _check_numbers(
    atoms: Atoms, rows: Int[np.ndarray, " chosen"], naming: Int[np.ndarray, " residues"]
) -> None:
    """FileError for coordinates or residue numbers of proteins that are no numbers."""
    check_coordinates(atoms, rows)
    wrong = np.flatnonzero(atoms.residue_number[naming] == UNKNOWN_NUMBER)
    if len(wrong):
        row = naming[wrong[0]]
        name, chain = atoms.residue_name[row], str(atoms.chain_id[row])
        after = f" after {atoms.residue_number[naming[wrong[0] - 1]]}" if wrong[0] else ""
        raise FileError(
            f"the residue number of {name} in chain {chain!r}{after} is no number; renumber it"
        )


def check_coordinates(atoms: Atoms, rows: Int[np.ndarray, " chosen"]) -> None:
    """FileError for records whose coordinates are no numbers, or far too large."""
    wrong = rows[~(np.abs(atoms.coord[rows]) < LARGEST_COORDINATE).all(axis=1)]
    if len(wrong):
        place = place_of(atoms, wrong.min())
        raise FileError(f"damaged: coordinates of {place} are no numbers; are its columns shifted?")


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
    place = place_of(atoms, int(naming[unknown[0]])).partition(" of ")[2]
    has = either(len(unknown), "it has", "they have")
    warn(f"no B-factor for {counted(len(unknown), 'residue')} ({place}); {has} 0")
    return np.where(np.isnan(values), 0.0, values)


def protein_residues(atoms: Atoms) -> tuple[list[str], Int[np.ndarray, "residues 4"]]:
    """Amino acids of the polymers; see the notes of `read_write.read`.

    Parameters
    ----------
    atoms : Atoms
        With the records of every residue side by side; see `conformations.gathered`.

    Returns
    -------
    names : list of str
        As in the file.
    rows : ndarray of int, shape (R, 4)
        Records of N, CA, C and O, of one conformation; -1 where there is none.
    """
    names, rows, likely = _candidates(atoms)
    if not len(rows):
        return [], rows
    first = _first(rows)
    ids = atoms.chain_id[first].tolist()
    numbers = {chain: k for k, chain in enumerate(dict.fromkeys(ids))}
    chains = np.array([numbers[chain] for chain in ids])
    by_chain = np.argsort(chains, kind="stable")  # also where others lie between residues of one
    names, rows, likely = [names[r] for r in by_chain.tolist()], rows[by_chain], likely[by_chain]
    first, chains = first[by_chain], chains[by_chain]
    complete = np.all(rows[:, :3] >= 0, axis=1)
    trace = not complete[likely].any()
    kept, following = in_chains(atoms, Residues(rows, first, likely), trace)
    _warn_of_others(atoms, names, first, ~kept & (complete | (trace & likely)))
    order = _ordered(atoms, first, chains, by_chain, kept, following)
    return [names[r] for r in order.tolist()], rows[order]


def _ordered(
    atoms: Atoms,
    first: Int[np.ndarray, " residues"],
    chains: Int[np.ndarray, " residues"],
    in_file: Int[np.ndarray, " residues"],
    kept: Bool[np.ndarray, " residues"],
    following: Int[np.ndarray, " residues"],
) -> Int[np.ndarray, " kept"]:
    """Residues that are kept, chain by chain in the order of their bonds.

    If nothing is out of place, they stay in the order of the file (`in_file`), also where chains
    take turns.
    """
    new = np.append(np.cumsum(kept) - 1, -1)  # place among those that are kept
    places, numbers, hetero = np.flatnonzero(kept), atoms.residue_number[first], atoms.hetero[first]
    order = places[in_chain_order(numbers[kept], chains[kept], hetero[kept], new[following[kept]])]
    moved = order[~hetero[order]]
    back = np.flatnonzero(moved[1:] < moved[:-1])
    if len(back):
        row = first[moved[back[0] + 1]]
        warn(
            "residues are not in the order of their chain; put in order by their bonds "
            f"(chain {str(atoms.chain_id[row])!r} residue {atoms.residue_number[row]})"
        )
    neighbours = in_file[places][1:] == in_file[places][:-1] + 1
    same_chain = chains[places][1:] == chains[places][:-1]
    apart = hetero[places][1:] & same_chain & ~neighbours
    if (order == places).all() and not apart.any():
        return places[np.argsort(in_file[places], kind="stable")]
    return order


def _candidates(
    atoms: Atoms,
) -> tuple[list[str], Int[np.ndarray, "residues 4"], Bool[np.ndarray, " residues"]]:
    """Names and records of what may be residues, and whether they are likely amino acids."""
    if not len(atoms.name):
        return [], np.empty((0, 4), dtype=int), np.empty(0, dtype=bool)
    begins = residue_begins(atoms)
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
    likely = [_is_amino_acid(atoms, name, rows[r]) for r, name in enumerate(names)]
    # Anything else with CA may turn out to be one by its bonds.
    kept = [
        r
        for r, name in enumerate(names)
        if likely[r] or (rows[r, CA] >= 0 and name not in NOT_RESIDUES)
    ]
    return [names[r] for r in kept], rows[kept], np.array(likely, dtype=bool)[kept]


def _warn_of_others(
    atoms: Atoms,
    names: list[str],
    first: Int[np.ndarray, " residues"],
    left_out: Bool[np.ndarray, " residues"],
) -> None:
    """Count and name what looks like a residue and is in no chain."""
    others = np.flatnonzero(left_out).tolist()
    if not others:
        return
    places = [
        f"{names[r]} {atoms.residue_number[first[r]]} of chain {str(atoms.chain_id[first[r]])!r}"
        for r in others[:3]
    ]
    more = ", …" if len(others) > 3 else ""
    what = "1 amino acid is" if len(others) == 1 else f"{len(others)} amino acids are"
    warn(f"{what} bonded to no chain and left out ({', '.join(places)}{more})")


def _first(rows: Int[np.ndarray, "residues 4"]) -> Int[np.ndarray, " residues"]:
    """First record of every residue."""
    return np.where(rows >= 0, rows, np.iinfo(rows.dtype).max).min(axis=1)


def _is_amino_acid(atoms: Atoms, name: str, rows: Int[np.ndarray, " 4"]) -> bool:
    """Whether the residue can be part of a protein, free amino acids included."""
    if name in THREE_TO_ONE or name in LONG_NAMES or name in FORCE_FIELD_NAMES:
        return True
    if rows[CA] < 0 and (rows[:3] < 0).sum() > 1:
        return False
    if is_peptide_component(name):
        return True
    return bool((rows[:3] >= 0).all()) and not atoms.hetero[rows[CA]]
