"""Build the numbers of real chains that ``protdiff evaluate`` compares designs with.

    python benchmarks/build_real.py --data DATASET --out data/real_chains.npz

Quality columns and descriptors (protdiff/metrics) of all globular validation chains and of as
many random training chains as make 2,000, of 40 to 512 residues. About half a minute.
"""

import argparse

import numpy as np

from protdiff.dataset import read_chains
from protdiff.metrics.descriptor import NAMES
from protdiff.metrics.population import describe, gather
from protdiff.metrics.quality import QUALITY

TOTAL = 2000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    chains = list(read_chains(options.data, "val", max_length=512))
    train = read_chains(options.data, "train", max_length=512)
    rng = np.random.default_rng(0)
    chains += [train[k] for k in rng.permutation(len(train))[: TOTAL - len(chains)]]
    real = gather([describe(chain.name, chain.backbone()) for chain in chains])
    np.savez_compressed(
        options.out,
        names=np.array(real.names),
        quality=np.array(list(QUALITY)),
        descriptor=np.array(NAMES),
        columns=real.columns.astype(np.float32),
        descriptors=real.descriptors.astype(np.float16),
    )
    print(f"{len(real)} chains, lengths {int(real.lengths.min())}-{int(real.lengths.max())}")


if __name__ == "__main__":
    main()
