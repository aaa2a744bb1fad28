"""A table of 100,000 rows by two Dask workers, of which one is killed, beside two processes.

    python benchmarks/cluster.py [--rows 100000] [--residues 20]

Writes as many names of a few real fragments, and scores them with --jobs 2 and with --cluster, each
as a whole command. Some time after the second has begun, a worker gets SIGKILL. Both tables must
be equal byte for byte, with a row for every file.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import dask
from distributed import Client, LocalCluster
from results import write_result

from protdiff.structure.io.read_write import read, write

ROOT = Path(__file__).parents[1]
#: Different structures among the files.
DIFFERENT = 50


def write_models(folder: Path, rows: int, residues: int) -> None:
    """Fragments of a real chain, each under many names."""
    folder.mkdir()
    chain = read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")
    for number in range(rows):
        path = folder / f"{number:06d}.pdb"
        if number < DIFFERENT:
            start = number % (len(chain) - residues)
            write(chain[start : start + residues], path)
        else:
            os.link(folder / f"{number % DIFFERENT:06d}.pdb", path)


def seconds_of(folder: Path, *words: str) -> float:
    """Wall seconds of `protdiff score`, which reads ``models`` of a folder."""
    command = [sys.executable, "-m", "protdiff.cli.app", "score", "models", *words]
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--residues", type=int, default=20)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder / "models", options.rows, options.residues)
        processes = seconds_of(folder, "--out", "jobs.csv", "--jobs", "2")
        print(f"two processes {processes:.0f} s", flush=True)
        with (
            dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
            LocalCluster(
                n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
                silence_logs=50,
            ) as cluster,
            Client(cluster.scheduler_address) as client,
        ):  # fmt: skip
            killed = next(iter(client.run(os.getpid).values()))
            threading.Timer(processes / 3, os.kill, (killed, signal.SIGKILL)).start()
            workers = seconds_of(
                folder, "--out", "dask.csv", "--cluster", cluster.scheduler_address
            )
            others = killed not in client.run(os.getpid).values()
        print(f"two workers, one killed {workers:.0f} s", flush=True)
        if not others:
            raise SystemExit("the worker was to be killed, and was not")
        with (folder / "dask.csv").open(newline="") as handle:
            found = [Path(row["model"]).name for row in csv.DictReader(handle)]
        if found != [f"{number:06d}.pdb" for number in range(options.rows)]:
            raise SystemExit("rows are lost, come twice, or in another order")
        if (folder / "jobs.csv").read_bytes() != (folder / "dask.csv").read_bytes():
            raise SystemExit("the tables differ")
    numbers = {
        "rows": options.rows,
        "residues": options.residues,
        "seconds": {"processes": processes, "workers": workers},
        "rows_per_second": {
            "processes": options.rows / processes, "workers": options.rows / workers,
        },
        "load": os.getloadavg()[0],
    }  # fmt: skip
    print(write_result("cluster", numbers, weights=None, cores=os.cpu_count()))


if __name__ == "__main__":
    main()
