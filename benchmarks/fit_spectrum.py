"""Fit the measured spectrum λ(k, N) on the training chains and write data/spectrum.json.

python benchmarks/fit_spectrum.py DATA_FOLDER
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import torch

from protdiff.flow import MeasuredSpectrum, cosine_modes
from protdiff.training.chains import load_chains


def mode_squares(chains):
    """Length and mean over x, y, z of X_n² for every chain."""
    for k, n in enumerate(chains.lengths):
        ca = torch.from_numpy(chains.crop(k)[0]).double()
        yield int(n), (cosine_modes(int(n)) @ ca)[1:].square().mean(-1)


def main():
    chains = load_chains(sys.argv[1], "train", max_length=512, cache=".cache")
    spectrum = asdict(MeasuredSpectrum.fit(mode_squares(chains)))
    for key in ("log_momenta", "log_lengths"):
        spectrum[key] = [round(v, 6) for v in spectrum[key]]
    spectrum["correction"] = [[round(v, 4) for v in row] for row in spectrum["correction"]]
    path = Path(__file__).parents[1] / "data" / "spectrum.json"
    path.write_text(json.dumps({**spectrum, "chains": len(chains), "digest": chains.digest}) + "\n")
    fitted = MeasuredSpectrum(
        *(tuple(map(tuple, v)) if isinstance(v[0], list) else tuple(v) for v in spectrum.values())
    )
    print("residual ratio measured/fit by band and length")
    for low, high in ((40, 80), (80, 160), (160, 256), (256, 513)):
        sums = torch.zeros(8, 2, dtype=torch.float64)
        for n, squares in mode_squares(chains):
            if low <= n < high:
                lam = fitted([n])[0, 1:]
                k = torch.arange(1, n) * torch.pi / n
                band = torch.bucketize(k, torch.tensor([0.06, 0.15, 0.3, 0.6, 1.0, 1.6, 2.0]))
                sums[:, 0].index_add_(0, band, squares / lam)
                sums[:, 1].index_add_(0, band, torch.ones_like(lam))
        print(low, high, (sums[:, 0] / sums[:, 1]).numpy().round(3))


if __name__ == "__main__":
    main()
