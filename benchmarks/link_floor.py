"""What the representation alone costs: real chains, and rebuilt from CA trace and link vectors.

    python benchmarks/link_floor.py DATA_FOLDER OUT
    python benchmarks/sample_quality.py OUT/real
    python benchmarks/sample_quality.py OUT/rebuilt

Writes the validation chains of 64-128 residues, every residue named ALA like a generated one.
"""

import csv
import sys
from pathlib import Path

import numpy as np

import protdiff
from protdiff.structure.peptide import link_vectors, place_backbone


def main():
    data, out = map(Path, sys.argv[1:3])
    for name in ("real", "rebuilt"):
        (out / name).mkdir(parents=True, exist_ok=True)
    with (data / "chains.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    with np.load(data / "structures_le256.npz") as z:
        coords, offsets, index = z["coords"], z["offsets"], z["chain_index"]
    for k, row in enumerate(index):
        if rows[row]["split"] == "val" and 64 <= int(rows[row]["length"]) <= 128:
            real = coords[offsets[k] : offsets[k + 1]] / 100
            rebuilt = place_backbone(real[:, 1], link_vectors(real))
            for name, atoms in {"real": real, "rebuilt": rebuilt}.items():
                backbone = protdiff.Backbone.from_coords(atoms)
                protdiff.write(backbone, out / name / f"chain_{row}.pdb")


if __name__ == "__main__":
    main()
