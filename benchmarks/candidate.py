"""Samples of candidate weights beside those of the shipped ones: are they worth a publication?

    python benchmarks/candidate.py WEIGHTS --data DATASET [--coarse] [--seeds 20 21 22] [--num 200]

Draws chains of 60 to 200 residues with default settings by both, with the same seeds, and measures
them as `model.py` and `detail.py` do: mean and standard deviation over the seeds. With ``--coarse``
WEIGHTS are a network for decimated chains alone, and the shipped one takes the others, as in
`publish_weights.py --coarse`. Samples are kept in benchmarks/out/candidate, and used once more.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from detail import REAL, geometry, torsion_counts
from model import drawn, measured
from publish_weights import with_coarse
from sequence_engines import held_out

import protdiff
from protdiff.network.weights import file_digest, find_weights, load_weights, save_weights

if TYPE_CHECKING:
    import numpy as np

OUT = Path("benchmarks/out/candidate")


def numbers(weights: Path, seed: int, num: int, torsions: np.ndarray) -> dict[str, float]:
    """Every measure of the samples of one seed; `torsions`: counts of real chains."""
    folder = OUT / f"{file_digest(weights)[:12]}_{seed}_{num}"
    table: dict[str, Any] = measured(drawn(folder, "60-200", num, seed, weights=weights))
    samples = [protdiff.read(path) for path in sorted(folder.glob("*.pdb"))]
    pooled = {key: float(value) for key, value in table.items() if isinstance(value, (int, float))}
    modes = {f"ln variance, {band}": ratio for band, ratio in table["modes"].items()}
    return pooled | modes | geometry(samples, torsions)


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    sd = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.3f}{sd}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the data set")
    parser.add_argument("--coarse", action="store_true", help="a network of decimated chains alone")
    parser.add_argument("--seeds", type=int, nargs="+", default=[20, 21, 22])
    parser.add_argument("--num", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    shipped, candidate = find_weights(None).absolute(), options.weights.absolute()
    if options.coarse:
        both = with_coarse(load_weights(shipped), load_weights(candidate))
        candidate = (OUT / f"{file_digest(candidate)[:12]}.safetensors").absolute()
        save_weights(candidate, both)
    real = [chain for chain in held_out(options.data, 4 * REAL) if chain.mask.all()]
    torsions = torsion_counts(real[REAL:])
    tables = {
        name: [numbers(path, seed, options.num, torsions) for seed in options.seeds]
        for name, path in (("shipped", shipped), ("candidate", candidate))
    }
    print(f"| {len(options.seeds)} times {options.num} samples | shipped | candidate |")
    print("| --- | --- | --- |")
    for key in tables["shipped"][0]:
        columns = [spread([row[key] for row in tables[name]]) for name in tables]
        print(f"| {key} | {' | '.join(columns)} |")


if __name__ == "__main__":
    main()
