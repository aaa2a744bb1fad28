"""Quality columns that need N, C and O: bonds, angles, torsions, DSSP and hydrogen bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import BOND_ANGLES, BOND_LENGTHS, LINK_BREAK
from ..structure.geometry import angle
from ..structure.secondary_structure import dssp_and_bonds
from ..structure.torsions import omega_angles, ramachandran, torsions
from .residue_links import closing_links

if TYPE_CHECKING:
    from jaxtyping import Bool

    from ..structure.backbone import Backbone

__all__ = ["OMEGA_TRANS", "STATE_NAMES", "peptide_columns", "share"]

#: Ideal bonds (Å) and angles (degrees) by atoms.
IDEAL = {**BOND_LENGTHS, **BOND_ANGLES}
#: |omega| (degrees) of cis links is under the first, of trans links over the second.
OMEGA_CIS, OMEGA_TRANS = 30, 150
#: Atoms (N, CA, C, O) of residues that are so far apart in a chain, or in two, overlap when nearer
#: than this (Å); place of the O.
OVERLAP_SEPARATION, OVERLAP_DISTANCE, OXYGEN = 2, 2.5, 3
#: Secondary structure: name in columns, and letter.
STATE_NAMES = (("helix", "H"), ("strand", "E"), ("coil", "C"))


def peptide_columns(backbone: Backbone, follows: Bool[np.ndarray, "steps"]) -> dict[str, float]:
    """Columns that need N, C and O."""
    whole = np.asarray(backbone.mask.all(axis=1))
    follows = follows & whole[1:] & whole[:-1]
    n, _, c, _ = np.moveaxis(backbone.coords, 1, 0)
    link = follows & (np.linalg.norm(c[:-1] - n[1:], axis=1) < LINK_BREAK)
    omega = np.abs(omega_angles(backbone)[link])
    phi, _ = torsions(backbone, link)
    regions = ramachandran(backbone, link)
    regions = regions[regions >= 0]
    left = phi[np.isfinite(phi) & (backbone.residue_names != "GLY")]
    return {
        **_bond_columns(backbone, whole, link),
        "links_broken": share(~link[follows]),
        "omega_trans": share(omega > OMEGA_TRANS),
        "omega_cis": share(omega < OMEGA_CIS),
        "omega_twisted": share((omega >= OMEGA_CIS) & (omega <= OMEGA_TRANS)),
        "rama_favoured": share(regions == 2),
        "rama_allowed": share(regions == 1),
        "rama_outliers": share(regions == 0),
        "phi_negative": share(left < 0),
        **_hydrogen_bond_columns(backbone[whole]),
        **_overlap_columns(backbone[whole]),
    }


def _bond_columns(
    backbone: Backbone, whole: Bool[np.ndarray, "residues"], link: Bool[np.ndarray, "steps"]
) -> dict[str, float]:
    """Root mean square deviations of bonds (Å) and angles (degrees) from their ideal values."""
    n, ca, c, o = np.moveaxis(backbone.coords, 1, 0)
    values = {
        "N-CA": np.linalg.norm(n - ca, axis=1)[whole],
        "CA-C": np.linalg.norm(ca - c, axis=1)[whole],
        "C-O": np.linalg.norm(c - o, axis=1)[whole],
        "C-N": np.linalg.norm(c[:-1] - n[1:], axis=1)[link],
        "N-CA-C": angle(n, ca, c)[whole],
        "CA-C-N": angle(ca[:-1], c[:-1], n[1:])[link],
        "C-N-CA": angle(c[:-1], n[1:], ca[1:])[link],
    }
    columns = {}
    for atoms, measured in values.items():
        squares = np.square(measured - IDEAL[atoms])
        name = "rms_" + atoms.lower().replace("-", "_")
        columns[name] = float(np.sqrt(squares.mean())) if len(squares) else np.nan
    return columns


def _hydrogen_bond_columns(backbone: Backbone) -> dict[str, float]:
    """DSSP and hydrogen bonds of a backbone without missing atoms."""
    starts = [0, *(np.flatnonzero(~bonded_to_next(backbone)) + 1).tolist()]
    letters, bonds = dssp_and_bonds(backbone.coords, backbone.residue_names, starts)
    return {
        **{f"dssp_{name}": letters.count(k) / len(letters) for name, k in STATE_NAMES},
        "hydrogen_bonds": len(bonds) / len(backbone),
    }


def _overlap_columns(backbone: Backbone) -> dict[str, float]:
    """Atoms that overlap, in a backbone without missing atoms."""
    from scipy.spatial import KDTree

    atoms = backbone.coords.reshape(-1, 3)
    pairs = KDTree(atoms).query_pairs(OVERLAP_DISTANCE, output_type="ndarray").reshape(-1, 2)
    residue, chain = pairs // 4, backbone.chain_ids
    apart = np.abs(residue[:, 1] - residue[:, 0]) >= OVERLAP_SEPARATION
    apart |= chain[residue[:, 0]] != chain[residue[:, 1]]
    for link in np.sort(closing_links(backbone), axis=0).T:
        apart &= (residue != link).any(axis=1)
    pairs = pairs[apart]
    distance = np.linalg.norm(atoms[pairs[:, 0]] - atoms[pairs[:, 1]], axis=1)
    pairs = pairs[distance < OVERLAP_DISTANCE]
    return {
        "overlaps": 100 * len(pairs) / len(backbone),
        "overlaps_o_o": 100 * int((pairs % 4 == OXYGEN).all(1).sum()) / len(backbone),
    }


def share(condition: Bool[np.ndarray, "values"]) -> float:
    """Share of true values; NaN of nothing."""
    return float(condition.mean()) if len(condition) else float("nan")
