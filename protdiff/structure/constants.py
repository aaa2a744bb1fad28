"""Facts about protein chains that several modules need: lengths, angles, breaks, sizes, bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Int

__all__ = [
    "BANDS", "BOND_ANGLES", "BOND_LENGTHS", "CA_CA", "CB_FACTORS", "CIS_CA_CA", "CIS_LIMIT",
    "CONTACT_DISTANCE", "DRAWN_BREAK", "FILE_BREAK", "LINK_BREAK", "LONGEST_CA_CA",
    "LONGEST_NUMBER_JUMP", "MAX_LENGTH", "MEASURED_BREAK", "MIN_LENGTH", "band_index",
    "expected_rg",
]  # fmt: skip

#: Residues of a chain that is drawn.
MIN_LENGTH, MAX_LENGTH = 8, 2048
#: Mean bond lengths (Å) and angles (degrees) of real chains, by atom names.
BOND_LENGTHS = {"N-CA": 1.461, "CA-C": 1.524, "C-O": 1.233, "C-N": 1.331}
BOND_ANGLES = {"N-CA-C": 110.9, "CA-C-O": 120.4, "CA-C-N": 116.8, "C-N-CA": 121.6}
#: CB of an ideal alanine from b = CA - N and c = C - CA: factors of b x c, b and c (Dauparas 2022).
CB_FACTORS = (-0.58273431, 0.56802827, -0.54067466)

#: CA-CA distance (Å) of a trans link.
CA_CA = 3.80
#: Longest CA-CA distance (Å) per link that a chain can bridge.
LONGEST_CA_CA = 3.8
#: CA-CA distance (Å) below which a link is cis.
CIS_LIMIT = 3.4
#: CA-CA distances (Å) of cis links in quality measures, exclusive.
CIS_CA_CA = (2.7, 3.3)

#: CA-CA distance (Å) above which two residues are not bonded, in quality measures and data sets.
MEASURED_BREAK = 4.2
#: The same in a user's file; larger, because models may be strained.
FILE_BREAK = 4.5
#: The same in pictures; larger still, so that a ribbon is broken only where residues are missing.
DRAWN_BREAK = 5.0
#: C-N distance (Å) over which there is no peptide bond.
LINK_BREAK = 2.0
#: Largest jump of the residue number that is taken for unobserved residues.
LONGEST_NUMBER_JUMP = 60
#: CA-CA distance (Å) under which two residues are in contact.
CONTACT_DISTANCE = 8.0

#: Bands of the modes of a chain: name, and longest period in residues.
BANDS = {"<4": 4.0, "4-8": 8.0, "8-16": 16.0, "16-32": 32.0, ">32": float("inf")}


def band_index(length: int) -> Int[np.ndarray, "length-1"]:
    """Band of the modes 1 … N-1 of a chain of N residues, as indices into `BANDS`.

    Mode n has the period 2N/n; one at an edge belongs to the band that ends there. Integers are
    compared, so that rounding cannot move it.

    Examples
    --------
    >>> from protdiff.structure.constants import BANDS, band_index
    >>> list(BANDS)[band_index(22)[10]]  # mode 11 has period 4 exactly
    '<4'
    """
    edges = np.array([int(edge) for edge in list(BANDS.values())[:-1]])
    return (2 * length > edges[:, None] * np.arange(1, length)).sum(0)


@overload
def expected_rg(length: float) -> float: ...
@overload
def expected_rg(length: np.ndarray) -> np.ndarray: ...
def expected_rg(length: float | np.ndarray) -> float | np.ndarray:
    """Radius of gyration (Å) that globular chains of this length have: 2.2 N^0.38.

    Examples
    --------
    >>> from protdiff.structure.constants import expected_rg
    >>> round(expected_rg(100), 1)
    12.7
    """
    return 2.2 * length**0.38
