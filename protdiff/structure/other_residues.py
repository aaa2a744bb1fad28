"""What a file holds besides proteins: nucleic acids, ligands and water, counted by name."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._system.words import counted

if TYPE_CHECKING:
    from biotite.structure import AtomArray
    from jaxtyping import Int

__all__ = ["Others", "other_residues"]

#: Names that the PDB and force fields give to water.
WATER = ("HOH", "DOD", "WAT", "H2O", "SOL", "TIP", "TP3", "TIP3", "TIP4", "SPC", "OPC")
#: Nucleotides of DNA and RNA by name. Others, as pseudouridine, are in the dictionary of
#: components, but so are GDP and UDP: they are ligands unless they are bonded to another one.
STANDARD = ("A", "C", "G", "I", "N", "U", "DA", "DC", "DG", "DI", "DN", "DT", "DU")
#: Atoms that bond nucleotides, by present and former names, and the longest such bond (Å).
O3, P, LONGEST_P_O = ("O3'", "O3*"), ("P",), 2.0


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
    starts = get_residue_starts(atoms)
    names = np.asarray(atoms.res_name)[starts].tolist()
    linked = _linked(atoms, starts) if set(names) & (_nucleotides() - set(STANDARD)) else set()
    nucleic, ligands, water = 0, Counter[str](), 0
    for place, name in enumerate(names):
        if name in WATER:
            water += 1
        elif name in STANDARD or (place in linked and name in _nucleotides()):
            nucleic += 1
        else:
            ligands[name] += 1
    return Others(nucleic, dict(ligands.most_common()), water)


def _linked(atoms: AtomArray, starts: Int[np.ndarray, " residues"]) -> set[int]:
    """Places of residues with a bond from O3' to the phosphorus of another, or the reverse."""
    from scipy.spatial import KDTree

    coords, called = np.asarray(atoms.coord), np.asarray(atoms.atom_name)
    located = np.isfinite(coords).all(axis=1)
    oxygen, phosphorus = (np.flatnonzero(np.isin(called, names) & located) for names in (O3, P))
    if not len(oxygen) or not len(phosphorus):
        return set()
    near = KDTree(coords[oxygen]).query_ball_point(coords[phosphorus], LONGEST_P_O)
    pairs = [(int(i), int(oxygen[k])) for i, own in zip(phosphorus, near, strict=True) for k in own]
    places = np.searchsorted(starts, np.array(pairs, int).reshape(-1, 2), side="right") - 1
    return set(places[places[:, 0] != places[:, 1]].ravel().tolist())


@cache
def _nucleotides() -> frozenset[str]:
    from biotite.structure.info import nucleotide_names

    return frozenset(nucleotide_names())
