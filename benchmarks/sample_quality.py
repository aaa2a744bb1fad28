"""Measure a folder of generated structure files against what real proteins look like.

    python benchmarks/sample_quality.py DIR [--json out.json] [--csv files.csv]
    python benchmarks/sample_quality.py DIR --reference --data DATASET
    python benchmarks/sample_quality.py --real 200 --data DATASET --lengths 64-128

Independent on purpose: nothing of protdiff is imported, so the programme that made the files
cannot also forgive them. ``--real N`` measures N real validation chains instead, written as PDB
files to a temporary folder and read back like the samples; ``--reference`` does that beside DIR,
with the lengths of DIR, and fills the last column with it. Default there: the means over 182
CAMEO-2022 chains (P-SEA, Rg, contacts) and 513 PDB chains (the rest), median 206 to 228 residues;
DSSP from the 714 validation chains.

Definitions
-----------
Values are pooled: a share is a sum over all chains of the folder divided by the number of steps,
angles or residues, and "per 100 residues" is 100 x pairs / residues, never a mean of ratios.
The exceptions are means (or quantiles) over chains and say so. First model, first alternative
location, amino acids only; chains under 30 residues are left out. A *step* i -> i+1 counts only
if the residue numbers differ by exactly 1. Separations are differences of the index of the CA.

read by all programmes
    biotite, Biopython (``PERMISSIVE=False``) and mdtraj each read the file without a warning, and
    find as many CA atoms as one another at the same places. Formats that a programme cannot read
    (Biopython and mdtraj: BinaryCIF; mdtraj: mmCIF without OpenMM) are not held against the file.
complete
    Every residue has finite N, CA, C and O; every chain is numbered 1, 2, ..., length.
trans step
    CA-CA distance over 3.5 A, or omega within 30 degrees of 180. Bonds that are broken or, in a
    trans peptide, squeezed therefore count; cis peptides (2.7 to 3.3 A) do not.
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
P-SEA, DSSP
    Shares of helix, strand and coil of biotite's ``annotate_sse`` and of mdtraj's simplified
    ``compute_dssp``, mean over chains. P-SEA calls fewer strands than DSSP.
Rg ratio
    CA radius of gyration / (2.2 N^0.38), quantiles over chains.
contacts
    CA pairs under 8 A at separation 3 or more, each counted once, per residue; mean over chains.
"""

import argparse
import contextlib
import csv
import json
import math
import os
import sys
import tempfile
import warnings
from pathlib import Path

import biotite.structure as struc
import mdtraj
import numpy as np
from Bio.PDB import MMCIFParser, PDBParser
from biotite.structure.io import pdb, pdbx

RAMACHANDRAN = Path(__file__).resolve().parents[1] / "data" / "ramachandran.npz"
SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")
ATOMS = ("N", "CA", "C", "O")
ELEMENTS = ("N", "C", "C", "O")
RESIDUES = (  # order of `aatype` in the data set
    "ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU", "GLY", "HIS", "ILE",
    "LEU", "LYS", "MET", "PHE", "PRO", "SER", "THR", "TRP", "TYR", "VAL",
)
SHORTEST = 30
BONDS = {"n_ca": 1.461, "ca_c": 1.524, "c_n": 1.331, "c_o": 1.233}
ANGLES = {"n_ca_c": 110.9, "ca_c_n": 116.8, "c_n_ca": 121.6}

# key, label, unit, goal (lowest, highest), value of real proteins
TABLE = [
    ("files", "files", "", None, None),
    ("chains", "chains measured", "", None, None),
    ("residues", "residues", "", None, None),
    ("read_by_all", "read by biotite, Biopython and mdtraj", "%", (100, None), 100),
    ("complete", "complete, numbered from 1", "%", (100, None), 100),
    ("step_ok", "CA-CA within 0.1 Å of 3.80, all steps", "%", None, 99.2),
    ("step_ok_trans", "CA-CA within 0.1 Å of 3.80, trans steps", "%", (98, None), 99.5),
    ("step_cis", "CA-CA cis, 2.7-3.3 Å", "%", None, 0.28),
    ("clash_3.0", "CA pairs under 3.0 Å / 100 residues", "", (None, 0.05), 0.00),
    ("clash_3.6", "CA pairs under 3.6 Å / 100 residues", "", None, 0.08),
    ("ca_angle_out", "CA angles outside 75-160°", "%", (None, 0.3), 0.03),
    ("right_handed", "helices right-handed", "%", (99.5, None), 100),
    ("helix_windows", "helical windows / 100 residues", "", None, None),
    ("rms_n_ca", "N-CA rms off 1.461", "Å", (None, 0.03), 0.012),
    ("rms_ca_c", "CA-C rms off 1.524", "Å", (None, 0.03), 0.010),
    ("rms_c_n", "C-N rms off 1.331", "Å", (None, 0.03), 0.009),
    ("rms_c_o", "C=O rms off 1.233", "Å", None, 0.009),
    ("link_broken", "C-N broken, 2.0 Å or more", "%", None, 0.0),
    ("rms_n_ca_c", "N-CA-C rms off 110.9", "°", None, 2.55),
    ("rms_ca_c_n", "CA-C-N rms off 116.8", "°", None, 1.30),
    ("rms_c_n_ca", "C-N-CA rms off 121.6", "°", None, 1.70),
    ("omega_trans", "omega trans", "%", None, 99.69),
    ("omega_cis", "omega cis", "%", None, 0.27),
    ("omega_twisted", "omega twisted", "%", None, 0.04),
    ("rama_favoured", "Ramachandran favoured", "%", None, 98.0),
    ("rama_allowed", "Ramachandran allowed", "%", None, 1.8),
    ("rama_outlier", "Ramachandran outliers", "%", (None, 1), 0.2),
    ("psea_helix", "P-SEA helix", "%", (27, 37), 32),
    ("psea_strand", "P-SEA strand", "%", (12, 22), 17),
    ("psea_coil", "P-SEA coil", "%", (46, 56), 51),
    ("dssp_helix", "DSSP helix", "%", None, 38),
    ("dssp_strand", "DSSP strand", "%", None, 22),
    ("dssp_coil", "DSSP coil", "%", None, 40),
    ("rg_median", "Rg / (2.2 N^0.38), median", "", (0.95, 1.15), 1.05),
    ("rg_p5", "Rg / (2.2 N^0.38), p5", "", None, 0.94),
    ("rg_p95", "Rg / (2.2 N^0.38), p95", "", None, 1.64),
    ("contacts", "contacts < 8 Å per residue", "", None, 2.70),
    ("contacts_sd", "contacts < 8 Å per residue, sd", "", None, 0.48),
]


# Reading: three programmes, each without a word of complaint

def read_biotite(path):
    """First model of a file as an AtomArray of amino acids."""
    if path.suffix in (".pdb", ".ent"):
        array = pdb.PDBFile.read(path).get_structure(model=1, altloc="first")
    else:
        reader = pdbx.BinaryCIFFile if path.suffix == ".bcif" else pdbx.CIFFile
        array = pdbx.get_structure(reader.read(path), model=1, altloc="first")
    return array[struc.filter_amino_acids(array)]


def ca_biopython(path):
    """CA coordinates (N, 3) in Å as Biopython reads them; None for BinaryCIF."""
    if path.suffix == ".bcif":
        return None
    pdb = path.suffix in (".pdb", ".ent")
    parser = PDBParser(PERMISSIVE=False) if pdb else MMCIFParser()
    model = next(iter(parser.get_structure("sample", path)))
    return np.array([residue["CA"].coord for residue in model.get_residues() if "CA" in residue])


def ca_mdtraj(path):
    """CA coordinates (N, 3) in Å as mdtraj reads them; None for formats it needs OpenMM for."""
    if path.suffix not in (".pdb", ".ent"):
        return None
    trajectory = mdtraj.load_pdb(str(path), frame=0)
    return 10 * trajectory.xyz[0, trajectory.topology.select("name CA and protein")]


def compare_ca(found, expected):
    """Raise ValueError where two programmes read different CA atoms out of one file."""
    if not len(found) or len(found) != len(expected):
        raise ValueError(f"{len(found)} CA atoms, biotite finds {len(expected)}")
    if not np.isfinite(found).all():
        raise ValueError("coordinates that are not numbers")
    if np.abs(found - expected).max() > 2e-3:
        raise ValueError("other CA coordinates than biotite")


def read_checked(path):
    """Read one file with biotite, then hold the other two programmes against it.

    Returns
    -------
    array : AtomArray or None
    complaint : str
        Empty, or what the first programme that stumbled had to say.
    """
    array, complaint = None, ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # of the programme, not of the file
        for name, reader in (("biotite", read_biotite), ("Biopython", ca_biopython),
                             ("mdtraj", ca_mdtraj)):
            try:
                found = reader(path)
                if name == "biotite":
                    array = found
                    found = array.coord[array.atom_name == "CA"]
                    expected = found
                if found is not None:
                    compare_ca(found, expected)
            except Exception as error:
                complaint = complaint or f"{name}: {type(error).__name__}: {error}"
    if array is None:  # a warning is a finding, but no reason to measure nothing
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("ignore")
            array = read_biotite(path)
    return array, complaint


def split_chains(array):
    """Backbones of an AtomArray, and whether every residue of it was complete and in order.

    Returns
    -------
    chains : list of (coords, number, name)
        coords (L, 4, 3) in Å of the residues that have all four atoms, number (L,) of the
        residues, name (L,) of three letters.
    complete : bool
        All residues have four finite atoms and each chain is numbered 1, 2, ..., L.
    """
    chains, complete = [], len(array) > 0
    for chain_id in dict.fromkeys(array.chain_id.tolist()):
        chain = array[array.chain_id == chain_id]
        starts = struc.get_residue_starts(chain)
        residue = struc.get_residue_positions(chain, np.arange(len(chain)))
        coords = np.full((len(starts), 4, 3), np.nan)
        for k, atom in enumerate(ATOMS):
            found = np.flatnonzero(chain.atom_name == atom)
            coords[residue[found], k] = chain.coord[found]
        whole = np.isfinite(coords).all((1, 2))
        number, name = chain.res_id[starts], chain.res_name[starts]
        complete &= bool(whole.all() and (number == np.arange(len(starts)) + 1).all())
        if whole.any():
            chains.append((coords[whole], number[whole], name[whole]))
    return chains, complete


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
    """0 outlier, 1 allowed or 2 favoured for residues of one chain; names has one more."""
    classes = list(grid["classes"])
    kind = np.full(len(phi), classes.index("general"))
    kind[names[1:] == "PRO"] = classes.index("preproline")
    kind[names[:-1] == "GLY"] = classes.index("glycine")
    kind[names[:-1] == "PRO"] = classes.index("proline")
    bins = grid["region"].shape[1]
    cell = [np.floor((x + 180) * bins / 360).astype(int) % bins for x in (phi, psi)]
    return grid["region"][kind, cell[0], cell[1]]


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
        "step_trans": d_step[step & ((d_step > 3.5) | (omega > 150))],
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
        "rama_favoured": percent(pool["rama"] == 2),
        "rama_allowed": percent(pool["rama"] == 1),
        "rama_outlier": percent(pool["rama"] == 0),
        "rg_median": float(rg[0]), "rg_p5": float(rg[1]), "rg_p95": float(rg[2]),
        "contacts": float(pool["contacts"].mean()),
        "contacts_sd": float(pool["contacts"].std()),
    }
    for key, ideal in (BONDS | ANGLES).items():
        deviation = pool[key] - ideal
        out[f"rms_{key}"] = float(np.sqrt(np.mean(deviation**2))) if len(deviation) else np.nan
    for k, name in enumerate(("helix", "strand", "coil")):
        out[f"psea_{name}"], out[f"dssp_{name}"] = float(psea[k]), float(dssp[k])
    return out


def measure_folder(folder):
    """Metrics of all structure files directly in a folder.

    Returns
    -------
    pooled : dict
    rows : list of dict
        The same metrics per file, with ``file``, ``read_by_all``, ``complete``, ``complaint``.
    """
    paths = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(f"{folder}: no {', '.join(SUFFIXES)} files")
    with np.load(RAMACHANDRAN) as data:
        grid = dict(data)
    measured, rows = [], []
    for path in paths:
        array, complaint = read_checked(path)
        chains, complete = split_chains(array) if array is not None else ([], False)
        values = [measure_chain(*chain, grid) for chain in chains if len(chain[0]) >= SHORTEST]
        measured += values
        rows.append({"file": path.name, "read_by_all": not complaint, "complete": complete,
                     "complaint": complaint} | summarise(values))
    pooled = {"files": len(rows)} | summarise(measured)
    for key in ("read_by_all", "complete"):
        pooled[key] = percent([row[key] for row in rows])
    return pooled, rows


# Real proteins, from the npz files of the data set

def write_pdb(path, coords, names):
    """Write one backbone (L, 4, 3) as a PDB file: chain A, residues 1 to L."""
    array = struc.AtomArray(4 * len(coords))
    array.coord = coords.reshape(-1, 3).astype(np.float32)
    array.chain_id = np.full(len(array), "A")
    array.res_id = np.repeat(np.arange(1, len(coords) + 1), 4)
    array.res_name = np.repeat(names, 4)
    array.atom_name, array.element = np.tile(ATOMS, len(coords)), np.tile(ELEMENTS, len(coords))
    output = pdb.PDBFile()
    output.set_structure(array)
    # Biopython complains about a bare "TER" or "END": a record name is six characters wide.
    ter = f"TER   {len(array) + 1:5d}      {names[-1]:>3s} A{len(coords):4d}"
    with open(path, "w") as handle:
        handle.write(f"{output}\n{ter:<80}\n{'END':<80}\n")


def write_real(folder, data, number, shortest, longest, seed):
    """Write random validation chains of some lengths to a folder, and give their number."""
    with open(data / "chains.csv", newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["split"] == "val"
                and shortest <= int(row["length"]) <= longest]
    order = np.random.default_rng(seed).permutation(len(rows))[:number]
    wanted = {int(rows[k]["index"]) for k in order}
    for name in ("structures_le256.npz", "structures_257_512.npz"):
        with np.load(data / name) as stored:
            index, offsets = stored["chain_index"], stored["offsets"]
            chosen = [k for k in range(len(index)) if index[k] in wanted]
            coords, aatype = (stored["coords"], stored["aatype"]) if chosen else (None, None)
        for k in chosen:
            span = slice(offsets[k], offsets[k + 1])
            write_pdb(folder / f"real_{index[k]:05d}.pdb", coords[span] / 100,
                      np.array(RESIDUES)[aatype[span]])
    return len(wanted)


def measure_real(data, number, shortest, longest, seed):
    """`measure_folder` of real chains in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        if not write_real(Path(name), data, number, shortest, longest, seed):
            raise SystemExit(f"{data}: no validation chains of {shortest}-{longest} residues")
        return measure_folder(name)


# Printing

def missing(value):
    """True of None and of nan."""
    return value is None or math.isnan(value)


def text(value, unit=""):
    """A number with two digits (lengths: three) and its unit; "-" for nothing."""
    if missing(value):
        return "-"
    if isinstance(value, int) and not unit:
        return str(value)
    digits = 3 if unit == "Å" else 2
    return f"{value:.{digits}f}{' ' + unit if unit else ''}"


def goal_text(goal, value, unit):
    """The goal, and whether the value meets it."""
    if goal is None:
        return "", None
    low, high = goal
    met = (not missing(value) and (low is None or value >= low)
           and (high is None or value <= high))
    if low is None or high is None:
        words = f"{'≤' if low is None else '≥'} {high if low is None else low:g}"
    else:
        words = f"{low:g} to {high:g}"
    return f"{words}{' ' + unit if unit else ''}, {'met' if met else 'missed'}", met


def print_table(pooled, real):
    """Print metric, value, goal and real proteins in aligned columns."""
    lines = [("metric", "value", "goal", "real proteins")]
    for key, label, unit, goal, literature in TABLE:
        value = pooled.get(key)
        reference = literature if real is None else real.get(key)
        lines.append((label, text(value, unit), goal_text(goal, value, unit)[0],
                      text(reference, unit)))
    width = [max(len(line[k]) for line in lines) for k in range(4)]
    for k, line in enumerate(lines):
        print(f"{line[0]:<{width[0]}} | {line[1]:>{width[1]}} | {line[2]:<{width[2]}} | "
              f"{line[3]:>{width[3]}}")
        if k == 0:
            print("-|-".join("-" * w for w in width))


def replace_with(path, write):
    """Write a text file under a temporary name, then rename it: never half a file."""
    temporary = Path(f"{path}.part")
    with open(temporary, "w", newline="", encoding="utf-8") as handle:
        write(handle)
    os.replace(temporary, path)


def write_csv(handle, rows):
    keys = ["file", "read_by_all", "complete", "complaint"]
    keys += [key for key, *_ in TABLE if key not in ("files", *keys)]
    writer = csv.DictWriter(handle, keys)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: f"{value:.6g}" if isinstance(value, float) else value
                         for key, value in row.items()})


def as_json(pooled, rows, real):
    """Everything as plain JSON values; nan becomes null."""
    def plain(metrics):
        return {key: None if missing(value) else value for key, value in metrics.items()}

    return {
        "metrics": plain(pooled),
        "goal_met": {key: bool(goal_text(goal, pooled.get(key), "")[1])
                     for key, _, _, goal, _ in TABLE if goal is not None},
        "real": plain(real if real is not None else
                      {key: value for key, *_, value in TABLE if value is not None}),
        "complaints": {row["file"]: row["complaint"] for row in rows if row["complaint"]},
        "incomplete": [row["file"] for row in rows if not row["complete"]],
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--csv", type=Path, help="write one row per file here")
    parser.add_argument("--data", type=Path, help="folder with chains.csv and *.npz")
    parser.add_argument("--real", type=int, metavar="N",
                        help="measure N real chains (200 beside --reference)")
    parser.add_argument("--lengths", default=None, metavar="A-B",
                        help="lengths of the real chains (40-512, or those of DIR)")
    parser.add_argument("--reference", action="store_true",
                        help="measure real chains for the last column")
    parser.add_argument("--seed", type=int, default=0, help="which real chains")
    options = parser.parse_args(arguments)
    wants_real = options.reference or options.real is not None
    if options.folder is None and not wants_real:
        parser.error("give DIR, or --real N")
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"{options.folder}: not a folder")
    if wants_real and options.data is None:
        parser.error("real chains need --data")
    real, shortest, longest = None, 40, 512
    if options.folder is not None:
        pooled, rows = measure_folder(options.folder)
        lengths = [row["residues"] // row["chains"] for row in rows if "residues" in row]
        shortest, longest = min(lengths, default=40), max(lengths, default=512)
    if options.lengths:
        first, _, last = options.lengths.partition("-")
        shortest, longest = int(first), int(last or first)
    if wants_real:
        measured = measure_real(options.data, options.real or 200, shortest, longest,
                                options.seed)
        if options.folder is None:
            pooled, rows = measured
        else:
            real = measured[0]
            print(f"real proteins: {real['files']} validation chains, "
                  f"{shortest}-{longest} residues")
    print_table(pooled, real)
    for row in [row for row in rows if row["complaint"]][:10]:
        print(f"{row['file']}: {row['complaint']}", file=sys.stderr)
    if options.json:
        replace_with(options.json, lambda handle: json.dump(
            as_json(pooled, rows, real), handle, indent=1, allow_nan=False))
    if options.csv:
        replace_with(options.csv, lambda handle: write_csv(handle, rows))


if __name__ == "__main__":
    main()
