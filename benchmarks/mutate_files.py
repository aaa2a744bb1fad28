"""Damaged structure files: is each read and scored, or refused with one clear line?

    python benchmarks/mutate_files.py FOLDER... [--count 2000] [--seed 0] [--jobs 2] [--list]

Every mutation (`mutations.py`) has a seed, so that it can be made once more: `--seed 17 --count 1`.
It changes a file of the folders, or of all folders in them: bytes, lines, columns, cells, blocks,
cuts, line ends, gzip. The file is read and its quality is measured in a process of its own with at
most 4 GiB of address space, for at most 10 seconds. Right outcomes are a structure, or a ValueError
of one line that begins with the name of the file. Prints what happened to how many, and the
failures; the exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutations import KINDS, judged, mutated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

LIMIT_SECONDS = 10
START_SECONDS = 60  # for the first file of a process, which imports the package
LIMIT_BYTES = 4 * 2**30
SUFFIXES = (".pdb", ".ent", ".cif", ".mmcif", ".bcif")


@dataclass(frozen=True)
class Outcome:
    """What became of one mutated file."""

    seed: int
    name: str
    kinds: str
    verdict: str  # "read", "refused", or what is wrong
    detail: str


def _worker(pipe: Connection, files: list[Path]) -> None:
    """Judge the mutations whose seeds come through a pipe, until None comes."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        while (seed := pipe.recv()) is not None:
            name, content, kinds = mutated(files, seed)
            path = Path(folder, name)
            path.write_bytes(content)
            verdict, detail = judged(path)
            path.unlink()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pipe.send((Outcome(seed, name, kinds, verdict, detail), peak))


class Worker:
    """A process that judges mutations, and is killed when one takes too long."""

    def __init__(self, files: list[Path]) -> None:
        context: Any = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_worker, args=(other, files), daemon=True)
        self.process.start()
        other.close()
        self.files, self.seed, self.deadline = files, 0, 0.0

    def begin(self, seed: int, seconds: float) -> None:
        self.seed, self.deadline = seed, time.monotonic() + seconds
        self.pipe.send(seed)

    def result(self) -> tuple[Outcome, float] | None:
        """Outcome and memory; None while there is none. Without one in time the process ends."""
        try:
            if self.pipe.poll():
                return self.pipe.recv()
            if time.monotonic() < self.deadline:
                return None
            verdict = f"over {LIMIT_SECONDS} s"
        except EOFError:
            verdict = "process ended"
        self.stop()
        name, _, kinds = mutated(self.files, self.seed)
        return Outcome(self.seed, name, kinds, verdict, ""), 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


def outcomes(files: list[Path], seeds: range, jobs: int) -> Iterator[tuple[Outcome, float]]:
    """Outcome of every mutation, and the peak memory of its process in MiB."""
    todo, workers = iter(seeds), [Worker(files) for _ in range(min(jobs, len(seeds)))]
    for worker in workers:
        worker.begin(next(todo), LIMIT_SECONDS + START_SECONDS)
    try:
        while workers:
            wait([worker.pipe for worker in workers], timeout=0.5)
            for worker in list(workers):
                result = worker.result()
                if result is None:
                    continue
                yield result
                workers.remove(worker)
                seed = next(todo, None)
                if seed is None or not worker.process.is_alive():
                    worker.stop()
                if seed is not None:
                    alive = worker.process.is_alive()
                    worker = worker if alive else Worker(files)
                    worker.begin(seed, LIMIT_SECONDS + (0 if alive else START_SECONDS))
                    workers.append(worker)
    finally:
        for worker in workers:
            worker.stop()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="of the first mutation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every outcome")
    options = parser.parse_args()
    found = {p for folder in options.folders for p in folder.rglob("*") if p.is_file()}
    files = sorted(p for p in found if p.name.lower().removesuffix(".gz").endswith(SUFFIXES))
    if not files:
        parser.error("no structure files in these folders")
    results, peak = [], 0.0
    seeds = range(options.seed, options.seed + options.count)
    for outcome, memory in outcomes(files, seeds, options.jobs):
        peak = max(peak, memory)
        results.append(outcome)
    results.sort(key=lambda outcome: outcome.seed)
    failures = [item for item in results if not item.verdict.startswith(("read", "refused"))]
    _print_table(results)
    limits = f"limits {LIMIT_BYTES >> 20} MiB of addresses, {LIMIT_SECONDS} s"
    print(f"\n{len(files)} files; peak memory of a process {peak:.0f} MiB; {limits}")
    for item in results if options.list else failures:
        what = f"{item.name} ({item.kinds}): {item.verdict}"
        print(f"seed {item.seed}: {what}: {item.detail[-300:]!r}")
    return 1 if failures else 0


def _print_table(results: list[Outcome]) -> None:
    """Number of outcomes by kind of mutation and verdict."""
    count = Counter((r.kinds if r.kinds in KINDS else "several", r.verdict) for r in results)
    columns = sorted({verdict for _, verdict in count})
    print(f"| mutation | {' | '.join(columns)} |")
    print("| --- |" + " ---: |" * len(columns))
    for kind in (*KINDS, "several"):
        print(f"| {kind} | {' | '.join(str(count[kind, name]) for name in columns)} |")
    print(f"| all | {' | '.join(str(sum(r.verdict == c for r in results)) for c in columns)} |")


if __name__ == "__main__":
    sys.exit(main())
