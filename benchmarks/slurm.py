"""A real Slurm: what docs/howto/scale.md says, on a Slurm of this machine alone.

    python benchmarks/slurm.py [--num 320] [--long 480]

Needs the programs of Debian's `slurm-wlm` and `munge`. Three ways, of which each must give the
files of one run, byte for byte, and its manifest, the column `seconds` apart:

1. the job script of the page as 16 jobs in random order, of which three are cancelled while they
   run and submitted again, and `protdiff merge` as a job that waits for all;
2. `--cluster slurm.toml` with two jobs, of which one is cancelled while it runs;
3. the same with a walltime of one minute, which jobs reach (`--long` chains of 200 residues).

At the end no job must be left.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from results import ROOT, write_result
from slurm_machine import PATIENCE, asked, slurm_machine

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = ROOT / "docs" / "howto" / "scale.md"
#: Shards of the page's job script, and how many of them are cancelled.
SHARDS, CANCELLED = 16, 3
#: Seconds that a job has run when it is cancelled: it draws by then.
AT_WORK = 4.0
TABLE = '[slurm]\njobs = 2\ncores = 1\nmemory = "3GB"\nwalltime = "{}"\npartition = "short"\n'


def job_script(request: str) -> str:
    """The page's script with another request, and with what this machine has."""
    [script] = re.findall(r"```\n(#!/bin/bash\n.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    smaller = {
        "--length 60-120 --num 100000": request,
        "--cpus-per-task=4": "--cpus-per-task=1",
        "--mem=8G": "--mem=2G",
    }
    for wide, small in smaller.items():
        if wide not in script:
            raise SystemExit(f"{PAGE.name}: the job script has no {wide}")
        script = script.replace(wide, small)
    return script


def generate(folder: Path, request: str, *words: str) -> subprocess.Popen[bytes]:
    """`protdiff generate`, which has begun in a folder."""
    command = ["protdiff", "generate", *request.split(), *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)


def whole(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise SystemExit(f"failed: {process.args}")


def states(*words: str) -> list[str]:
    """States of jobs, such as R of one that runs and PD of one that waits."""
    return asked("squeue", "--noheader", "--format=%t", *words).split()


def wait_until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not after {patience:.0f} s")
        time.sleep(0.2)


def cancel_at_work(job: str) -> None:
    """Cancel a job some seconds after it has begun, before it ends."""
    wait_until(lambda: states("--jobs", job) == ["R"], f"job {job} runs")
    time.sleep(AT_WORK)
    if states("--jobs", job) != ["R"]:
        raise SystemExit(f"job {job} has ended before it is cancelled; give a larger --num")
    asked("scancel", job)


def rows(manifest: Path) -> list[dict[str, str]]:
    """Rows of a manifest without what may differ: seconds, and the command's own options."""
    with manifest.open(newline="") as handle:
        found = list(csv.DictReader(handle))
    return [{k: v for k, v in row.items() if k not in ("seconds", "command")} for row in found]


def check_same(folder: Path, other: Path) -> None:
    """Leave if two folders have other designs."""
    names = [sorted(p.name for p in each.glob("*.pdb")) for each in (folder, other)]
    different = [n for n in names[1] if (folder / n).read_bytes() != (other / n).read_bytes()]
    if names[0] != names[1] or different:
        raise SystemExit(f"{folder}: other files than in {other.name}: {different[:3]}")
    if rows(folder / "manifest.csv") != rows(other / "manifest.csv"):
        raise SystemExit(f"{folder}: another manifest than in {other.name}")


def as_array(folder: Path, request: str) -> None:
    """The job script, shard by shard in random order, and the merge when all have ended well."""
    (folder / "job.sh").write_text(job_script(request))

    def submit(shard: int) -> str:
        words = ("sbatch", "--parsable", f"--chdir={folder}", f"--array={shard}")
        return asked(*words, str(folder / "job.sh"))

    order = random.Random(16).sample(range(1, SHARDS + 1), SHARDS)
    jobs = {shard: submit(shard) for shard in order}
    for shard in order[:CANCELLED]:
        cancel_at_work(jobs[shard])
        jobs[shard] = submit(shard)
    after = f"--dependency=afterok:{':'.join(jobs.values())}"
    asked("sbatch", after, f"--chdir={folder}", "--wrap", "protdiff merge designs")
    wait_until(lambda: not states(), "the array ends", patience=600)


def by_cluster(folder: Path, request: str, walltime: str, cancel: bool) -> int:
    """One command whose workers are jobs; how many jobs reached their walltime."""
    (folder / "slurm.toml").write_text(TABLE.format(walltime))
    process = generate(folder, request, "--out", "designs", "--cluster", "slurm.toml")
    if cancel:
        designs = folder / "designs"
        wait_until(lambda: any(designs.glob("*.pdb")), "a design is there")
        asked("scancel", asked("squeue", "--noheader", "--states=R", "--format=%i").split()[0])
    whole(process)
    logs = folder.glob("slurm-*.out")
    return sum("DUE TO TIME LIMIT" in path.read_text() for path in logs)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--num", type=int, default=320)
    parser.add_argument("--long", type=int, default=480)
    options = parser.parse_args()
    short = f"--length 60-100 --num {options.num} --batch-size 2"
    long = f"--length 200 --num {options.long} --batch-size 4"
    with slurm_machine() as place:
        folders = {name: place / name for name in ("array", "cluster", "walltime")}
        for folder in folders.values():
            folder.mkdir()
        for name, request in {"short": short, "long": long}.items():
            whole(generate(place, request, "--out", name, "--jobs", "0"))
        as_array(folders["array"], short)
        check_same(folders["array"] / "designs", place / "short")
        print(f"{SHARDS} jobs, {CANCELLED} cancelled: the files of one run", flush=True)
        by_cluster(folders["cluster"], short, "00:20:00", cancel=True)
        check_same(folders["cluster"] / "designs", place / "short")
        print("--cluster, a job cancelled: the files of one run", flush=True)
        ended = by_cluster(folders["walltime"], long, "00:01:00", cancel=False)
        check_same(folders["walltime"] / "designs", place / "long")
        print(f"--cluster, {ended} jobs reached their walltime: the files of one run", flush=True)
        if not ended:
            raise SystemExit("no job reached its walltime; give a larger --long")
        wait_until(lambda: not states(), "no job is left")
        version = asked("sinfo", "--version").split()[-1]
    numbers = {
        "slurm": version,
        "short": options.num,
        "long": options.long,
        "shards": SHARDS,
        "cancelled": {"shards": CANCELLED, "cluster": 1},
        "reached_walltime": ended,
    }
    print(write_result("slurm", numbers, weights=None))


if __name__ == "__main__":
    main()
