"""What the flow costs beside the network: transforms, coefficients, chains of mixed lengths.

    python benchmarks/transforms.py

Best of 15, in one process, beside SciPy's DCT of the same array.
"""

import time

import numpy as np
import scipy.fft
import torch

from protdiff.flow import gaussian_oracle, sde_2m, to_coords, to_modes, uniform_times
from protdiff.flow.zoo import recipe
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request
from protdiff.sampling.settings import SamplingSettings

CHAINS, LENGTH = 64, 256


def milliseconds(work, repeats=15):
    work()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1e3 * min(seconds)


def there_and_back(lengths):
    size = max(lengths)
    coords = torch.randn(len(lengths), size, 3, dtype=torch.float64)
    for row, n in enumerate(lengths):
        coords[row, n:] = 0

    def work():
        to_coords(to_modes(coords, lengths), lengths)

    return milliseconds(work)


def flow_step(lengths):
    """One step of the sampler with the exact denoiser of the Gaussian chain."""
    flow = recipe("rg")(lengths)
    noise = torch.randn(*flow.mask.shape, 3, dtype=torch.float64)
    times = uniform_times(3)
    return milliseconds(lambda: sde_2m(gaussian_oracle(flow), flow, times, lambda: noise)) / 3


def generation(lengths, steps=10):
    """Seconds for one sample of each length, in the batches of `protdiff generate`."""
    denoiser = load_weights()
    requests = [Request(i, n) for i, n in enumerate(lengths)]
    began = time.perf_counter()
    for _ in draw(denoiser, requests, SamplingSettings(steps=steps)):
        pass
    return time.perf_counter() - began


def main():
    print(f"{torch.get_num_threads()} threads, float64")
    equal = [LENGTH] * CHAINS
    mixed = np.linspace(LENGTH // 2, 3 * LENGTH // 2, CHAINS).round().astype(int).tolist()
    coords = np.random.default_rng(0).normal(size=(CHAINS, LENGTH, 3))
    peer = milliseconds(
        lambda: scipy.fft.idct(scipy.fft.dct(coords, axis=1, norm="ortho"), axis=1, norm="ortho")
    )
    print(f"forward and inverse transform of {CHAINS} chains of {LENGTH} residues:")
    print(f"  equal lengths {there_and_back(equal):6.2f} ms (scipy.fft: {peer:.2f} ms)")
    print(f"  {mixed[0]}-{mixed[-1]} residues {there_and_back(mixed):6.2f} ms")
    print(
        f"a step of the sampler: {flow_step(equal):.2f} ms equal, {flow_step(mixed):.2f} ms mixed"
    )
    few = [100] * 32
    spread = np.linspace(60, 140, 32).round().astype(int).tolist()
    generation(few[:8])
    equal_before, mixed, equal_after = generation(few), generation(spread), generation(few)
    ratio = mixed / ((equal_before + equal_after) / 2)
    print(f"generation of 32 chains, 60-140 residues over 32 of 100: {ratio:.2f}")


if __name__ == "__main__":
    main()
