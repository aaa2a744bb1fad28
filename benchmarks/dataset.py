"""A data set of a million chains: building, opening, and the first training step.

    python benchmarks/dataset.py --data DATASET --out FOLDER [--chains 1000000]

DATASET is one of ``protdiff data build``; its chains of up to 64 residues are copied over and over.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from protdiff.dataset import read_chains
from protdiff.dataset.build import Reading, build_dataset
from protdiff.dataset.filters import Limits

FIRST_STEP = """
import time
began = time.perf_counter()
from protdiff.training.batches import make_batch
from protdiff.training.config import TrainingConfig
from protdiff.training.chains import load_chains
from protdiff.training.objective import batch_loss
from protdiff.network.weights import load_weights
opened = time.perf_counter()
chains = load_chains({data!r}, "train", max_length=64)
opened = time.perf_counter() - opened
config = TrainingConfig(data={data!r}, out=".", max_length=64)
denoiser = load_weights().requires_grad_(True)
batch_loss(denoiser, make_batch(chains, denoiser.recipe, config, 0), config, 0)[0].backward()
print(f"opened in {{opened:.2f}} s; first gradient after {{time.perf_counter() - began:.1f}} s")
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--chains", type=int, default=1_000_000)
    options = parser.parse_args()
    short = len(read_chains(options.data, max_length=64, globular=False))
    copies = -(-options.chains // short)
    began = time.perf_counter()
    summary = build_dataset(
        [str(options.data)] * copies, options.out / "million", limits=Limits(max_length=64),
        reading=Reading(identical=True),
    )  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{summary['chains']} chains built in {time.perf_counter() - began:.0f} s, {peak:.0f} MB")
    code = FIRST_STEP.format(data=str(options.out / "million"))
    subprocess.run([sys.executable, "-c", code], check=True)


if __name__ == "__main__":
    main()
