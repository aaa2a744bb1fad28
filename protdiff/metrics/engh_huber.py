"""Bond lengths and angles of amino acids: Engh & Huber, Acta Cryst. A47, 392 (1991).

Mean and standard deviation, as the lDDT of Mariani et al., Bioinformatics 29, 2722 (2013), takes
them. What most residues have in common is written once, in the entry "*".
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

__all__ = ["LINKS", "Ideal", "angles_of", "bonds_of", "links"]

#: Å.
_BONDS = {
    "*": "N-CA 1.458 0.019, CA-C 1.525 0.021, C-O 1.231 0.020, CA-CB 1.530 0.020",
    "GLY": "N-CA 1.451 0.016, CA-C 1.516 0.018",
    "ALA": "CA-CB 1.521 0.033",
    "CYS": "CB-SG 1.808 0.033",
    "ASP": "CB-CG 1.516 0.025, CG-OD1 1.249 0.019, CG-OD2 1.249 0.019",
    "GLU": "CB-CG 1.520 0.030, CG-CD 1.516 0.025, CD-OE1 1.249 0.019, CD-OE2 1.249 0.019",
    "PHE": "CB-CG 1.502 0.023, CG-CD1 1.384 0.021, CG-CD2 1.384 0.021, CD1-CE1 1.382 0.030, "
    "CD2-CE2 1.382 0.030, CE1-CZ 1.382 0.030, CE2-CZ 1.382 0.030",
    "HIS": "CB-CG 1.497 0.014, CG-ND1 1.378 0.011, CG-CD2 1.354 0.011, ND1-CE1 1.321 0.010, "
    "CD2-NE2 1.374 0.011, CE1-NE2 1.321 0.010",
    "ILE": "CA-CB 1.540 0.027, CB-CG1 1.530 0.020, CB-CG2 1.521 0.033, CG1-CD1 1.513 0.039",
    "LYS": "CB-CG 1.520 0.030, CG-CD 1.520 0.030, CD-CE 1.520 0.030, CE-NZ 1.489 0.030",
    "LEU": "CB-CG 1.530 0.020, CG-CD1 1.521 0.033, CG-CD2 1.521 0.033",
    "MET": "CB-CG 1.520 0.030, CG-SD 1.803 0.034, SD-CE 1.791 0.059",
    "ASN": "CB-CG 1.516 0.025, CG-OD1 1.231 0.020, CG-ND2 1.328 0.021",
    "PRO": "N-CA 1.466 0.015, CB-CG 1.492 0.050, CG-CD 1.503 0.034, CD-N 1.473 0.014",
    "GLN": "CB-CG 1.520 0.030, CG-CD 1.516 0.025, CD-OE1 1.231 0.020, CD-NE2 1.328 0.021",
    "ARG": "CB-CG 1.520 0.030, CG-CD 1.520 0.030, CD-NE 1.460 0.018, NE-CZ 1.329 0.014, "
    "CZ-NH1 1.326 0.018, CZ-NH2 1.326 0.018",
    "SER": "CB-OG 1.417 0.020",
    "THR": "CA-CB 1.540 0.027, CB-OG1 1.433 0.016, CB-CG2 1.521 0.033",
    "VAL": "CA-CB 1.540 0.027, CB-CG1 1.521 0.033, CB-CG2 1.521 0.033",
    "TRP": "CB-CG 1.498 0.031, CG-CD1 1.365 0.025, CG-CD2 1.433 0.018, CD1-NE1 1.374 0.021, "
    "NE1-CE2 1.370 0.011, CD2-CE2 1.409 0.017, CD2-CE3 1.398 0.016, CE2-CZ2 1.394 0.021, "
    "CE3-CZ3 1.382 0.030, CZ2-CH2 1.368 0.019, CZ3-CH2 1.400 0.025",
    "TYR": "CB-CG 1.512 0.022, CG-CD1 1.389 0.021, CG-CD2 1.389 0.021, CD1-CE1 1.382 0.030, "
    "CD2-CE2 1.382 0.030, CE1-CZ 1.378 0.024, CE2-CZ 1.378 0.024, CZ-OH 1.376 0.021",
}
#: Degrees.
_ANGLES = {
    "*": "N-CA-C 111.2 2.8, CA-C-O 120.8 1.7, N-CA-CB 110.5 1.7, C-CA-CB 110.1 1.9",
    "GLY": "N-CA-C 112.5 2.9, CA-C-O 120.8 2.1",
    "ALA": "N-CA-CB 110.4 1.5, C-CA-CB 110.5 1.5",
    "CYS": "CA-CB-SG 114.4 2.3",
    "ASP": "CA-CB-CG 112.6 1.0, CB-CG-OD2 118.4 2.3, CB-CG-OD1 118.4 2.3, OD2-CG-OD1 122.9 2.4",
    "GLU": "CA-CB-CG 114.1 2.0, CB-CG-CD 112.6 1.7, CG-CD-OE2 118.4 2.3, CG-CD-OE1 118.4 2.3, "
    "OE2-CD-OE1 122.9 2.4",
    "PHE": "CA-CB-CG 113.8 1.0, CB-CG-CD1 120.7 1.7, CB-CG-CD2 120.7 1.7, CG-CD1-CE1 120.7 1.7, "
    "CG-CD2-CE2 120.7 1.7, CD1-CE1-CZ 120.0 1.8, CD2-CE2-CZ 120.0 1.8, CE1-CZ-CE2 120.0 1.8, "
    "CD1-CG-CD2 118.6 1.5",
    "HIS": "CA-CB-CG 113.8 1.0, CB-CG-ND1 122.7 1.5, CG-ND1-CE1 109.3 1.7, ND1-CE1-NE2 108.4 1.0, "
    "CE1-NE2-CD2 109.0 1.0, NE2-CD2-CG 107.2 1.0, CD2-CG-ND1 106.1 1.0, CB-CG-CD2 131.2 1.3",
    "ILE": "N-CA-CB 111.5 1.7, C-CA-CB 109.1 2.2, CA-CB-CG2 110.5 1.7, CA-CB-CG1 110.4 1.7, "
    "CG2-CB-CG1 110.7 3.0, CB-CG1-CD1 113.8 2.1",
    "LYS": "CA-CB-CG 114.1 2.0, CB-CG-CD 111.3 2.3, CG-CD-CE 111.3 2.3, CD-CE-NZ 111.9 3.2",
    "LEU": "CA-CB-CG 116.3 3.5, CB-CG-CD1 110.7 3.0, CB-CG-CD2 110.7 3.0, CD1-CG-CD2 110.8 2.2",
    "MET": "CA-CB-CG 114.1 2.0, CB-CG-SD 112.7 3.0, CG-SD-CE 100.9 2.2",
    "ASN": "CA-CB-CG 112.6 1.0, CB-CG-ND2 116.4 1.5, CB-CG-OD1 120.8 2.0, ND2-CG-OD1 122.6 1.0",
    "PRO": "N-CA-C 111.8 2.5, N-CA-CB 103.0 1.1, CA-CB-CG 104.5 1.9, CB-CG-CD 106.1 3.2, "
    "CG-CD-N 103.2 1.5, CD-N-CA 112.0 1.4",
    "GLN": "CA-CB-CG 114.1 2.0, CB-CG-CD 112.6 1.7, CG-CD-NE2 116.4 1.5, CG-CD-OE1 120.8 2.0, "
    "NE2-CD-OE1 122.6 1.0",
    "ARG": "CA-CB-CG 114.1 2.0, CB-CG-CD 111.3 2.3, CG-CD-NE 112.0 2.2, CD-NE-CZ 124.2 1.5, "
    "NE-CZ-NH1 120.0 1.9, NE-CZ-NH2 120.0 1.9, NH1-CZ-NH2 119.7 1.8",
    "SER": "CA-CB-OG 111.1 2.0",
    "THR": "N-CA-CB 111.5 1.7, C-CA-CB 109.1 2.2, CA-CB-CG2 110.5 1.7, CA-CB-OG1 109.6 1.5, "
    "CG2-CB-OG1 109.3 2.0",
    "VAL": "N-CA-CB 111.5 1.7, C-CA-CB 109.1 2.2, CA-CB-CG1 110.5 1.7, CA-CB-CG2 110.5 1.7, "
    "CG1-CB-CG2 110.8 2.2",
    "TRP": "CA-CB-CG 113.6 1.9, CB-CG-CD1 126.9 1.5, CB-CG-CD2 126.8 1.4, CD1-CG-CD2 106.3 1.6, "
    "CG-CD1-NE1 110.2 1.3, CD1-NE1-CE2 108.9 1.8, NE1-CE2-CZ2 130.1 1.5, NE1-CE2-CD2 107.4 1.3, "
    "CZ2-CE2-CD2 122.4 1.0, CE2-CZ2-CH2 117.5 1.3, CZ2-CH2-CZ3 121.5 1.3, CH2-CZ3-CE3 121.1 1.3, "
    "CZ3-CE3-CD2 118.6 1.3, CE3-CD2-CG 133.9 1.0, CE3-CD2-CE2 118.8 1.0, CG-CD2-CE2 107.2 1.2",
    "TYR": "CA-CB-CG 113.9 1.8, CB-CG-CD1 120.8 1.5, CB-CG-CD2 120.8 1.5, CG-CD1-CE1 121.2 1.5, "
    "CG-CD2-CE2 121.2 1.5, CD1-CE1-CZ 119.6 1.8, CD2-CE2-CZ 119.6 1.8, CE1-CZ-CE2 120.3 2.0, "
    "CD1-CG-CD2 118.1 1.5, CE1-CZ-OH 119.9 3.0, CE2-CZ-OH 119.9 3.0",
}
#: Peptide links by the residue behind them. The atoms from N on are those of that residue. These
#: are the values of the 1999 revision: International Tables for Crystallography F, 18.3.
LINKS = {
    "*": "C-N 1.336 0.023, CA-C-N 117.2 2.2, O-C-N 122.7 1.6, C-N-CA 121.7 2.5",
    "GLY": "C-N 1.326 0.018, CA-C-N 116.2 2.0, O-C-N 123.2 1.7, C-N-CA 122.3 2.1",
    "PRO": "C-N 1.338 0.019, CA-C-N 117.1 2.8, O-C-N 121.1 1.9, C-N-CA 119.3 1.5, C-N-CD 128.4 2.1",
    "PRO cis": "C-N 1.338 0.019, CA-C-N 117.1 2.8, O-C-N 121.1 1.9, C-N-CA 127.0 2.4, "
    "C-N-CD 120.6 2.2",
}


class Ideal(NamedTuple):
    """A bond or an angle of real residues."""

    atoms: tuple[str, ...]
    mean: float  # Å or degrees
    deviation: float


def bonds_of(name: str) -> tuple[Ideal, ...]:
    """Bonds between the heavy atoms of a residue; those of the backbone alone if it is unknown.

    Examples
    --------
    >>> from protdiff.metrics.engh_huber import bonds_of
    >>> [bond.atoms for bond in bonds_of("SER")]
    [('N', 'CA'), ('CA', 'C'), ('C', 'O'), ('CA', 'CB'), ('CB', 'OG')]
    """
    return _of(tuple(_BONDS.items()), name)


def angles_of(name: str) -> tuple[Ideal, ...]:
    """Angles between the bonds of a residue; see `bonds_of`."""
    return _of(tuple(_ANGLES.items()), name)


def links(name: str) -> tuple[Ideal, ...]:
    """Bond and angles of the peptide link in front of a residue: an entry of `LINKS`."""
    return _parsed(LINKS[name])


@cache
def _of(table: tuple[tuple[str, str], ...], name: str) -> tuple[Ideal, ...]:
    texts = dict(table)
    found = {ideal.atoms: ideal for ideal in _parsed(texts["*"])}
    if name == "GLY":
        found = {atoms: ideal for atoms, ideal in found.items() if "CB" not in atoms}
    found |= {ideal.atoms: ideal for ideal in _parsed(texts.get(name, ""))}
    return tuple(found.values())


def _parsed(text: str) -> tuple[Ideal, ...]:
    fields = [item.split() for item in text.split(", ") if item]
    return tuple(
        Ideal(tuple(atoms.split("-")), float(mean), float(deviation))
        for atoms, mean, deviation in fields
    )
