"""Damaged files: is each read, or refused with one clear line, in bounded memory and time?

    python benchmarks/fuzz_files.py [KIND...] [--count 2000] [--seed 0] [--jobs 2] [--list]

Kinds are structures, data-sets, archives, weights, toml, csv, tar and parquet; all of them by
default. The right files that are damaged are made of data/examples; `--folder` adds structure
files. Every mutation has a seed, so that it can be made once more: `weights --seed 17 --count 1`.
It changes bytes, lines, columns, cells, blocks, cuts and line ends (`mutations.py`), or values of
JSON, arrays, archives, weights and BinaryCIF (`fuzz_values.py`). What the verbs do with a file
(`fuzz_cases.py`) is done in a process with at most 4 GiB of address space, for at most 10 seconds
of its processor.
Right outcomes are a value, or a ValueError or OSError of one line that names the file. Prints what
happened to how many, and the failures; the exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz_cases import KINDS, judged
from fuzz_values import damaged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

LIMIT_SECONDS = 10
START_SECONDS = 60  # for the first file of a process, which imports the package
PATIENCE = 12  # times the limit, for what uses no time of the processor
LIMIT_BYTES = 4 * 2**30


@dataclass(frozen=True)
class Outcome:
    """What became of one damaged file."""

    kind: str
    seed: int
    name: str
    how: str
    verdict: str  # "read", "refused", or what is wrong
    detail: str


class Bench:
    """Right files of every kind in a folder, made when they are first needed."""

    def __init__(self, folder: Path, extra: Sequence[Path] = ()) -> None:
        self.folder, self.extra, self.files = folder, extra, dict[str, list[Path]]()

    def of_kind(self, name: str) -> list[Path]:
        """The files of a kind that may be damaged."""
        if name not in self.files:
            folder, kind = self.folder / name, KINDS[name]
            folder.mkdir()
            kind.make(folder)
            if name == "structures":
                for path in self.extra:
                    (folder / path.name).write_bytes(path.read_bytes())
            found = {path for pattern in kind.files for path in folder.glob(pattern)}
            self.files[name] = sorted(path for path in found if path.is_file())
        return self.files[name]

    def outcome(self, name: str, seed: int) -> Outcome:
        """Damage one file as its seed says, judge it, and make it right."""
        rng = random.Random(f"{name} {seed}")
        file = rng.choice(self.of_kind(name))
        right = file.read_bytes()
        content, how = damaged(file.name, right, rng)
        file.write_bytes(content)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                verdict, detail = judged(KINDS[name], self.folder / name, file)
        finally:
            file.write_bytes(right)
        return Outcome(name, seed, file.name, how, verdict, detail)


def processor_seconds(pid: int | None) -> float:
    """Time that a process has had; on a busy machine much less than has gone by."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # another system, or the process has ended
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _worker(pipe: Connection, extra: list[Path]) -> None:
    """Judge the mutations whose kinds and seeds come through a pipe, until None comes."""
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), extra)
        while (task := pipe.recv()) is not None:
            outcome = bench.outcome(*task)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pipe.send((outcome, peak))


class Worker:
    """A process that judges mutations, and is killed when one takes too long."""

    def __init__(self, extra: list[Path]) -> None:
        context: Any = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_worker, args=(other, extra), daemon=True)
        self.process.start()
        other.close()
        self.task, self.kinds = ("", 0), set[str]()
        self.seconds, self.began, self.used = 0, 0.0, 0.0

    def begin(self, task: tuple[str, int]) -> None:
        """Send a mutation; the first of its kind may take longer, for right files are made."""
        self.task = task
        self.seconds = LIMIT_SECONDS + START_SECONDS * (task[0] not in self.kinds)
        self.kinds.add(task[0])
        self.began, self.used = time.monotonic(), processor_seconds(self.process.pid)
        self.pipe.send(task)

    def late(self) -> bool:
        """Whether the time for a mutation is over; one that waits for something ends, too."""
        waited = time.monotonic() - self.began
        used = processor_seconds(self.process.pid) - self.used
        return waited > self.seconds and (used > self.seconds or waited > PATIENCE * self.seconds)

    def result(self) -> tuple[Outcome, float] | None:
        """Outcome and memory; None while there is none. Without one in time the process ends."""
        try:
            if self.pipe.poll():
                return self.pipe.recv()
            if not self.late():
                return None
            verdict = f"over {LIMIT_SECONDS} s"
        except EOFError:
            verdict = "process ended"
        self.stop()
        return Outcome(*self.task, "", "", verdict, ""), 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


def outcomes(
    tasks: Sequence[tuple[str, int]], jobs: int, extra: list[Path]
) -> Iterator[tuple[Outcome, float]]:
    """Outcome of every mutation, and the peak memory of its process in MiB."""
    todo, workers = iter(tasks), [Worker(extra) for _ in range(min(jobs, len(tasks)))]
    for worker in workers:
        worker.begin(next(todo))
    try:
        while workers:
            wait([worker.pipe for worker in workers], timeout=0.5)
            for worker in list(workers):
                result = worker.result()
                if result is None:
                    continue
                yield result
                workers.remove(worker)
                task = next(todo, None)
                alive = worker.process.is_alive()
                if task is None or not alive:
                    worker.stop()
                if task is not None:
                    worker = worker if alive else Worker(extra)
                    worker.begin(task)
                    workers.append(worker)
    finally:
        for worker in workers:
            worker.stop()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help=", ".join(KINDS))
    parser.add_argument("--count", type=int, default=2000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first mutation")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="structure files to damage, too")
    parser.add_argument("--list", action="store_true", help="print every outcome")
    options = parser.parse_args()
    kinds = options.kinds or list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        parser.error(f"{unknown.pop()}: choose among {', '.join(KINDS)}")
    extra = sorted(p for p in options.folder.iterdir() if p.is_file()) if options.folder else []
    seeds = range(options.seed, options.seed + options.count)
    results, peak = [], 0.0
    for outcome, memory in outcomes(
        [(k, seed) for k in kinds for seed in seeds], options.jobs, extra
    ):
        peak = max(peak, memory)
        results.append(outcome)
        if options.list or not outcome.verdict.startswith(("read", "refused")):
            what = f"{outcome.name} ({outcome.how}): {outcome.verdict}"
            print(
                f"{outcome.kind} --seed {outcome.seed}: {what}: {outcome.detail[-300:]!r}",
                flush=True,
            )
    print_table(kinds, results)
    limits = f"limits {LIMIT_BYTES >> 20} MiB of addresses, {LIMIT_SECONDS} s"
    print(f"\npeak memory of a process {peak:.0f} MiB; {limits}")
    return int(any(not item.verdict.startswith(("read", "refused")) for item in results))


def print_table(kinds: Sequence[str], results: Sequence[Outcome]) -> None:
    """Number of outcomes by kind of file and verdict."""
    count = Counter((result.kind, result.verdict) for result in results)
    columns = sorted({verdict for _, verdict in count})
    print(f"| kind | {' | '.join(columns)} |")
    print("| --- |" + " ---: |" * len(columns))
    for kind in kinds:
        print(f"| {kind} | {' | '.join(str(count[kind, name]) for name in columns)} |")


if __name__ == "__main__":
    sys.exit(main())
