"""What generation costs: a cold start from the command line; seconds and memory by length.

    python benchmarks/cost.py [--lengths 64 128 256 512 1024] [--threads 2] [--repeats 5]

The cold start includes Python, imports and loading the weights. Every length has a process of its
own, so that its peak memory is its own; batches are those of `protdiff generate` (800 residues).
CPU seconds are what other jobs on the machine disturb least; wall seconds stand beside them. The
exponent of the growth is the slope of ln(CPU seconds) over ln(length) from 128 residues on. At last
as many processes as `--processes` says draw batches of eight chains of 100 residues at once. All of
it is done `--repeats` times; the result has the lowest and the highest of each number.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
from results import write_result

from protdiff.network.numerics import pick_device
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request
from protdiff.sampling.sample import sample
from protdiff.sampling.settings import DEFAULTS, SamplingSettings

UNIT = 1e9 if sys.platform == "darwin" else 1e6
#: Samples of one length at most, and residues that they are enough for.
MOST, ENOUGH = 8, 2000


def cold_start():
    """Seconds and peak memory (GB) of `protdiff generate --length 100 --num 4`."""
    options = ["--length", "100", "--num", "4"]
    command = [sys.executable, "-m", "protdiff.cli.app", "generate", *options]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([*command, "--out", folder], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / UNIT


def one_length(length, threads, device):
    """CPU and wall seconds per sample, and peak memory (GB) of this process."""
    torch.set_num_threads(threads)
    denoiser = load_weights(None, pick_device(device))
    most, enough = (MOST, ENOUGH) if device == "cpu" else (128, DEFAULTS.gpu_batch_residues)
    requests = [Request(i, length) for i in range(max(1, min(most, enough // length)))]
    sample(denoiser, requests[:1], SamplingSettings(steps=4))
    runs = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), sum(os.times()[:2])
        for _ in draw(denoiser, requests):
            pass
        runs.append(((sum(os.times()[:2]) - cpu), (time.perf_counter() - wall)))
    cpu, wall = (statistics.median(column) / len(requests) for column in zip(*runs, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT
    on_device = torch.cuda.max_memory_allocated() / 1e9 if device == "cuda" else None
    return cpu, wall, peak, on_device


def at_once(processes, command):
    """Wall seconds per sample of eight chains of 100 residues in each of some processes at once."""
    command = [*command, "--only", "100"]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    walls = [json.loads(process.communicate()[0].splitlines()[-1])[1] for process in running]
    return statistics.mean(walls) / processes


def measured(options):
    """Everything once, printed as it comes."""
    seconds, memory = cold_start()
    cold = {"seconds": seconds, "memory_gb": memory}
    print(f"cold start, 4 samples of 100 residues: {seconds:.1f} s, {memory:.2f} GB at most")
    print(f"{options.threads} threads, {options.device}, {DEFAULTS.steps} network calls per sample")
    print("| residues | CPU s per sample | wall s per sample | memory of the process, GB |")
    print("| --- | --- | --- | --- |")
    device = ["--threads", str(options.threads), "--device", options.device]
    this_script, rows = [sys.executable, __file__, *device], {}
    for length in options.lengths:
        command = [*this_script, "--only", str(length)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cpu, wall, peak, on_device = json.loads(out.splitlines()[-1])
        rows[length] = {"cpu_seconds": cpu, "wall_seconds": wall, "memory_gb": peak}
        if on_device:
            rows[length]["device_memory_gb"] = on_device
        device = f" ({on_device:.2f} on the device)" if on_device else ""
        print(f"| {length} | {cpu:.2f} | {wall:.2f} | {peak:.2f}{device} |", flush=True)
    both = at_once(options.processes, this_script)
    print(f"8 of 100 residues, {options.processes} processes: {both:.2f} s per sample", flush=True)
    numbers = {"cold_start": cold, "lengths": rows, "seconds_of_100_at_once": both}
    long = {n: row["cpu_seconds"] for n, row in rows.items() if n >= 128}
    if len(long) > 1:
        slope = np.polyfit(np.log(list(long)), np.log(list(long.values())), 1)[0]
        print(f"exponent of the growth from {min(long)} residues on: {slope:.2f}\n")
        numbers["growth_exponent"] = slope
    return numbers


def ranges(runs):
    """The lowest and highest of every number of several runs."""
    if isinstance(runs[0], dict):
        return {key: ranges([run[key] for run in runs]) for key in runs[0]}
    return {"low": min(runs), "high": max(runs)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="*", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5, help="runs, whose range is kept")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(one_length(options.only, options.threads, options.device)))
        return
    runs = [measured(options) for _ in range(options.repeats)]
    numbers = {
        "network_calls": DEFAULTS.steps,
        "threads": options.threads,
        "processes": options.processes,
        "runs": len(runs),
        **ranges(runs),
    }
    name = "cost" if options.device == "cpu" else "cost_gpu"
    write_result(name, numbers, device=options.device, cores=options.threads)


if __name__ == "__main__":
    main()
