"""Fit what likelihood real chains of some length, helix and strand have, for the shipped weights.

    python benchmarks/build_likelihoods.py --data DATASET --out data/real_likelihoods.json

`protdiff score --likelihood elbo` puts the likelihood of a structure beside that of real chains
like it, since the likelihood alone ranks helix. Least squares over validation chains of at most 256
residues, with their sequence and without it. Ten minutes on one core.
"""

import argparse

import numpy as np
import torch

from protdiff._system.files import write_json
from protdiff.analysis import log_likelihood
from protdiff.analysis.relative_likelihood import features
from protdiff.dataset import read_chains
from protdiff.network.weights import file_digest, find_weights, load_weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--chains", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights = find_weights()
    denoiser = load_weights(weights)
    chains = read_chains(options.data, "val", max_length=256)
    chosen = np.random.default_rng(0).permutation(len(chains))[: options.chains].tolist()
    rows, values = [], {"with sequence": [], "without sequence": []}
    for number, k in enumerate(chosen):
        backbone = chains[k].backbone()
        rows.append(features(backbone))
        for name, sequence in (("with sequence", backbone.sequence), ("without sequence", None)):
            found = log_likelihood(denoiser, backbone, sequence=sequence, samples=1)
            values[name].append(found.value)
        print(number, *rows[-1][1:], *(v[-1] for v in values.values()), flush=True)
    result = {"weights_sha256": file_digest(weights), "resolution": round(found.resolution, 4)}
    write_json(options.out, result | {name: fit(rows, v) for name, v in values.items()})


def fit(rows, values):
    """Coefficients, what they explain, and the spread of what they leave."""
    x, y = np.array(rows), np.array(values)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    left = y - x @ coefficients
    return {
        "coefficients": [float(f"{c:.5g}") for c in coefficients],
        "chains": len(y),
        "explained": round(1 - float(left.var() / y.var()), 3),
        "spread": round(float(left.std(ddof=x.shape[1])), 4),
    }


if __name__ == "__main__":
    main()
