"""Speed of training: chains a second against length, batch and beads, and what limits it.

    python benchmarks/training.py --data DATASET [--seconds 10] [--compiled] [--device cpu]
                                  [--bf16]

Each row is one level: full chains of one length, or longer chains decimated to some beads. Times
are of forward, backward and optimiser, after two steps of warm-up; making the batch is timed apart.
The last line is the average over the flow: batches as training draws them.
"""

import argparse
import time

import numpy as np
import torch

from protdiff.network.numerics import flush_denormals
from protdiff.training import batches
from protdiff.training.config import TrainingConfig
from protdiff.training.dataset import load_chains
from protdiff.training.objective import batch_loss
from protdiff.weights import load_weights

ROWS = [("full", 64), ("full", 100), ("full", 200), ("16", 100), ("32", 100), ("64", 100)]


def measure(denoiser, chains, config, seconds, level=None, length=None):
    """Chains, steps, seconds of computing and of making batches."""
    optimiser = torch.optim.AdamW(denoiser.parameters(), lr=1e-6)
    draw, counts, spent = batches._draw_level, [], np.zeros(2)
    if level is not None:
        fixed = level if level == "full" else int(level)
        batches._draw_level = lambda *_: (fixed, length)
    try:
        step, began = 0, None
        while began is None or time.perf_counter() - began < seconds:
            start = time.perf_counter()
            batch = batches.make_batch(chains, denoiser.recipe, config, step)
            middle = time.perf_counter()
            loss, _ = batch_loss(denoiser, batch, config, step)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            if denoiser.device.type == "cuda":
                torch.cuda.synchronize()
            end = time.perf_counter()
            if step == 2:
                began = end
            if step > 2:
                counts.append(len(batch.lengths))
                spent += middle - start, end - middle
            step += 1
    finally:
        batches._draw_level = draw
    return sum(counts), len(counts), *spent


@flush_denormals()
def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--beads", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    denoiser = load_weights(device=options.device).requires_grad_(True).train()
    if options.bf16:
        denoiser.network.use_bf16()
    if options.compiled:
        denoiser.network.compile()
    chains = load_chains(options.data, "train", max_length=256)
    kind = f"{'bf16' if options.bf16 else 'float32'}, {'compiled' if options.compiled else 'eager'}"
    print(f"{options.device}, {options.threads} threads, {kind}")
    print("level  length  beads in batch  chains  chains/s  beads/s  data loading")
    for beads in options.beads:
        config = TrainingConfig(data=".", out=".", beads=beads, device=options.device)
        for level, length in [*ROWS, (None, None)]:
            subset = chains
            if level not in (None, "full"):
                near = np.abs(chains.lengths - length) <= 10
                subset = chains.take(np.flatnonzero(near))
            count, steps, data, work = measure(
                denoiser, subset, config, options.seconds, level, length
            )
            rate = count / (data + work)
            size = {None: 0, "full": length}.get(level, level)
            print(
                f"{level or 'flow':5}  {length or '':6}  {beads:14}  {count / steps:6.1f}"
                f"  {rate:8.1f}  {rate * int(size) or float('nan'):7.0f}"
                f"  {100 * data / (data + work):10.1f} %",
                flush=True,
            )


if __name__ == "__main__":
    main()
