"""Atom records of a structure file, as every format gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from ..backbone import BACKBONE_ATOMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Bool, Float, Int, Shaped

    Strings = Shaped[np.ndarray, "records"]
    Value = TypeVar("Value")

__all__ = [
    "TERMINAL_OXYGENS",
    "Atoms",
    "FileError",
    "NoProteinError",
    "ParsedFile",
    "carbonyl_oxygen",
    "is_backbone_atom",
]

#: Names of the oxygens at the end of a chain; the first that is there is taken. They are those of
#: CHARMM and X-PLOR, GROMACS, GROMOS, the PDB, and older programs.
TERMINAL_OXYGENS = ("OT1", "OC1", "O1", "OT", "O'", "OXT", "OT2", "OC2", "O2", "O''")
# In small letters too, as some programs write names, but not "Ca", which is calcium.
ATOM_NAMES = [form(n) for n in (*BACKBONE_ATOMS, *TERMINAL_OXYGENS) for form in (str, str.lower)]


class FileError(ValueError):
    """A file that cannot be read or written; one line with its name and what to do."""


class NoProteinError(FileError):
    """A structure without amino acids."""

    def __init__(self, holds: str = "") -> None:
        but = f", but {holds}" if holds else ""
        super().__init__(f"no protein residues{but}; choose a file with a protein chain")


class Atoms(NamedTuple):
    """Atom records of one model, one array entry per record, in file order.

    Those of backbone atoms, unless `ParsedFile.everything` gave them.
    """

    name: Strings  # N, CA, C, O, or that of a terminal oxygen; any name among all records
    altloc: Strings  # "" where there is no alternate location
    residue_name: Strings
    chain_id: Strings
    residue_number: Int[np.ndarray, " records"]  # `UNKNOWN_NUMBER` where it cannot be read
    insertion_code: Strings
    coord: Float[np.ndarray, "records 3"]  # Å; NaN where there is none, infinite where no number
    occupancy: Float[np.ndarray, " records"]  # as `coord`
    b_factor: Float[np.ndarray, " records"]  # as `coord`
    hetero: Bool[np.ndarray, " records"]  # True for HETATM records
    in_polymer: Int[np.ndarray, " records"]  # 1 yes, 0 no, -1 where the file does not say
    segment: Strings  # segment id of PDB, label_asym_id of mmCIF: chains that share a chain id
    block: Int[np.ndarray, " records"]  # TER records before it: equal numbers across one differ
    record: Int[np.ndarray, " records"]  # place in the file, the same whichever records are read


class ParsedFile(NamedTuple):
    """Models of a file as its format tells them apart."""

    count: int
    atoms: Callable[[int], Atoms]  # backbone records of one model, counted from 1
    everything: Callable[[int], Atoms]  # all records of one model
    elements: Callable[[Int[np.ndarray, " records"]], Strings]  # of records; "" where not given
    backbone: Int[np.ndarray, " records"]  # backbone records of all models, rising


def carbonyl_oxygen(atoms: Mapping[str, Value]) -> Value | None:
    """What stands for O among the atoms of a residue, given by name; None if nothing does.

    Examples
    --------
    >>> from protdiff.structure.io.atoms import carbonyl_oxygen
    >>> carbonyl_oxygen({"CA": 7, "C": 8, "OXT": 10, "OT1": 9})
    9
    """
    return next((atoms[name] for name in ("O", *TERMINAL_OXYGENS) if name in atoms), None)


def is_backbone_atom(names: Strings) -> Bool[np.ndarray, " records"]:
    """Whether the atom names, text or four bytes, are those of records that `Atoms` has."""
    known = np.array(ATOM_NAMES)
    if names.dtype == "S4":  # as integers, because text is compared slowly
        return np.isin(names.view(np.uint32), known.astype("S4").view(np.uint32))
    return np.isin(names, known)
