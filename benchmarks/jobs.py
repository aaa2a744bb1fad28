"""What more processes gain: `protdiff generate` with one and with several, in turn.

    python benchmarks/jobs.py [--jobs 2] [--num 64 256] [--length 100] [--repeats 3]

Every run is a whole command with its start. Wall seconds of both and their ratio, of every repeat;
the files must be equal byte for byte. The ratio for as many independent commands at once, each with
its share of the samples, is what the machine can gain. Memory is that of the largest process.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from results import write_result

#: Bytes of the unit of ru_maxrss in GB: it counts kilobytes on Linux, bytes on macOS.
UNIT = 1e9 if sys.platform == "darwin" else 1e6


def command(out: Path, options: argparse.Namespace, num: int, jobs: int) -> list[str]:
    return [
        sys.executable, "-m", "protdiff.cli.app", "generate", "--length", str(options.length),
        "--num", str(num), "--jobs", str(jobs), "--out", str(out),
    ]  # fmt: skip


def seconds_of(*commands: list[str]) -> float:
    """Wall seconds until the last of some commands, which begin at once, has ended."""
    began, quiet = time.perf_counter(), subprocess.DEVNULL
    running = [subprocess.Popen(words, stdout=quiet, stderr=quiet) for words in commands]
    if any([process.wait() for process in running]):
        raise SystemExit(f"failed: {' '.join(commands[0])}")
    return time.perf_counter() - began


def unequal(first: Path, second: Path) -> list[str]:
    """Structure files that differ, or are in one of the folders only."""
    names = sorted({path.name for folder in (first, second) for path in folder.glob("*.pdb")})
    _, different, missing = filecmp.cmpfiles(first, second, names, shallow=False)
    return different + missing


def measured(options: argparse.Namespace, num: int) -> dict[str, Any]:
    """Seconds of all ways to draw some samples, in turn, and their ratios."""
    one, several, apart = [], [], []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            first, second = Path(folder) / "one", Path(folder) / "several"
            one.append(seconds_of(command(first, options, num, 1)))
            several.append(seconds_of(command(second, options, num, options.jobs)))
            if different := unequal(first, second):
                raise SystemExit(f"{len(different)} files differ, {different[0]} among them")
            alone, share = [Path(folder) / str(k) for k in range(options.jobs)], num // options.jobs
            apart.append(seconds_of(*(command(out, options, share, 1) for out in alone)))
        print(
            f"{num} samples: one process {one[-1]:.1f} s, {options.jobs} {several[-1]:.1f} s, "
            f"{options.jobs} commands {apart[-1]:.1f} s",
            flush=True,
        )
    ratios = [a / b for a, b in zip(one, several, strict=True)]
    return {
        "samples": num,
        "seconds": {
            "one": statistics.median(one),
            "several": statistics.median(several),
            "commands": statistics.median(apart),
        },
        "ratio": {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)},
        "ratio_of_commands": statistics.median(a / b for a, b in zip(one, apart, strict=True)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--num", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--length", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if any(num % options.jobs for num in options.num):
        parser.error("--num: must be multiples of --jobs")
    numbers = {
        "residues": options.length,
        "jobs": options.jobs,
        "runs": [measured(options, num) for num in options.num],
        "memory_gb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / UNIT,
    }
    print(write_result("jobs", numbers, cores=os.cpu_count()))


if __name__ == "__main__":
    main()
