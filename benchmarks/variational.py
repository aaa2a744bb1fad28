"""Likelihood weights and debiased times against the default loss, on small networks alike.

    python benchmarks/variational.py train --data DATASET --steps 800     # resumable
    python benchmarks/variational.py report --data DATASET       # results/variational.json

The flow is DDPM's: there uniform times and times of density g²/σ² differ most. The same network,
data, number of steps and seed; only the weights of the loss and the times differ. Measured: the
evidence lower bound of validation chains in nats per degree of freedom, with a standard error over
chains, paired with the default's; and raw samples of 80 calls (arXiv 2106.02808).
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from results import write_result
from small_runs import configuration, measure

from protdiff.analysis import log_likelihood
from protdiff.dataset import read_chains
from protdiff.network.weights import load_weights
from protdiff.training.trainer import Trainer

OUT = Path(__file__).parent / "out" / "variational"
#: Name: changes of the configuration. The default draws times uniformly in the log-SNR.
RUNS = {
    "default": {},
    "likelihood": {"loss": "likelihood", "times": {"law": "debiased"}},
    "likelihood-uniform": {"loss": "likelihood", "times": {"law": "time"}},
}
CALLS = 80


def train(arguments: argparse.Namespace) -> None:
    cache = arguments.cache or OUT / "cache"
    for name in arguments.only or RUNS:
        config = configuration(
            OUT / name, arguments.data, cache, "ddpm", (0, arguments.steps), {"decimate": False},
            **RUNS[name],
        )  # fmt: skip
        print(name, flush=True)
        Trainer(config).fit()


def bounds(name: str, arguments: argparse.Namespace) -> np.ndarray:
    """Bound of every chain, nats per degree of freedom."""
    denoiser, chains = load_weights(OUT / name / "ema.safetensors"), []
    for chain in read_chains(arguments.data, "val"):
        if 60 <= len(chain.backbone()) <= 100:
            chains.append(chain.backbone())
        if len(chains) == arguments.chains:
            break
    found = (log_likelihood(denoiser, chain, steps=16, samples=2, seed=0) for chain in chains)
    return np.array([item.value for item in found])


def report(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    rows, reference = {}, None
    for name in RUNS:
        if not (OUT / name / "ema.safetensors").is_file():
            continue
        bound = bounds(name, arguments)
        reference = bound if reference is None else reference
        gain = bound - reference
        *_, last = csv.DictReader((OUT / name / "training.csv").open())
        rows[name] = {
            "bound": {"mean": bound.mean(), "error": bound.std(ddof=1) / len(bound) ** 0.5},
            "gain": {"mean": gain.mean(), "error": gain.std(ddof=1) / len(gain) ** 0.5},
            "steps": int(last["step"]), "training_seconds": float(last["seconds"]),
            "samples": measure(OUT / name / "ema.safetensors", CALLS, samples=arguments.samples),
        }  # fmt: skip
        print(name, rows[name], flush=True)
    numbers = {"chains": arguments.chains, "samples": arguments.samples, "runs": rows}
    write_result("variational", numbers, weights=None, cores=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("train")
    verb.add_argument("--data", type=Path, required=True)
    verb.add_argument("--steps", type=int, default=800)
    verb.add_argument("--only", nargs="*", choices=list(RUNS))
    verb.add_argument("--cache", type=Path)
    verb.set_defaults(call=train)
    verb = verbs.add_parser("report")
    verb.add_argument("--data", type=Path, required=True)
    verb.add_argument("--chains", type=int, default=24)
    verb.add_argument("--samples", type=int, default=64)
    verb.set_defaults(call=report)
    arguments = parser.parse_args()
    arguments.call(arguments)


if __name__ == "__main__":
    main()
