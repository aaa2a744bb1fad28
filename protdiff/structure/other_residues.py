"""What a file holds besides proteins: nucleic acids, ligands and water, counted by name."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._system.words import counted

if TYPE_CHECKING:
    from biotite.structure import AtomArray

__all__ = ["Others", "other_residues"]

#: Names that the PDB and force fields give to water.
WATER = ("HOH", "DOD", "WAT", "H2O", "SOL", "TIP", "TP3", "TIP3", "TIP4", "SPC", "OPC")


class Others(NamedTuple):
    """Residues that are no amino acids of the chains.

    Attributes
    ----------
    nucleic : int
        Nucleotides of DNA and RNA.
    ligands : dict of str to int
        Other residues but water by name, ions and sugars too, most frequent first.
    water : int
    """

    nucleic: int
    ligands: dict[str, int]
    water: int

    def __str__(self) -> str:
        words = [counted(self.nucleic, "nucleotide")] if self.nucleic else []
        words += [f"ligands {self.names}"] if self.ligands else []
        words += [counted(self.water, "water")] if self.water else []
        return ", ".join(words)

    @property
    def names(self) -> str:
        """Ligands as ``NAME:COUNT``, separated by commas."""
        return ",".join(f"{name}:{count}" for name, count in self.ligands.items())


def other_residues(atoms: AtomArray) -> Others:
    """Count residues by name, among atoms that are of no protein.

    Examples
    --------
    >>> import protdiff
    >>> from protdiff.structure.other_residues import other_residues
    >>> found = other_residues(protdiff.read("data/examples/1tpk.pdb", atoms="all").others)
    >>> found.nucleic, found.names, found.water
    (0, 'CL:1', 40)
    """
    from biotite.structure import get_residue_starts

    if not len(atoms):
        return Others(0, {}, 0)
    names = np.asarray(atoms.res_name)[get_residue_starts(atoms)]
    nucleic, ligands, water = 0, Counter[str](), 0
    for name, count in Counter(names.tolist()).items():
        if name in WATER:
            water += count
        elif name in _nucleotides():
            nucleic += count
        else:
            ligands[name] = count
    return Others(nucleic, dict(ligands.most_common()), water)


@cache
def _nucleotides() -> frozenset[str]:
    from biotite.structure.info import nucleotide_names

    return frozenset(nucleotide_names())
