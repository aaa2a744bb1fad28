"""Residue names of structure files and their standard parents."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..backbone import ONE_TO_THREE, THREE_TO_ONE

__all__ = ["is_peptide_component", "standard_name"]

# Names that molecular dynamics packages give to protonation states of standard residues.
FORCE_FIELD_NAMES = {
    "HID": "HIS", "HIE": "HIS", "HIP": "HIS", "HSD": "HIS", "HSE": "HIS", "HSP": "HIS",
    "CYX": "CYS", "CYM": "CYS", "ASH": "ASP", "GLH": "GLU", "LYN": "LYS",
}  # fmt: skip


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


def is_peptide_component(name: str) -> bool:
    """Whether the Chemical Component Dictionary has the name as one of amino acids."""
    return _component(name)[0]
