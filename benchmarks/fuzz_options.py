"""Mutated command lines: does each work, or end with one clear line, in bounded memory and time?

    python benchmarks/fuzz_options.py [VERB...] [--count 200] [--seed 0] [--jobs 2] [--list]

Verbs are those of the program, such as `generate` or "data build"; all of them by default, with
all their options, which are taken from the program itself (`command_lines.py`, with the values of
`hostile_values.py`). Every line has a seed, so that it can be made once more: `score --seed 17
--count 1 --list`. It runs in a folder of its own, in a process with at most 4 GiB of addresses that
can write nowhere else, has no network and starts no program. A line that demands much work, by a
large number, is interrupted after some seconds, and has to end then; others have ten seconds of the
processor. Right outcomes are the exit codes 0, 1 and 2, no traceback, at 2 one line that says what
is wrong, and no new file; and at no time files beside the output that was named, changed input,
or temporary files. Prints the outcomes by verb, and the failures; the exit code is 1 if there are
any. Needs Linux.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from command_lines import command_line, demands_work, verbs
from fuzz_files import (
    LIMIT_BYTES,
    LIMIT_SECONDS,
    PATIENCE,
    Outcome,
    print_table,
    processor_seconds,
)
from hostile_values import make_files
from line_process import run_line
from outcome_of_line import Ended, snapshot, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTERRUPT_SECONDS = 2  # of a line that demands much work
#: What commands import when they need it; imported once, before processes are made. The compiler,
#: which torch's optimisers import, makes a folder for itself.
HEAVY = (
    "torch", "torch._dynamo", "e3nn.o3", "matplotlib.pyplot", "rich.progress", "rich.table",
    "rich.live",
    "scipy.stats", "scipy.optimize", "scipy.special", "scipy.spatial.distance", "filelock",
    "pydantic.type_adapter", "typer._adapters", "typer._click.decorators",
    "biotite.structure.io.pdb", "biotite.structure.io.pdbx", "safetensors.torch", "mdtraj",
)  # fmt: skip


@dataclass
class Running:
    """A line that runs."""

    verb: str
    seed: int
    words: list[str]
    folder: Path
    before: dict[str, tuple[int, ...]]
    pid: int
    began: float
    interrupted: float = float("nan")  # seconds of the processor before it

    def past(self) -> Ended | None:
        """How it ended; None while it runs. It is interrupted, and killed, when it is time."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        waited = time.monotonic() - self.began
        if pid:
            seconds = usage.ru_utime + usage.ru_stime
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)  # what it has left running
            code = os.waitstatus_to_exitcode(status)
            was_interrupted = self.interrupted == self.interrupted
            late = was_interrupted and not demands_work(self.words)
            return Ended(code, seconds, usage.ru_maxrss / 1024, was_interrupted, late)
        used = processor_seconds(self.pid)
        limit = INTERRUPT_SECONDS if demands_work(self.words) else LIMIT_SECONDS
        if self.interrupted != self.interrupted:
            if used > limit or waited > PATIENCE * limit:
                self.interrupted = used
                os.kill(self.pid, signal.SIGINT)
        elif used > self.interrupted + LIMIT_SECONDS or waited > 2 * PATIENCE * LIMIT_SECONDS:
            os.killpg(self.pid, signal.SIGKILL)
        return None


@contextmanager
def bench() -> Iterator[Path]:
    """A folder with the files that lines name, below `files`, and everything imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.path.realpath(name))
        os.environ |= {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(folder / "matplotlib")}
        import typer

        import protdiff
        from protdiff.cli.app import app

        for module in pkgutil.walk_packages(protdiff.__path__, "protdiff."):
            importlib.import_module(module.name)
        for heavy in HEAVY:
            with suppress(ImportError):
                importlib.import_module(heavy)
        command = typer.main.get_command(app)
        typer.main.get_command = lambda _: command  # which is much of the time of a line
        (folder / "files").mkdir()
        make_files(folder / "files")
        gc.freeze()  # so that processes share the memory of what is imported
        yield folder


def begin(folder: Path, verb: str, seed: int) -> Running:
    """Begin to run the line of a verb and seed in a folder of its own."""
    scratch = folder / f"{verb.replace(' ', '-')}-{seed}"
    shutil.copytree(folder / "files", scratch / "here", symlinks=True)
    (scratch / "tmp").mkdir()
    words = [word.replace("{here}", str(scratch / "here")) for word in command_line(verb, seed)]
    before = snapshot(scratch)
    began = time.monotonic()
    if (pid := os.fork()) == 0:
        run_line(words, scratch)
    return Running(verb, seed, words, scratch, before, pid, began)


def outcomes(
    folder: Path, tasks: Sequence[tuple[str, int]], jobs: int
) -> Iterator[tuple[Outcome, Ended]]:
    """Outcome of every line, and its exit code, seconds and memory."""
    todo, running = iter(tasks), list[Running]()
    try:
        while True:
            while len(running) < jobs and (task := next(todo, None)) is not None:
                running.append(begin(folder, *task))
            if not running:
                return
            for line in list(running):
                if (ended := line.past()) is None:
                    continue
                running.remove(line)
                what, detail = verdict(line.words, line.folder, line.before, ended)
                how = repr([word[:80] for word in line.words])
                shutil.rmtree(line.folder, ignore_errors=True)
                yield Outcome(line.verb, line.seed, "", how, what, detail), ended
            time.sleep(0.005)
    finally:
        for line in running:
            with suppress(ProcessLookupError):
                os.killpg(line.pid, signal.SIGKILL)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("verbs", nargs="*", help=", ".join(verbs()))
    parser.add_argument("--count", type=int, default=200, help="of each verb")
    parser.add_argument("--seed", type=int, default=0, help="of the first line")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every outcome")
    options = parser.parse_args()
    chosen = options.verbs or list(verbs())
    if unknown := set(chosen) - set(verbs()):
        parser.error(f"{unknown.pop()}: choose among {', '.join(verbs())}")
    seeds = range(options.seed, options.seed + options.count)
    results, ends = list[Outcome](), list[Ended]()
    with bench() as folder:
        for outcome, ended in outcomes(
            folder, [(v, s) for s in seeds for v in chosen], options.jobs
        ):
            results.append(outcome)
            ends.append(ended)
            if options.list or not outcome.verdict.startswith("exit"):
                what = f"{outcome.kind} --seed {outcome.seed}: {outcome.how}: {outcome.verdict}"
                print(f"{what}: {outcome.detail[-700:]!r} ({ended.seconds:.1f} s)", flush=True)
    print_table(chosen, results)
    codes = Counter(ended.code for ended in ends)
    print(f"\n{len(results)} lines; exit codes {dict(sorted(codes.items()))}")
    whole = [ended for ended in ends if not ended.interrupted] or ends
    print(
        f"longest {max(ended.seconds for ended in whole):.1f} s of all its processes, limit "
        f"{LIMIT_SECONDS} s of the first; {sum(ended.interrupted for ended in ends)} lines of much "
        f"work interrupted; peak memory {max(ended.memory for ended in ends):.0f} MiB, limit "
        f"{LIMIT_BYTES >> 20} MiB of addresses"
    )
    return int(any(not item.verdict.startswith("exit") for item in results))


if __name__ == "__main__":
    sys.exit(main())
