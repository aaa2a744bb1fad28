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

The definitions are those of ``sample_metrics.py`` and ``sample_files.py``.
"""

import argparse
import csv
import json
import math
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from results import write_result
from sample_files import read_checked, split_chains, write_real
from sample_metrics import measure_chain, percent, summarise

RAMACHANDRAN = Path(__file__).resolve().parents[1] / "data" / "ramachandran.npz"
SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")
MIN_LENGTH = 30

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
    ("rama_nowhere", "outside the regions of all residues", "%", None, 0.1),
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
        values = [measure_chain(*chain, grid) for chain in chains if len(chain[0]) >= MIN_LENGTH]
        measured += values
        rows.append(
            {
                "file": path.name,
                "read_by_all": not complaint,
                "complete": complete,
                "complaint": complaint,
            }
            | summarise(values)
        )
    pooled = {"files": len(rows)} | summarise(measured)
    for key in ("read_by_all", "complete"):
        pooled[key] = percent([row[key] for row in rows])
    return pooled, rows


# Real proteins, from the npz files of the data set


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
    met = not missing(value) and (low is None or value >= low) and (high is None or value <= high)
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
        lines.append(
            (label, text(value, unit), goal_text(goal, value, unit)[0], text(reference, unit))
        )
    width = [max(len(line[k]) for line in lines) for k in range(4)]
    for k, line in enumerate(lines):
        print(
            f"{line[0]:<{width[0]}} | {line[1]:>{width[1]}} | {line[2]:<{width[2]}} | "
            f"{line[3]:>{width[3]}}"
        )
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
        writer.writerow(
            {
                key: f"{value:.6g}" if isinstance(value, float) else value
                for key, value in row.items()
            }
        )


def as_json(pooled, rows, real):
    """Everything as plain JSON values; nan becomes null."""

    def plain(metrics):
        return {key: None if missing(value) else value for key, value in metrics.items()}

    return {
        "metrics": plain(pooled),
        "goal_met": {
            key: bool(goal_text(goal, pooled.get(key), "")[1])
            for key, _, _, goal, _ in TABLE
            if goal is not None
        },
        "real": plain(
            real
            if real is not None
            else {key: value for key, *_, value in TABLE if value is not None}
        ),
        "complaints": {row["file"]: row["complaint"] for row in rows if row["complaint"]},
        "incomplete": [row["file"] for row in rows if not row["complete"]],
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--json", type=Path, help="write all numbers here")
    parser.add_argument("--csv", type=Path, help="write one row per file here")
    parser.add_argument("--data", type=Path, help="folder with chains.csv and *.npz")
    parser.add_argument(
        "--real", type=int, metavar="N", help="measure N real chains (200 beside --reference)"
    )
    parser.add_argument(
        "--lengths",
        default=None,
        metavar="A-B",
        help="lengths of the real chains (40-512, or those of DIR)",
    )
    parser.add_argument(
        "--reference", action="store_true", help="measure real chains for the last column"
    )
    parser.add_argument("--seed", type=int, default=0, help="which real chains")
    parser.add_argument(
        "--result",
        metavar="NAME",
        help="write benchmarks/results/NAME.json: samples of the weights",
    )
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
        measured = measure_real(options.data, options.real or 200, shortest, longest, options.seed)
        if options.folder is None:
            pooled, rows = measured
        else:
            real = measured[0]
            print(
                f"real proteins: {real['files']} validation chains, {shortest}-{longest} residues"
            )
    print_table(pooled, real)
    for row in [row for row in rows if row["complaint"]][:10]:
        print(f"{row['file']}: {row['complaint']}", file=sys.stderr)
    if options.json:
        replace_with(
            options.json,
            lambda handle: json.dump(
                as_json(pooled, rows, real), handle, indent=1, allow_nan=False
            ),
        )
    if options.result:
        shipped = {} if options.folder else {"weights": None}
        write_result(options.result, pooled, **shipped)
    if options.csv:
        replace_with(options.csv, lambda handle: write_csv(handle, rows))


if __name__ == "__main__":
    main()
