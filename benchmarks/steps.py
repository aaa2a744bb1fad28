"""Few network calls: how far an estimate moves on the way, and quality by sampler and times.

    python benchmarks/steps.py [--calls 12 16 25] [--samples 48] [--length 100] [--seed 5]
    python benchmarks/steps.py --movement [--samples 8] [--length 100]

The first form draws raw samples with `matched` and with `sde_2m`, each at the `sampling_times` of
the flow and at equally spaced ones, and measures their files by `sample_quality.py`. The second
prints the movement of the CA estimate, and the share of all information that is gained, between
equally spaced times (docs/theory.md 3.5).
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import torch
from sample_quality import measure_folder

import protdiff
from protdiff.flow import SAMPLERS, sampling_times, uniform_times
from protdiff.flow.sampler_error import sampler_error
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import sample
from protdiff.sampling.settings import DEFAULTS, SamplingSettings

COLUMNS = {
    "step_ok": "bonds %", "clash_3.0": "clashes", "clash_3.6": "pairs < 3.6 Å",
    "rms_n_ca_c": "N-CA-C °", "rama_outlier": "outliers %", "psea_helix": "helix %",
    "psea_strand": "strand %", "dssp_strand": "DSSP strand %", "rg_median": "Rg ratio",
}  # fmt: skip
#: Noise below this, Å, counts as none in `movement`.
RESOLUTION = 0.3


def measure(denoiser, times, method, options):
    requests = [Request(i, options.length) for i in range(options.samples)]
    with tempfile.TemporaryDirectory() as folder:
        settings = SamplingSettings(sampler=method, temperature=options.temperature)
        for batch in draw(denoiser, requests, settings, seed=options.seed, times=times):
            for sample in batch:
                protdiff.write(sample.backbone, Path(folder) / f"{sample.request.index:04d}.pdb")
        return measure_folder(folder)[0]


def compare(denoiser, options):
    flow = denoiser.recipe([options.length])
    print(f"| sampler | times | calls | Gaussian error, nats | {' | '.join(COLUMNS.values())} |")
    print("| --- | --- |" + " --- |" * (2 + len(COLUMNS)))
    for calls in options.calls:
        grids = {"default": sampling_times(flow, calls), "even": uniform_times(calls)}
        for method in ("matched", "sde_2m"):
            for name, times in grids.items():
                error = float(sampler_error(SAMPLERS[method], flow, times).sum())
                row = measure(denoiser, times, method, options)
                cells = " | ".join(f"{row[key]:.2f}" for key in COLUMNS)
                print(f"| {method} | {name} | {calls} | {error:.2g} | {cells} |", flush=True)


def movement(denoiser, options, calls=100, rows=25):
    """RMS movement of the CA estimate, Å, and square root of the information, by time."""
    requests = [Request(i, options.length) for i in range(options.samples)]
    flow, seen = denoiser.recipe([options.length] * options.samples), []
    sample(
        denoiser, requests, SamplingSettings(temperature=options.temperature), seed=options.seed,
        times=uniform_times(calls), callback=lambda index, u, x, clean: seen.append((u, clean)),
    )  # fmt: skip
    size, steps = flow.mask.shape[1] // 2, []
    for (u, first), (s, second) in pairwise(seen):
        ratios = []
        for time in (u, s):
            k = flow.kernel(torch.full((options.samples,), time).double())
            ratios.append(k.alpha**2 / (k.sigma**2 + RESOLUTION**2))
        moved = (second - first).square().sum(-1)
        cost = ((ratios[1] - ratios[0]) * moved).clamp_min(0)
        trace = (moved[:, :size].sum(1) / options.length).mean().sqrt()
        steps.append((s, float(trace), float(cost.sum(1).mean().sqrt())))
    total = sum(cost for *_, cost in steps)
    print(f"times below | movement of CA in {calls // rows} steps, Å | share of the best times, %")
    for k in range(0, len(steps), calls // rows):
        part = steps[k : k + calls // rows]
        moved = sum(trace**2 for _, trace, _ in part) ** 0.5
        share = 100 * sum(cost for *_, cost in part) / total
        print(f"{seen[k][0]:.2f} | {moved:.2f} | {share:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--movement", action="store_true")
    parser.add_argument("--calls", type=int, nargs="+", default=[12, 16, 25])
    parser.add_argument("--samples", type=int, default=None)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--temperature", type=float, default=DEFAULTS.temperature)
    options = parser.parse_args()
    options.samples = options.samples or (8 if options.movement else 48)
    torch.set_num_threads(1)
    (movement if options.movement else compare)(load_weights(), options)


if __name__ == "__main__":
    main()
