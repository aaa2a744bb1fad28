"""What the columns of side chains cost: `protdiff.score` with and without them, on one core.

    python benchmarks/all_atoms.py --data DATASET/cameo22 [--targets 40]

Models with side chains are made from the references of CAMEO 2022: every atom is moved at random by
a few tenths of an Å, smoothly along the chain and a little on its own, so that bonds stay possible.
Seconds of CPU time of one process with one thread, which is time on the clock if nothing else runs:
reading backbones and all atoms, scoring with and without the columns of side chains, and the lDDT
of biotite for all atoms, which neither checks the stereochemistry nor exchanges symmetric atoms.
Then the same for EigenFold's models of these targets, which are CA only.
"""

import argparse
import os
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from biotite.structure import filter_amino_acids, lddt
from biotite.structure.io.pdb import PDBFile
from results import write_result

from protdiff import ProtdiffWarning
from protdiff.metrics import score
from protdiff.structure.io.read_write import read

#: Å of the drift along the chain and of every atom.
DRIFT, NOISE = 0.05, 0.02


def write_model(reference, path, rng):
    """A copy of the reference with side chains, a little deformed."""
    structure = read(reference, atoms="all")
    atoms = structure.atoms[structure.residue >= 0]
    drift = DRIFT * np.cumsum(rng.normal(size=(len(structure.backbone), 3)), axis=0)
    drift = drift[structure.residue[structure.residue >= 0]]
    atoms.coord = atoms.coord + drift - drift.mean(axis=0) + NOISE * rng.normal(size=drift.shape)
    file = PDBFile()
    file.set_structure(atoms)
    file.write(path)


def by_biotite(model, reference):
    """lDDT of two files by biotite, of the same atoms in the same order."""
    chains = []
    for path in (model, reference):
        atoms = read(path, atoms="all").atoms
        chains.append(atoms[filter_amino_acids(atoms) & (atoms.element != "H")])
    return lddt(chains[1], chains[0]) if len(chains[0]) == len(chains[1]) else float("nan")


def seconds(work, pairs):
    """Seconds of CPU time for a pair, after one to warm up."""
    work(*pairs[0])
    start = time.process_time()
    for pair in pairs:
        work(*pair)
    return (time.process_time() - start) / len(pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--targets", type=int, default=40)
    options = parser.parse_args()
    warnings.simplefilter("ignore", ProtdiffWarning)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    references = sorted((options.data / "references").iterdir())[: options.targets]
    traces = [(options.data / "models" / f"{r.name.split('.pdb')[0]}.0.pdb.gz", r)
              for r in references]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        pairs = []
        for reference in references:
            path = Path(folder) / f"{reference.name.split('.pdb')[0]}.pdb"
            write_model(reference, path, rng)
            pairs.append((path, reference))

        def backbones(model, reference, **rest):
            return score(read(model, ca_only=True), read(reference), **rest)

        works = {
            "read_backbone": (lambda a, b: (read(a), read(b)), pairs),
            "read_all": (lambda a, b: (read(a, atoms="all"), read(b, atoms="all")), pairs),
            "backbone": (backbones, pairs),
            "all": (score, pairs),
            "similarity_backbone": (lambda a, b: backbones(a, b, with_quality=False), pairs),
            "similarity_all": (lambda a, b: score(a, b, with_quality=False), pairs),
            "biotite_lddt": (by_biotite, pairs),
            "ca_backbone": (backbones, traces),
            "ca_all": (score, traces),
        }
        found = {name: seconds(*work) for name, work in works.items()}
        rows = [score(*pair).all_atom for pair in pairs]
    residues = float(np.mean([len(read(r)) for r in references]))
    load = os.getloadavg()[0]
    print(f"{len(pairs)} pairs of {residues:.0f} residues in the mean, load {load:.1f}")
    for name, value in found.items():
        print(f"  {name:20} {1000 * value:7.1f} ms  {1 / value:6.1f} pairs/s")
    values = [row["lddt_all"] for row in rows]
    print(f"  lddt_all {min(values):.3f} to {max(values):.3f}")
    numbers = {
        "pairs": len(pairs),
        "residues": residues,
        "milliseconds": {name: 1000 * value for name, value in found.items()},
        "pairs_per_second": {name: 1 / value for name, value in found.items()},
    }
    write_result("all_atoms", numbers, weights=None, cores=1)


if __name__ == "__main__":
    main()
