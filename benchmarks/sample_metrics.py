"""What is measured on a generated structure file, independent of protdiff.

Definitions
-----------
Values are pooled: a share is a sum over all chains of the folder divided by the number of steps,
angles or residues, and "per 100 residues" is 100 x pairs / residues, never a mean of ratios.
The exceptions are means (or quantiles) over chains and say so. First model, first alternative
location, amino acids only; chains under 30 residues are left out. A *step* i -> i+1 counts only
if the residue numbers differ by exactly 1. Separations are differences of the index of the CA.

trans step
    Every step but those of 2.7 to 3.3 A whose omega is not within 30 degrees of 180. Bonds that
    are broken or squeezed therefore count; cis peptides do not.
right-handed helices
    A helical window is four consecutive CA with both virtual angles in 80-105 degrees and a
    virtual dihedral of 30 to 70 degrees in absolute value, so that it knows no hand. Three or
    more consecutive windows of equal sign make a helix. The share is the number of windows of
    positive sign (IUPAC) over all windows, both inside helices.
peptide link
    A step with C-N under 2.0 A; links over that are counted as broken, and they are left out of
    the rms deviations of C-N and its angles, of omega and of phi and psi.
rms off ideal
    Root mean square of (value - ideal): spread and shift together.
omega
    trans over 150 degrees in absolute value, cis under 30, twisted between.
Ramachandran
    Residues with both neighbours linked; regions of ``data/ramachandran.npz`` (see
    ``build_ramachandran.py``): favoured holds 98 % of real residues, allowed reaches to 99.8 %.
    ``rama_nowhere`` counts residues outside the regions of all classes, for chains without a
    sequence: they are named ALA, and their glycines are outliers.
P-SEA, DSSP
    Shares of helix, strand and coil of biotite's ``annotate_sse`` and of mdtraj's simplified
    ``compute_dssp``, mean over chains. P-SEA calls fewer strands than DSSP.
Rg ratio
    CA radius of gyration / (2.2 N^0.38), quantiles over chains.
contacts
    CA pairs under 8 A at separation 3 or more, each counted once, per residue; mean over chains.
"""

import biotite.structure as struc
import mdtraj
import numpy as np
from sample_files import ATOMS, ELEMENTS, RESIDUES

BONDS = {"n_ca": 1.461, "ca_c": 1.524, "c_n": 1.331, "c_o": 1.233}
ANGLES = {"n_ca_c": 110.9, "ca_c_n": 116.8, "c_n_ca": 121.6}

# Measuring: raw values of one chain, to be pooled later


def angle(a, b, c):
    return np.degrees(struc.angle(a, b, c))


def dihedral(a, b, c, d):
    return np.degrees(struc.dihedral(a, b, c, d))


def distance(a, b):
    return np.linalg.norm(a - b, axis=-1)


def helix_signs(dihedrals, angles, connected):
    """Sign of each window of four CA that lies in a helix of either hand (module docstring)."""
    window = connected & (np.abs(dihedrals) >= 30) & (np.abs(dihedrals) <= 70)
    for side in (angles[:-1], angles[1:]):
        window &= (side >= 80) & (side <= 105)
    sign = np.where(window, np.sign(dihedrals), 0)
    starts = np.flatnonzero(np.diff(sign, prepend=np.nan))
    lengths = np.diff(starts, append=len(sign))
    return np.where(np.repeat(lengths, lengths) >= 3, sign, 0)


def dssp_codes(coords, names):
    """Simplified DSSP code (H, E or C) of each residue of one chain."""
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for number, name in enumerate(names, 1):
        residue = topology.add_residue(name if name in RESIDUES else "ALA", chain, number)
        for atom, element in zip(ATOMS, ELEMENTS, strict=True):
            topology.add_atom(atom, mdtraj.element.get_by_symbol(element), residue)
    return mdtraj.compute_dssp(mdtraj.Trajectory(coords.reshape(1, -1, 3) / 10, topology))[0]


def psea_codes(ca, numbers):
    """P-SEA code (a, b or c) of each residue of one chain."""
    array = struc.AtomArray(len(ca))
    array.coord = ca.astype(np.float32)
    array.res_id, array.res_name = numbers, np.full(len(ca), "ALA")
    array.atom_name = np.full(len(ca), "CA")
    return struc.annotate_sse(array)


def ramachandran_label(phi, psi, names, grid):
    """0 outlier, 1 allowed or 2 favoured, and the best of any class; names has one more residue."""
    classes = list(grid["classes"])
    kind = np.full(len(phi), classes.index("general"))
    kind[names[1:] == "PRO"] = classes.index("preproline")
    kind[names[:-1] == "GLY"] = classes.index("glycine")
    kind[names[:-1] == "PRO"] = classes.index("proline")
    bins = grid["region"].shape[1]
    cell = [np.floor((x + 180) * bins / 360).astype(int) % bins for x in (phi, psi)]
    label = grid["region"][:, cell[0], cell[1]]
    return np.stack([label[kind, np.arange(len(phi))], label.max(0)], 1)


def measure_chain(coords, numbers, names, grid):
    """Raw values of one chain, one array per quantity.

    Parameters
    ----------
    coords : ndarray, (L, 4, 3)
        N, CA, C, O in Å.
    numbers, names : ndarray, (L,)
        Residue numbers and three-letter names.
    grid : mapping
        Contents of ``data/ramachandran.npz``.
    """
    n, ca, c, o = np.moveaxis(coords, 1, 0)
    length = len(ca)
    step = np.diff(numbers) == 1
    two, three = step[1:] & step[:-1], step[2:] & step[1:-1] & step[:-2]
    c_n = distance(c[:-1], n[1:])
    link = step & (c_n < 2.0)
    inside = link[1:] & link[:-1]
    omega = np.abs(dihedral(ca[:-1], c[:-1], n[1:], ca[1:]))
    d_step = distance(ca[:-1], ca[1:])
    virtual = angle(ca[:-2], ca[1:-1], ca[2:])
    torsion = dihedral(ca[:-3], ca[1:-2], ca[2:-1], ca[3:])
    phi = dihedral(c[:-2], n[1:-1], ca[1:-1], c[1:-1])
    psi = dihedral(n[1:-1], ca[1:-1], c[1:-1], n[2:])
    row, column = np.triu_indices(length, 3)
    pair = distance(ca[row], ca[column])
    rg = np.sqrt(((ca - ca.mean(0)) ** 2).sum(1).mean())
    psea, dssp = psea_codes(ca, numbers), dssp_codes(coords, names)
    return {
        "length": np.array([length]),
        "step": d_step[step],
        "step_trans": d_step[step & ~((d_step > 2.7) & (d_step < 3.3) & ~(omega > 150))],
        "pair": pair[pair < 8.0],
        "ca_angle": virtual[two],
        "helix": helix_signs(torsion, virtual, three),
        "n_ca": distance(n, ca),
        "ca_c": distance(ca, c),
        "c_o": distance(c, o),
        "c_n": c_n[link],
        "broken": ~link[step],
        "n_ca_c": angle(n, ca, c),
        "ca_c_n": angle(ca[:-1], c[:-1], n[1:])[link],
        "c_n_ca": angle(c[:-1], n[1:], ca[1:])[link],
        "omega": omega[link],
        "rama": ramachandran_label(phi, psi, names[1:], grid)[inside],
        "psea": np.array([[np.mean(psea == code) for code in "abc"]]),
        "dssp": np.array([[np.mean(dssp == code) for code in "HEC"]]),
        "rg_ratio": np.array([rg / (2.2 * length**0.38)]),
        "contacts": np.array([(pair < 8.0).sum() / length]),
    }


def percent(condition):
    """Share of true values in per cent; nan of nothing."""
    return 100 * float(np.mean(condition)) if len(condition) else float("nan")


def summarise(chains):
    """Metrics of some chains together, from the raw values of `measure_chain`."""
    if not chains:
        return {}
    pool = {key: np.concatenate([chain[key] for chain in chains]) for key in chains[0]}
    residues = int(pool["length"].sum())
    helix = pool["helix"][pool["helix"] != 0]
    psea, dssp = 100 * pool["psea"].mean(0), 100 * pool["dssp"].mean(0)
    rg = np.percentile(pool["rg_ratio"], (50, 5, 95))
    out = {
        "chains": len(chains),
        "residues": residues,
        "step_ok": percent(np.abs(pool["step"] - 3.80) < 0.1),
        "step_ok_trans": percent(np.abs(pool["step_trans"] - 3.80) < 0.1),
        "step_cis": percent((pool["step"] > 2.7) & (pool["step"] < 3.3)),
        "clash_3.0": 100 * float((pool["pair"] < 3.0).sum()) / residues,
        "clash_3.6": 100 * float((pool["pair"] < 3.6).sum()) / residues,
        "ca_angle_out": percent(~((pool["ca_angle"] >= 75) & (pool["ca_angle"] <= 160))),
        "right_handed": percent(helix > 0),
        "helix_windows": 100 * len(helix) / residues,
        "link_broken": percent(pool["broken"]),
        "omega_trans": percent(pool["omega"] > 150),
        "omega_cis": percent(pool["omega"] < 30),
        "omega_twisted": percent((pool["omega"] >= 30) & (pool["omega"] <= 150)),
        "rama_favoured": percent(pool["rama"][:, 0] == 2),
        "rama_allowed": percent(pool["rama"][:, 0] == 1),
        "rama_outlier": percent(pool["rama"][:, 0] == 0),
        "rama_nowhere": percent(pool["rama"][:, 1] == 0),
        "rg_median": float(rg[0]),
        "rg_p5": float(rg[1]),
        "rg_p95": float(rg[2]),
        "contacts": float(pool["contacts"].mean()),
        "contacts_sd": float(pool["contacts"].std()),
    }
    for key, ideal in (BONDS | ANGLES).items():
        deviation = pool[key] - ideal
        out[f"rms_{key}"] = float(np.sqrt(np.mean(deviation**2))) if len(deviation) else np.nan
    for k, name in enumerate(("helix", "strand", "coil")):
        out[f"psea_{name}"], out[f"dssp_{name}"] = float(psea[k]), float(dssp[k])
    return out
