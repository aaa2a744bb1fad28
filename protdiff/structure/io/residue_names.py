"""Residue names of structure files and their standard parents."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbone import ONE_TO_THREE, THREE_TO_ONE

if TYPE_CHECKING:
    from jaxtyping import Shaped

    Strings = Shaped[np.ndarray, "records"]

__all__ = ["is_peptide_component", "names_and_chains", "standard_name", "standard_names"]

# Names that molecular dynamics packages give to protonation states of standard residues.
FORCE_FIELD_NAMES = {
    "HID": "HIS", "HIE": "HIS", "HIP": "HIS", "HSD": "HIS", "HSE": "HIS", "HSP": "HIS",
    "HSC": "HIS", "HIZ": "HIS", "HIH": "HIS", "CYX": "CYS", "CYM": "CYS", "CYN": "CYS",
    "ASH": "ASP", "GLH": "GLU", "LYN": "LYS", "LSN": "LYS", "ARN": "ARG", "TYM": "TYR",
}  # fmt: skip
# Those that entries of the PDB have for something else.
COMPONENTS_TOO = ("HSE",)
# The same with four letters: the last is the state.
LONG_NAMES = {
    name + state: name
    for name, states in {
        "ARG": "NP", "ASP": "HP", "CYS": "12HNPX", "GLU": "HP", "HIS": "12ABDEHPX", "LYS": "HNP",
        "TYR": "MN",
    }.items()
    for state in states
}  # fmt: skip
# AMBER writes N or C in front of the names at the ends of a chain.
LONG_NAMES |= {
    end + name: parent
    for end in "NC"
    for name, parent in (
        FORCE_FIELD_NAMES | dict(zip(THREE_TO_ONE, THREE_TO_ONE, strict=True))
    ).items()
}


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
    if name in LONG_NAMES:  # no component has four letters
        return LONG_NAMES[name]
    if name in FORCE_FIELD_NAMES and not (hetero and name in COMPONENTS_TOO):
        return FORCE_FIELD_NAMES[name]
    return _component(name)[1]


def standard_names(names: list[str], hetero: list[bool]) -> list[str]:
    """Standard parent names of the residues of a file, or UNK.

    HSE is a histidine of force fields, but homoserine in the dictionary. A HETATM record with that
    name is homoserine, unless the file has other names of force fields.

    Examples
    --------
    >>> from protdiff.structure.io.residue_names import standard_names
    >>> standard_names(["HSE", "ALA"], [True, False])
    ['SER', 'ALA']
    >>> standard_names(["HSE", "HSD"], [True, True])
    ['HIS', 'HIS']
    """
    simulated = any(name in FORCE_FIELD_NAMES for name in set(names).difference(COMPONENTS_TOO))
    return [
        standard_name(name, component and not simulated)
        for name, component in zip(names, hetero, strict=True)
    ]


def names_and_chains(names: Strings, between: Strings, chains: Strings) -> tuple[Strings, Strings]:
    """Residue names and chain ids of a PDB file, by the column between the two.

    It is blank by the format. Force fields continue the name there (``ASPP``), and other programs
    begin a chain id of two letters (``AA``). It is a name if all records with that letter have a
    name that is known with it.

    Parameters
    ----------
    names, between, chains : ndarray of str, shape (records,)
        Of three letters, one letter and one letter.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.io.residue_names import names_and_chains
    >>> names = np.array(["ASP", "GLY", "HIS", "GLY"])
    >>> between, chains = np.array(["P", "", "A", "A"]), np.array(list("AAAA"))
    >>> names, chains = names_and_chains(names, between, chains)
    >>> names.tolist(), chains.tolist()
    (['ASPP', 'GLY', 'HIS', 'GLY'], ['A', 'A', 'AA', 'AA'])
    """
    for letter in set(between.tolist()) - {""}:
        rows = between == letter
        long_names = np.char.add(names, letter.upper())
        if all(name in LONG_NAMES for name in set(long_names[rows].tolist())):
            names = np.where(rows, long_names, names)
        else:
            chains = np.where(rows & (chains != ""), np.char.add(letter, chains), chains)
    return names, chains


def is_peptide_component(name: str) -> bool:
    """Whether the Chemical Component Dictionary has the name as one of amino acids."""
    return _component(name)[0]
