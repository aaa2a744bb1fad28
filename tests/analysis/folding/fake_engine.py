"""A structure predictor that knows the answer: it copies designs, with noise, under any program's
names. On request it fails for a sequence, and dies between two of them or in the middle of a file.

python fake_engine.py DESIGNS FASTA OUT [--like NAME] [--fail NAME] [--cut NAME] [--die-after N]
       [--noise Å] [--calls FILE]

FASTA is a file (YAML as Boltz reads it, or FASTA), or a folder of files. The script needs nothing
but Python, so it starts at once.
"""

import argparse
import os
import random
import re
import signal
import sys
from pathlib import Path

ONE_TO_THREE = {
    "A": "ALA", "R": "ARG", "N": "ASN", "D": "ASP", "C": "CYS", "Q": "GLN", "E": "GLU",
    "G": "GLY", "H": "HIS", "I": "ILE", "L": "LEU", "K": "LYS", "M": "MET", "F": "PHE",
    "P": "PRO", "S": "SER", "T": "THR", "W": "TRP", "Y": "TYR", "V": "VAL",
}  # fmt: skip
ITEMS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_entity_id", "label_seq_id", "Cartn_x", "Cartn_y", "Cartn_z",
    "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip
COLABFOLD = "{name}_{relaxed}_rank_{rank:03d}_alphafold2_ptm_model_{model}_seed_000"


def targets(fasta):
    """(name, letters of the chains) of all targets, in every program's format."""
    found = []
    for path in sorted(fasta.iterdir()) if fasta.is_dir() else [fasta]:
        if path.suffix == ".yaml":
            found.append((path.stem, re.findall(r'sequence: "(\w+)"', path.read_text())))
            continue
        records = [part.split("\n", 1) for part in path.read_text().split(">")[1:]]
        records = [(title, "".join(text.split())) for title, text in records]
        if any("protein|" in title or "|protein" in title for title, _ in records):
            found.append((path.stem, [letters for _, letters in records]))
        else:
            found += [(title.split()[0], letters.split(":")) for title, letters in records]
    return found


def atoms(design, chains, noise, seed):
    """(atom, residue name, chain, number, x, y, z) of a design with noise and other names."""
    rng, letters = random.Random(seed), "".join(chains)
    residue, last, out = -1, None, []
    for line in design.read_text().splitlines():
        if line.startswith("ATOM"):
            if line[21:27] != last:
                residue, last = residue + 1, line[21:27]
                shift = [rng.gauss(0, noise) for _ in range(3)]
            xyz = [float(line[30 + 8 * k : 38 + 8 * k]) + shift[k] for k in range(3)]
            name = ONE_TO_THREE[letters[residue]]
            out.append((line[12:16], name, line[21], int(line[22:26]), *xyz))
    return out


def write(path, rows, plddt):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    if path.suffix == ".cif":
        lines = ["data_model", "loop_", *(f"_atom_site.{item}" for item in ITEMS)]
    for k, (atom, name, chain, number, x, y, z) in enumerate(rows, 1):
        atom, element = atom.strip(), atom.strip()[0]
        if path.suffix == ".cif":
            lines.append(
                f"ATOM {k} {element} {atom} . {name} {chain} 1 {number} {x:.3f} {y:.3f} {z:.3f} 1 "
                f"{plddt:.2f} {number} {chain} 1"
            )
        else:
            lines.append(
                f"ATOM  {k:5d}  {atom:<3s} {name} {chain}{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}"
                f"  1.00{plddt:6.2f}          {element:>2s}"
            )
        plddt += 0.01
    path.write_text("\n".join([*lines, "#" if path.suffix == ".cif" else "END", ""]))


def outputs(like, name, out, top):
    """Files of a target, best first, as a program names them."""
    if like == "colabfold":
        (out / f"{name}_scores_rank_001_alphafold2_ptm_model_3_seed_000.json").write_text("{}")
        names = [
            COLABFOLD.format(name=name, relaxed=relaxed, rank=rank, model=model)
            for relaxed, rank, model in (
                ("relaxed", 1, 3),
                ("unrelaxed", 1, 3),
                ("unrelaxed", 2, 1),
            )
        ]
        return [out / f"{text}.pdb" for text in names]
    if like == "boltz":
        folder = out / f"boltz_results_{top}" / "predictions" / name
        return [folder / f"{name}_model_{k}.cif" for k in range(2)]
    if like == "chai":
        return [out / f"pred.model_idx_{k}.cif" for k in range(2)]
    if like == "openfold":
        names = [f"{name}_model_1_ptm_{relaxed}.pdb" for relaxed in ("relaxed", "unrelaxed")]
        return [out / "predictions" / text for text in names]
    return [out / f"{name}.pdb"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("designs", type=Path)
    parser.add_argument("fasta", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--like", default="esmfold")
    parser.add_argument("--fail", default="")
    parser.add_argument("--cut", default="")
    parser.add_argument("--die-after", type=int, default=-1)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--calls", type=Path)  # gets a line for every sequence that is begun
    given = parser.parse_args()
    for count, (name, chains) in enumerate(targets(given.fasta)):
        if given.calls:
            with given.calls.open("a") as handle:
                handle.write(f"{name}\n")
        if count == given.die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if name == given.fail:
            print("loading\nCUDA error: no kernel image is available")
            sys.exit(3)
        design = given.designs / f"{name.rpartition('_')[0]}.pdb"
        files = outputs(given.like, name, given.out, given.fasta.stem)
        for k, path in enumerate(files):
            rows = atoms(design, chains, given.noise * (1 + 8 * k), f"{name} {k}")
            write(path, rows, 80 - 10 * k)
            if name == given.cut:
                path.write_text(path.read_text()[:3000])
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
