"""Quality of raw samples against network calls, with the default times and with fitted ones.

    python benchmarks/steps.py [--calls 12 16 25 50] [--samples 48] [--length 100]
                               [--spacing 1.0] [--temperature 0.8]

Fitted: `fit_schedule` for the chain's own flow and the default sampler (docs/theory.md 3.5), which
knows nothing of the network. Measured from the written files by `sample_quality.py`.
"""

import argparse
import tempfile
from pathlib import Path

from sample_quality import measure_folder

import protdiff
from protdiff.flow import fit_schedule, sde_2m, uniform_times
from protdiff.flow.error import sampler_error
from protdiff.generation import sample
from protdiff.request import Request, batches
from protdiff.temperature import DEFAULT_TEMPERATURE
from protdiff.weights import load_weights

COLUMNS = {
    "step_ok": "bonds %", "clash_3.0": "clashes", "ca_angle_out": "angles out %",
    "rms_n_ca_c": "N-CA-C °", "rama_outlier": "outliers %", "psea_helix": "helix %",
    "psea_strand": "strand %", "dssp_strand": "DSSP strand %", "rg_median": "Rg ratio",
}  # fmt: skip


def measure(denoiser, times, options):
    requests = [Request(i, options.length) for i in range(options.samples)]
    with tempfile.TemporaryDirectory() as folder:
        for batch in batches(requests):
            how = {"seed": options.seed, "temperature": options.temperature}
            for one in sample(denoiser, batch, times=times, **how):
                protdiff.write(one.backbone, Path(folder) / f"{one.request.index:04d}.pdb")
        return measure_folder(folder)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[12, 16, 25, 50])
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--spacing", type=float, default=1.0)
    parser.add_argument("--temperature", type=float, default=DEFAULT_TEMPERATURE)
    options = parser.parse_args()
    denoiser = load_weights()
    flow = denoiser.recipe([options.length])
    print(f"| times | calls | Gaussian error, nats | {' | '.join(COLUMNS.values())} |")
    print("| --- |" + " --- |" * (2 + len(COLUMNS)))
    for calls in options.calls:
        grids = {
            f"spaced {options.spacing:g}": uniform_times(calls) ** options.spacing,
            "fitted": fit_schedule(flow, calls, sde_2m, iterations=40),
        }
        for name, times in grids.items():
            error = float(sampler_error(sde_2m, flow, times).sum())
            found = measure(denoiser, times, options)
            values = " | ".join(f"{found[key]:.2f}" for key in COLUMNS)
            print(f"| {name} | {calls} | {error:.2g} | {values} |", flush=True)


main()
