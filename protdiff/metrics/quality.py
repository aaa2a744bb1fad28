"""How a structure looks beside real proteins, without a reference: one number per column.

Definitions
-----------
Shares are between 0 and 1, NaN where there is nothing to measure (for most of them a CA-only
file). A *step* joins two residues that follow one another in a chain: consecutive numbers, or
any numbers less than 4.2 Å apart. Other neighbours in the file are a *gap*: residues that were
not observed. Separations are differences of position in the chain.
"""

from typing import NamedTuple

import numpy as np

from ..structure.backbone import bonded_to_next
from ..structure.constants import CONTACT_DISTANCE, LINK_BREAK, MEASURED_BREAK
from ..structure.geometry import angle, dihedral
from ..structure.secondary_structure import dssp_and_bonds, psea
from ..structure.torsions import omega_angles, ramachandran, torsions

__all__ = ["QUALITY", "quality"]

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
    "ca_angles_out": "share of CA-CA-CA angles outside 75-160 degrees",
    "rms_n_ca": "N-CA bond, rms off 1.461 Å",
    "rms_ca_c": "CA-C bond, rms off 1.524 Å",
    "rms_c_o": "C=O bond, rms off 1.233 Å",
    "rms_c_n": "C-N bond, rms off 1.331 Å, where under 2.0 Å",
    "links_broken": "share of steps with C-N of 2.0 Å or more",
    "rms_n_ca_c": "N-CA-C angle, rms off 110.9 degrees",
    "rms_ca_c_n": "CA-C-N angle, rms off 116.8 degrees",
    "rms_c_n_ca": "C-N-CA angle, rms off 121.6 degrees",
    "omega_trans": "share of links with |omega| over 150 degrees",
    "omega_cis": "share of links with |omega| under 30 degrees",
    "omega_twisted": "share of links between",
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

BONDS = {"n_ca": 1.461, "ca_c": 1.524, "c_o": 1.233, "c_n": 1.331}
ANGLES = {"n_ca_c": 110.9, "ca_c_n": 116.8, "c_n_ca": 121.6}


def quality(backbone):
    """Quality columns of a structure.

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
        columns |= backbone_columns(backbone, follows)
    return {name: float(value) for name, value in columns.items()}


def trace_columns(backbone, follows):
    """Columns of the CA trace."""
    ca = backbone.ca
    distance = np.linalg.norm(np.diff(ca, axis=0), axis=1)[follows]
    # In a trans peptide a squeezed bond is a bad bond, not a cis link.
    trans = np.abs(omega_angles(backbone)[follows]) > 150
    cis = (distance > 2.7) & (distance < 3.3) & ~trans
    bend = angle(ca[:-2], ca[1:-1], ca[2:])
    two = follows[1:] & follows[:-1]
    pair = near_pairs(backbone, CONTACT_DISTANCE)
    signs = helix_signs(ca, bend, follows)
    helix = signs[signs != 0]
    return {
        "ca_bonds": share(np.abs(distance[~cis] - 3.80) < 0.1),
        "ca_cis": share((distance > 2.7) & (distance < 3.3)),
        "ca_breaks": int((distance > MEASURED_BREAK).sum()),
        "clashes_3.0": 100 * (pair.distance < 3.0).sum() / len(ca),
        "clashes_3.6": 100 * (pair.distance < 3.6).sum() / len(ca),
        "ca_angles_out": share(~((bend[two] >= 75) & (bend[two] <= 160))),
        "right_handed": share(helix > 0),
        "contacts": len(pair.distance) / len(ca),
        "contact_order": contact_order(backbone, pair),
    }


def fold_columns(backbone, follows):
    """Columns of secondary structure from the trace, and of size."""
    ca = backbone.ca
    bounds = np.flatnonzero(~follows) + 1
    letters = "".join(psea(part) for part in np.split(ca, bounds))
    rg = np.sqrt(np.square(ca - ca.mean(0)).sum(1).mean())
    return {
        **{f"psea_{name}": letters.count(k) / len(letters) for name, k in STATE_NAMES},
        "rg": rg,
        "rg_ratio": rg / (2.2 * len(ca) ** 0.38),
    }


STATE_NAMES = (("helix", "H"), ("strand", "E"), ("coil", "C"))


def backbone_columns(backbone, follows):
    """Columns that need N, C and O."""
    whole = backbone.mask.all(axis=1)
    follows = follows & whole[1:] & whole[:-1]
    n, ca, c, o = np.moveaxis(backbone.coords, 1, 0)
    c_n = np.linalg.norm(c[:-1] - n[1:], axis=1)
    link = follows & (c_n < LINK_BREAK)
    values = {
        "n_ca": np.linalg.norm(n - ca, axis=1)[whole],
        "ca_c": np.linalg.norm(ca - c, axis=1)[whole],
        "c_o": np.linalg.norm(c - o, axis=1)[whole],
        "c_n": c_n[link],
        "n_ca_c": angle(n, ca, c)[whole],
        "ca_c_n": angle(ca[:-1], c[:-1], n[1:])[link],
        "c_n_ca": angle(c[:-1], n[1:], ca[1:])[link],
    }
    columns = {
        f"rms_{key}": np.sqrt(np.square(values[key] - ideal).mean()) if len(values[key]) else np.nan
        for key, ideal in (BONDS | ANGLES).items()
    }
    omega = np.abs(omega_angles(backbone)[link])
    phi, _ = torsions(backbone, link)
    regions = ramachandran(backbone, link)
    regions = regions[regions >= 0]
    left = phi[np.isfinite(phi) & (backbone.residue_names != "GLY")]
    return columns | {
        "links_broken": share(~link[follows]),
        "omega_trans": share(omega > 150),
        "omega_cis": share(omega < 30),
        "omega_twisted": share((omega >= 30) & (omega <= 150)),
        "rama_favoured": share(regions == 2),
        "rama_allowed": share(regions == 1),
        "rama_outliers": share(regions == 0),
        "phi_negative": share(left < 0),
        **bonded_columns(backbone[whole]),
    }


def bonded_columns(backbone):
    """DSSP and hydrogen bonds; every residue complete."""
    starts = [0, *(np.flatnonzero(~bonded_to_next(backbone)) + 1).tolist()]
    letters, bonds = dssp_and_bonds(backbone.coords, backbone.residue_names, starts)
    return {
        **{f"dssp_{name}": letters.count(k) / len(letters) for name, k in STATE_NAMES},
        "hydrogen_bonds": len(bonds) / len(backbone),
    }


class Pairs(NamedTuple):
    """CA pairs under a cut-off."""

    first: np.ndarray
    second: np.ndarray
    distance: np.ndarray


def near_pairs(backbone, cutoff):
    """Pairs of CA at separation 3 or more, or of two chains, closer than the cut-off."""
    from scipy.spatial import KDTree

    ca, chain = backbone.ca, backbone.chain_ids
    first, second = KDTree(ca).query_pairs(cutoff, output_type="ndarray").reshape(-1, 2).T
    apart = (second - first >= 3) | (chain[first] != chain[second])
    first, second = first[apart], second[apart]
    return Pairs(first, second, np.linalg.norm(ca[first] - ca[second], axis=1))


def contact_order(backbone, pair):
    """Relative contact order, Plaxco et al. (1998), on CA contacts within chains."""
    chain = backbone.chain_ids
    same = chain[pair.first] == chain[pair.second]
    if not same.any():
        return np.nan
    _, which, size = np.unique(chain, return_inverse=True, return_counts=True)
    separation = (pair.second - pair.first)[same]
    return float((separation / size[which][pair.first[same]]).mean())


def helix_signs(ca, bend, follows):
    """Hand of each window of four CA inside a helix: 1 right, -1 left, 0 no helix; (L - 3,).

    A helical window has both CA angles in 80-105 degrees and a CA dihedral of 30 to 70 degrees
    in absolute value; three or more consecutive windows of equal sign make a helix.
    """
    if len(ca) < 4:
        return np.zeros(0)
    turn = dihedral(ca[:-3], ca[1:-2], ca[2:-1], ca[3:])
    window = follows[2:] & follows[1:-1] & follows[:-2]
    window &= (np.abs(turn) >= 30) & (np.abs(turn) <= 70)
    for side in (bend[:-1], bend[1:]):
        window &= (side >= 80) & (side <= 105)
    sign = np.where(window, np.sign(turn), 0)
    starts = np.flatnonzero(np.diff(sign, prepend=np.nan))
    lengths = np.diff(starts, append=len(sign))
    return np.where(np.repeat(lengths, lengths) >= 3, sign, 0)


def share(condition):
    """Share of true values; NaN of nothing."""
    return float(condition.mean()) if len(condition) else float("nan")
