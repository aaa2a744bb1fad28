"""What generation costs: a cold start from the command line, and seconds per sample by length.

    python benchmarks/cost.py

The cold start includes Python, imports and loading the weights; peak memory is that of the whole
process. Times per sample are the median of three warm batches of 8, in one process.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time

import torch

from protdiff.generation import DEFAULT_STEPS, sample
from protdiff.request import Request
from protdiff.weights import load_weights


def cold_start():
    """Seconds and peak memory (GB) of `protdiff generate --length 100 --num 4`."""
    options = ["--length", "100", "--num", "4"]
    command = [sys.executable, "-m", "protdiff.cli.app", "generate", *options]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([*command, "--out", folder], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return seconds, peak / (1e9 if sys.platform == "darwin" else 1e6)


def main():
    print(f"{torch.get_num_threads()} threads, {DEFAULT_STEPS} network calls per sample")
    seconds, memory = cold_start()
    print(f"cold start, 4 samples of 100 residues: {seconds:.1f} s, {memory:.2f} GB at most")
    denoiser = load_weights()
    base = None
    for length in (64, 100, 128, 256):
        requests = [Request(i, length) for i in range(8)]
        sample(denoiser, requests[:1], steps=4)
        runs = [sum(s.seconds for s in sample(denoiser, requests)) / 8 for _ in range(3)]
        median = statistics.median(runs)
        base = median if length == 128 else base
        ratio = f"  {median / base:.1f} x 128 residues" if base and length > 128 else ""
        print(f"{length:4d} residues: {median:.2f} s per sample, batch of 8{ratio}", flush=True)


main()
