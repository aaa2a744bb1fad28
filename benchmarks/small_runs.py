"""Small networks that benchmarks of flows train alike, and what is measured of their samples."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from protdiff.flow import SAMPLERS, sampling_times, to_coords, uniform_times
from protdiff.metrics.evaluation import evaluate
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import noise_source
from protdiff.sampling.settings import SamplingSettings
from protdiff.structure.backbone import Backbone
from protdiff.training.config import TrainingConfig

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "COLUMNS", "MAX_LENGTH", "MIN_LENGTH", "NETWORK", "SAMPLES", "backbones_of", "configuration",
    "measure",
]  # fmt: skip

NETWORK = {
    "scalars": 64, "vectors": 16, "layers": 4, "heads": 4, "hidden": 128, "products": 8,
    "embedding": 32,
}  # fmt: skip
SAMPLES, MIN_LENGTH, MAX_LENGTH = 64, 60, 100
#: Columns of `measure`, and their titles.
COLUMNS = {
    "bonds": "CA-CA within 0.1 Å of 3.80, %",
    "clashes": "CA pairs under 3.0 Å per 100 residues",
    "helix": "helix (P-SEA), %",
    "strand": "strand (P-SEA), %",
    "rg_ratio": "Rg / (2.2 N^0.38), median",
    "bands": "ln(mode variance / real), rms over bands",
    "frechet": "Fréchet distance to real chains",
}


def configuration(
    out: Path,
    data: Path,
    cache: Path,
    flow: str | dict[str, Any],
    run: tuple[int, int],
    network: dict[str, Any],
    **changes: Any,
) -> TrainingConfig:
    """Configuration of a run; `run`: its seed and its steps, `network`: changes of `NETWORK`."""
    seed, steps = run
    values: dict[str, Any] = dict(
        decay=0.5, learning_rate=1.5e-3, warmup=100, beads=768, max_length=256, sequence_share=0,
        structure_share=0, threads=1, checkpoint_minutes=2, validate_minutes=1000,
    )  # fmt: skip
    return TrainingConfig(
        data=data, out=out, cache=cache, flow=flow, steps=steps, seed=seed,
        network=NETWORK | network, **values | changes,
    )  # fmt: skip


def backbones_of(
    weights: Path, calls: int, settings: SamplingSettings, lengths: list[int]
) -> tuple[list[Backbone], float]:
    """Samples of a network, and seconds of processor time of each."""
    denoiser = load_weights(weights)
    requests = [Request(i, n) for i, n in enumerate(lengths)]
    drawn, began = [], time.process_time()
    for batch in draw(denoiser, requests, settings, seed=7, times=uniform_times(calls)):
        drawn += batch
    seconds = (time.process_time() - began) / len(drawn)
    return [item.backbone for item in drawn], seconds


def traces_of(
    weights: Path, calls: int, sampler: str, lengths: list[int]
) -> tuple[list[Backbone], float]:
    """CA traces of a network whose flow has no links, and seconds of processor time of each."""
    denoiser, drawn, began = load_weights(weights), [], time.process_time()
    for start in range(0, len(lengths), 16):
        part = lengths[start : start + 16]
        requests = [Request(start + k, n) for k, n in enumerate(part)]
        flow, denoise = denoiser.bind(part)
        noise = noise_source(requests, max(part), 7)
        with torch.inference_mode():
            clean = SAMPLERS[sampler](denoise, flow, sampling_times(flow, calls), noise)
        ca = to_coords(clean[:, : max(part)], part, flow.basis).numpy()
        for row, n in enumerate(part):
            coords = np.full((n, 4, 3), np.nan)
            coords[:, 1] = ca[row, :n]
            drawn.append(Backbone.from_coords(coords))
    return drawn, (time.process_time() - began) / len(drawn)


def measure(
    weights: Path, calls: int, sampler: str = "sde_2m", samples: int = SAMPLES, **options: Any
) -> dict[str, float]:
    """Columns of raw samples at temperature 1, seconds of each, and the floor of `frechet`.

    Flows without links draw CA traces, at the times of their own clock. The Fréchet distance is
    over the atoms that there are, so theirs is not to be compared with others.
    """
    lengths = np.linspace(MIN_LENGTH, MAX_LENGTH, samples).round().astype(int).tolist()
    if load_weights(weights).recipe.links:
        settings = SamplingSettings(
            sampler=sampler, temperature=1.0, batch_size=16, steps=calls, **options
        )
        backbones, seconds = backbones_of(weights, calls, settings, lengths)
    else:
        backbones, seconds = traces_of(weights, calls, sampler, lengths)
    numbers = evaluate(backbones, diversity=0).numbers
    columns = {key: value["mean"] for key, value in numbers["columns"].items()}
    logs = [band["log_ratio"] for band in numbers["modes"].values()]
    return {
        "calls": calls, "seconds": seconds,
        "bonds": 100 * columns["ca_bonds"], "clashes": columns["clashes_3.0"],
        "helix": 100 * columns["psea_helix"], "strand": 100 * columns["psea_strand"],
        "rg_ratio": numbers["columns"]["rg_ratio"]["median"],
        "bands": float(np.sqrt(np.mean(np.square(logs)))),
        "frechet": numbers["frechet"]["distance"], "floor": numbers["frechet"]["floor"],
    }  # fmt: skip
