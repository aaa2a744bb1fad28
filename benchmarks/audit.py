"""Does the audit tell copies from samples? Copies, real chains and generated ones, one table.

    python benchmarks/audit.py --data DATASET [--samples FOLDER] [--noise 0.1 0.5] [--count 200]

Audits with the command line, against all training chains of the archive with its validation chains
held out: training chains of the lengths of random validation chains, all atoms jittered by so many
Å per coordinate and turned at random (a sampler that copies); random validation chains, with the
others held out (a perfect sampler; chains of the test split are drawn otherwise, and lie at 0.97);
and a folder of generated structures, by default made here by the shipped weights, 60-200 residues.
Seconds are wall and CPU time of one process.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from results import write_result
from scipy.spatial.transform import Rotation

from protdiff.dataset import read_chains
from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import write

COMMAND = [sys.executable, "-m", "protdiff.cli.app"]


def write_copies(folder, data, count, noise):
    """Training chains, none twice, of the lengths of random validation chains, with noise."""
    rng = np.random.default_rng(0)
    held_out = read_chains(data, "val", max_length=512)
    train = read_chains(data, "train", max_length=512, globular=False)
    lengths = np.array([len(chain.types) for chain in train]) + rng.random(len(train))
    for k in rng.permutation(len(held_out))[:count]:
        chosen = int(np.abs(lengths - len(held_out[k].types)).argmin())
        lengths[chosen] = np.inf
        real = train[chosen].backbone()
        coords = real.coords + noise * rng.normal(size=real.coords.shape)
        coords = coords @ Rotation.random(random_state=int(k)).as_matrix()
        write(Backbone.from_coords(coords, real.sequence), folder / f"{train[chosen].name}.pdb")


def write_real(folder, rest, data, count):
    """Random validation chains, and the others, which are held out in their place."""
    chains = read_chains(data, "val", max_length=512, globular=False)
    order = np.random.default_rng(0).permutation(len(chains))
    for place, part in ((folder, order[:count]), (rest, order[count:])):
        place.mkdir(parents=True, exist_ok=True)
        for k in part:
            write(chains[k].backbone(), place / f"{chains[k].name}.pdb")


def run(samples, data, held_out, out):
    """Numbers of one audit, wall and CPU seconds, and how many samples lead to their own chain."""
    start, before = time.perf_counter(), os.times()
    command = [*COMMAND, "audit", samples, "--train", data, "--held-out", held_out]
    command += ["--out", out]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    with (out / "audit.csv").open(newline="") as handle:
        named = [Path(r["sample"]).stem == r["nearest_train"] for r in csv.DictReader(handle)]
    return json.loads((out / "audit.json").read_text()), wall, cpu, sum(named)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--samples", type=Path, help="generated structures")
    parser.add_argument("--noise", type=float, nargs="*", default=[0.1, 0.5], help="Å")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/audit"))
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    sets = {}
    for noise in options.noise:
        sets[f"copies, noise of {noise:g} Å"] = folder = options.out / f"copies_{noise:g}"
        folder.mkdir(parents=True, exist_ok=True)
        write_copies(folder, options.data, options.count, noise)
    folder, rest = options.out / "real", options.out / "rest"
    sets["real chains"] = folder
    write_real(folder, rest, options.data, options.count)
    sets["generated"] = samples = options.samples or options.out / "generated"
    if options.samples is None:
        lengths = ["--length", "60-200", "--num", str(options.count), "--seed", "0"]
        subprocess.run([*COMMAND, "generate", *lengths, "--out", str(samples)], check=True)
    print(
        f"{'':24} {'n':>4} {'ratio':>7} {'p':>9} {'by TM':>7} {'p':>9} {'suspicious':>11} "
        f"{'p':>9} {'own chain':>10} {'wall s':>7} {'CPU s':>6}"
    )
    numbers = {"count": options.count, "sets": {}}
    for title, folder in sets.items():
        held_out = rest if title == "real chains" else options.data
        out = options.out / f"of_{folder.name}"
        numbers_of_set, wall, cpu, named = run(folder, options.data, held_out, out)
        rmsd, tm = numbers_of_set["rmsd"], numbers_of_set["tm"]
        print(
            f"{title:24} {numbers_of_set['samples']:4d} {rmsd['ratio']:7.3f} {rmsd['p']:9.1e} "
            f"{tm['ratio']:7.3f} {tm['p']:9.1e} {len(numbers_of_set['suspicious']):11d} "
            f"{numbers_of_set['suspicious_p']:9.1e} {named:10d} {wall:7.0f} {cpu:6.0f}",
            flush=True,
        )
        numbers["sets"][title] = {"ratio": rmsd["ratio"], "p": rmsd["p"], "cpu_seconds": cpu}
        print(f"  {numbers_of_set['verdict']}")
    write_result("audit", numbers | {"training_chains": numbers_of_set["train"]}, cores=1)
    print(f"{numbers_of_set['train']} training chains, {numbers_of_set['held_out']} held out")


if __name__ == "__main__":
    main()
