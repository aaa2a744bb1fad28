"""A vector of numbers that describe a backbone, for distances between populations.

Entries, in the order of `NAMES`:

- shares of CA-CA-CA angles in eight bins, and of CA dihedrals in twelve bins of 30 degrees;
- contacts (CA under 8 Å) per residue at separations 3-5, 6-11, 12-23 and 24 or more, and the
  relative contact order;
- Rg / (2.2 N^0.38); helix and strand by P-SEA;
- logarithm of the variance of the cosine modes of the trace in five bands of the period;
- with all backbone atoms: helix and strand by DSSP, hydrogen bonds per residue, shares of
  residues in the alpha, beta and left-handed regions of phi and psi.

Bad geometry (clashes, outliers) is not among them, because real chains hardly vary there: in units
of their spread one such entry would outweigh all others. The quality columns report it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import BANDS, CONTACT_DISTANCE, band_index
from ..structure.geometry import angle, dihedral
from ..structure.torsions import torsions
from .quality import near_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float

    from ..structure.backbone import Backbone

__all__ = ["BACKBONE_NAMES", "NAMES", "band_variances", "descriptor"]

#: Edges (degrees) of the bins of CA-CA-CA angles and of CA dihedrals.
ANGLE_EDGES = (0, 85, 90, 95, 105, 115, 125, 140, 181)
DIHEDRAL_EDGES = tuple(range(-180, 181, 30))
#: First and last separation of each class of contacts.
SEPARATIONS = ((3, 5), (6, 11), (12, 23), (24, 10**9))

TRACE_NAMES = (
    *(f"angle_{a}-{b}" for a, b in pairwise(ANGLE_EDGES)),
    *(f"dihedral_{a}" for a in DIHEDRAL_EDGES[:-1]),
    *(f"contacts_{a}+" for a, _ in SEPARATIONS),
    "contact_order", "rg_ratio", "psea_helix", "psea_strand",
    *(f"modes_{name}" for name in BANDS),
)  # fmt: skip
BACKBONE_NAMES = (
    "dssp_helix", "dssp_strand", "hydrogen_bonds", "alpha", "beta", "left",
)  # fmt: skip
NAMES = (*TRACE_NAMES, *BACKBONE_NAMES)


def band_variances(ca: Float[np.ndarray, "residues 3"]) -> Float[np.ndarray, "bands"]:
    """Variance of the cosine modes of a CA trace by band: mean of k² |X_n|² / 3, k = πn/N.

    X is the orthonormal DCT-II of the trace. The factor k² takes out most of the growth with the
    period, so that the modes of a band have similar weights.

    Parameters
    ----------
    ca : ndarray, shape (N, 3)
        Å.

    Returns
    -------
    ndarray
        Å², one value per band of `BANDS`; NaN for a band without modes.
    """
    from scipy.fft import dct

    n = np.arange(1, len(ca))
    power = np.square(dct(ca, axis=0, norm="ortho")[1:]).mean(1) * (np.pi * n / len(ca)) ** 2
    band = band_index(len(ca))
    return np.array(
        [power[band == b].mean() if (band == b).any() else np.nan for b in range(len(BANDS))]
    )


def descriptor(backbone: Backbone, columns: dict[str, float]) -> Float[np.ndarray, "entries"]:
    """The vector that describes a structure; NaN where it lacks the atoms.

    Parameters
    ----------
    backbone : Backbone
        One chain.
    columns : dict
        Its quality columns, from `quality`.

    Returns
    -------
    ndarray, shape (len(NAMES),)
    """
    backbone = backbone[backbone.mask[:, 1]]
    ca, follows = backbone.ca, bonded_to_next(backbone)
    three_joined = follows[1:] & follows[:-1]
    four_joined = follows[2:] & follows[1:-1] & follows[:-2]
    bend = angle(ca[:-2], ca[1:-1], ca[2:])[three_joined]
    turn = dihedral(ca[:-3], ca[1:-2], ca[2:-1], ca[3:])[four_joined]
    pair = near_pairs(backbone, CONTACT_DISTANCE)
    separation = pair.second - pair.first
    values = [
        *_shares(bend, ANGLE_EDGES),
        *_shares(turn, DIHEDRAL_EDGES),
        *(((separation >= a) & (separation <= b)).sum() / len(ca) for a, b in SEPARATIONS),
        *(columns[name] for name in ("contact_order", "rg_ratio", "psea_helix", "psea_strand")),
        *np.log(band_variances(ca)),
    ]
    return np.array([*values, *_backbone_values(backbone, follows, columns)])


def _backbone_values(
    backbone: Backbone, follows: Bool[np.ndarray, "steps"], columns: dict[str, float]
) -> list[float]:
    """Values of `BACKBONE_NAMES`."""
    if not backbone.mask.all():
        return [np.nan] * len(BACKBONE_NAMES)
    phi, psi = torsions(backbone, follows)
    phi, psi = (x[np.isfinite(phi) & np.isfinite(psi)] for x in (phi, psi))
    regions = (
        (phi < 0) & (psi > -120) & (psi < 50),
        (phi < 0) & ((psi >= 50) | (psi <= -120)),
        (phi >= 0) & (psi > -30) & (psi < 90),
    )
    return [
        *(columns[name] for name in ("dssp_helix", "dssp_strand", "hydrogen_bonds")),
        *(region.mean() if len(phi) else np.nan for region in regions),
    ]


def _shares(
    values: Float[np.ndarray, "values"], edges: Sequence[float]
) -> Float[np.ndarray, "bins"]:
    """Share of the values in each bin."""
    return np.histogram(values, edges)[0] / max(len(values), 1)
