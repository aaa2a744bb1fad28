"""How a structure compares with real proteins, without a reference: one number per column.

Definitions
-----------
Shares are between 0 and 1, NaN where there is nothing to measure (for most of them a CA-only
file). A *step* joins two residues that follow one another in a chain: consecutive numbers, or
any numbers less than 4.2 Å apart. Other neighbours in the file are a *gap*: residues that were
not observed. Separations are differences of position in the chain; a peptide bond from its end
to its start (or that of another chain) makes a ring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import (
    BOND_ANGLES,
    BOND_LENGTHS,
    CA_CA,
    CIS_CA_CA,
    CONTACT_DISTANCE,
    MEASURED_BREAK,
    expected_rg,
)
from ..structure.geometry import angle, dihedral
from ..structure.secondary_structure import psea
from ..structure.torsions import omega_angles
from .peptide_quality import OMEGA_TRANS, STATE_NAMES, peptide_columns, share
from .residue_links import closing_links

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from ..structure.backbone import Backbone

__all__ = ["QUALITY", "quality"]

#: What the CA-CA distance (Å) of a trans link may be off `CA_CA`.
CA_TOLERANCE = 0.1
#: CA-CA-CA angles (degrees) of real chains.
CA_ANGLES = (75, 160)
#: CA angle and absolute CA dihedral (degrees) of helices, and windows in a row that make one.
HELIX_ANGLES, HELIX_DIHEDRALS, MIN_HELIX_WINDOWS = (80, 105), (30, 70), 3
#: Position difference in a chain from which on two CA may clash or be in contact.
MIN_SEPARATION = 3

#: Column and what it says; `quality` returns them in this order.
QUALITY = {
    "residues": "residues with a CA",
    "incomplete": "residues that lack one of N, CA, C, O",
    "gaps": "places in a chain where residues were not observed",
    "ca_bonds": "share of steps with CA-CA within 0.1 Å of 3.80; cis links do not count",
    "ca_cis": "share of steps with CA-CA of 2.7-3.3 Å",
    "ca_breaks": "steps with CA-CA over 4.2 Å",
    "clashes_3.0": "CA pairs (separation 3 or more, or two chains) under 3.0 Å, per 100 residues",
    "clashes_3.6": "the same under 3.6 Å",
    "overlaps": "pairs of N, CA, C, O (separation 2 or more) under 2.5 Å, per 100 whole residues",
    "overlaps_o_o": "those of them that are O···O",
    "ca_angles_out": "share of CA-CA-CA angles outside 75-160 degrees",
    "rms_n_ca": f"N-CA bond, rms off {BOND_LENGTHS['N-CA']} Å",
    "rms_ca_c": f"CA-C bond, rms off {BOND_LENGTHS['CA-C']} Å",
    "rms_c_o": f"C=O bond, rms off {BOND_LENGTHS['C-O']} Å",
    "rms_c_n": f"C-N bond, rms off {BOND_LENGTHS['C-N']} Å, where under 2.0 Å",
    "links_broken": "share of steps with C-N of 2.0 Å or more",
    "rms_n_ca_c": f"N-CA-C angle, rms off {BOND_ANGLES['N-CA-C']} degrees",
    "rms_ca_c_n": f"CA-C-N angle, rms off {BOND_ANGLES['CA-C-N']} degrees",
    "rms_c_n_ca": f"C-N-CA angle, rms off {BOND_ANGLES['C-N-CA']} degrees",
    "omega_trans": "share of links with omega over 150 or under -150 degrees",
    "omega_cis": "share of links with omega between -30 and 30 degrees",
    "omega_twisted": "share of links with other omega",
    "rama_favoured": "share of residues in the region of 98 % of real ones",
    "rama_allowed": "share of residues between the regions of 98 and 99.8 %",
    "rama_outliers": "share of residues outside the region of 99.8 %",
    "phi_negative": "share of residues but glycine with phi < 0: 0.97 in L-proteins, 0.03 mirrored",
    "right_handed": "share of helical CA windows that are right-handed",
    "psea_helix": "helix by P-SEA (CA)",
    "psea_strand": "strand by P-SEA",
    "psea_coil": "coil by P-SEA",
    "dssp_helix": "helix by DSSP (H, G, I)",
    "dssp_strand": "strand by DSSP (E, B)",
    "dssp_coil": "coil by DSSP",
    "hydrogen_bonds": "backbone hydrogen bonds (Kabsch-Sander) per residue",
    "rg": "radius of gyration of the CA, Å",
    "rg_ratio": "rg / (2.2 N^0.38)",
    "contacts": "CA pairs under 8 Å at separation 3 or more, per residue",
    "contact_order": "mean separation of these pairs in one chain / length of the chain",
}


def quality(backbone: Backbone) -> dict[str, float]:
    """Measure bonds, clashes, angles, secondary structure and size of a structure.

    Parameters
    ----------
    backbone : Backbone
        Any number of chains; may be CA only. At least one residue with a CA.

    Returns
    -------
    dict of str to float
        Keys of `QUALITY`.

    Raises
    ------
    ValueError
        If no residue has a CA.

    Examples
    --------
    >>> from protdiff import Backbone
    >>> turn, rise = np.radians(100) * np.arange(12), 1.5 * np.arange(12)
    >>> coords = np.full((12, 4, 3), np.nan)
    >>> coords[:, 1] = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), rise], -1)
    >>> helix = quality(Backbone.from_coords(coords))
    >>> helix["ca_bonds"], helix["right_handed"], round(helix["rg"], 2)
    (1.0, 1.0, 5.66)
    """
    incomplete = int((~backbone.mask.all(axis=1)).sum())
    backbone = backbone[backbone.mask[:, 1]]
    if not len(backbone):
        raise ValueError("no residue has a CA atom")
    if len(names := backbone.chains) > 1:  # a chain id may come back later in the file
        order = [names.index(name) for name in backbone.chain_ids.tolist()]
        backbone = backbone[np.argsort(order, kind="stable")]
    follows = bonded_to_next(backbone)
    same_chain = backbone.chain_ids[1:] == backbone.chain_ids[:-1]
    columns = dict.fromkeys(QUALITY, np.nan) | {
        "residues": len(backbone),
        "incomplete": incomplete,
        "gaps": int((same_chain & ~follows).sum()),
    }
    columns |= trace_columns(backbone, follows) | fold_columns(backbone, follows)
    if backbone.mask.all(axis=1).any():
        columns |= peptide_columns(backbone, follows)
    return {name: float(value) for name, value in columns.items()}


def trace_columns(backbone: Backbone, follows: Bool[np.ndarray, "steps"]) -> dict[str, float]:
    """Columns of the CA trace."""
    ca = backbone.ca
    distance = np.linalg.norm(np.diff(ca, axis=0), axis=1)[follows]
    # In a trans peptide a squeezed bond is a bad bond, not a cis link.
    trans = np.abs(omega_angles(backbone)[follows]) > OMEGA_TRANS
    short = (distance > CIS_CA_CA[0]) & (distance < CIS_CA_CA[1])
    cis = short & ~trans
    bend = angle(ca[:-2], ca[1:-1], ca[2:])
    bend_in_chain = bend[follows[1:] & follows[:-1]]
    bend_expected = (bend_in_chain >= CA_ANGLES[0]) & (bend_in_chain <= CA_ANGLES[1])
    pair = near_pairs(backbone, CONTACT_DISTANCE)
    signs = helix_signs(ca, bend, follows)
    helix = signs[signs != 0]
    return {
        "ca_bonds": share(np.abs(distance[~cis] - CA_CA) < CA_TOLERANCE),
        "ca_cis": share(short),
        "ca_breaks": int((distance > MEASURED_BREAK).sum()),
        "clashes_3.0": 100 * (pair.distance < 3.0).sum() / len(ca),
        "clashes_3.6": 100 * (pair.distance < 3.6).sum() / len(ca),
        "ca_angles_out": share(~bend_expected),
        "right_handed": share(helix > 0),
        "contacts": len(pair.distance) / len(ca),
        "contact_order": contact_order(backbone, pair),
    }


def fold_columns(backbone: Backbone, follows: Bool[np.ndarray, "steps"]) -> dict[str, float]:
    """Columns of secondary structure from the trace, and of size."""
    ca = backbone.ca
    bounds = np.flatnonzero(~follows) + 1
    letters = "".join(psea(part) for part in np.split(ca, bounds))
    rg = np.sqrt(np.square(ca - ca.mean(0)).sum(1).mean())
    return {
        **{f"psea_{name}": letters.count(k) / len(letters) for name, k in STATE_NAMES},
        "rg": rg,
        "rg_ratio": rg / expected_rg(len(ca)),
    }


class Pairs(NamedTuple):
    """CA pairs under a cut-off: indices, first < second, and distances in Å."""

    first: Int[np.ndarray, "pairs"]
    second: Int[np.ndarray, "pairs"]
    distance: Float[np.ndarray, "pairs"]


def near_pairs(backbone: Backbone, cutoff: float) -> Pairs:
    """Pairs of CA closer than the cut-off, 3 or more residues apart or of two chains."""
    from scipy.spatial import KDTree

    ca, chain = backbone.ca, backbone.chain_ids
    first, second = KDTree(ca).query_pairs(cutoff, output_type="ndarray").reshape(-1, 2).T
    apart = (second - first >= MIN_SEPARATION) | (chain[first] != chain[second])
    for low, high in np.sort(closing_links(backbone), axis=0).T.tolist():
        over = (chain[first] == chain[low]) & (chain[second] == chain[high])
        steps = np.abs(first - low) + np.abs(second - high) + 1
        apart &= ~over | (steps >= MIN_SEPARATION)
    first, second = first[apart], second[apart]
    return Pairs(first, second, np.linalg.norm(ca[first] - ca[second], axis=1))


def contact_order(backbone: Backbone, pair: Pairs) -> float:
    """Relative contact order, Plaxco et al. (1998), on CA contacts within chains."""
    chain = backbone.chain_ids
    same = chain[pair.first] == chain[pair.second]
    if not same.any():
        return np.nan
    _, which, size = np.unique(chain, return_inverse=True, return_counts=True)
    separation = (pair.second - pair.first)[same]
    return float((separation / size[which][pair.first[same]]).mean())


def helix_signs(
    ca: Float[np.ndarray, "residues 3"],
    bend: Float[np.ndarray, "angles"],
    follows: Bool[np.ndarray, "steps"],
) -> Float[np.ndarray, "windows"]:
    """Hand of each window of four CA inside a helix: 1 right, -1 left, 0 no helix.

    A helical window has both CA angles in 80-105 degrees and a CA dihedral of 30 to 70 degrees
    in absolute value; three or more consecutive windows of equal sign make a helix.
    """
    if len(ca) < 4:
        return np.zeros(0)
    turn = dihedral(ca[:-3], ca[1:-2], ca[2:-1], ca[3:])
    window = follows[2:] & follows[1:-1] & follows[:-2]
    window &= (np.abs(turn) >= HELIX_DIHEDRALS[0]) & (np.abs(turn) <= HELIX_DIHEDRALS[1])
    for side in (bend[:-1], bend[1:]):
        window &= (side >= HELIX_ANGLES[0]) & (side <= HELIX_ANGLES[1])
    sign = np.where(window, np.sign(turn), 0)
    starts = np.flatnonzero(np.diff(sign, prepend=np.nan))
    lengths = np.diff(starts, append=len(sign))
    return np.where(np.repeat(lengths, lengths) >= MIN_HELIX_WINDOWS, sign, 0)
