"""Make the results of earlier weights another time: the one command after a publication.

    python benchmarks/remake.py --data DATASET [--only NAME ...] [--list] [--jobs N]

Every result file names its command and the checksum of the weights that it measured. Where that is
not the checksum of the shipped weights, the command runs. Stop it at any time: what is done is not
done a second time. With ``--jobs`` several commands run at a time, one thread each; those that
measure time come after them, one by one. At the end come what is fitted to the weights
(data/real_likelihoods.json), the card, the pictures and the tables. What cannot run here, such as a
command for a GPU, is said, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from results import OUT, RESULTS, ROOT, is_stale, weights_identity

if TYPE_CHECKING:
    from collections.abc import Iterable

PICTURES = "docs/pictures"
#: The samples that some commands measure, and the command that draws them.
SAMPLES, DRAW_SAMPLES = "benchmarks/out/samples", "make samples"
#: What is made of the weights and is no result file: at the end, when all results are there.
AFTERWARDS = (
    "python benchmarks/build_likelihoods.py --data DATASET --out data/real_likelihoods.json",
    "python benchmarks/replica_gap.py --chains 100 --data DATASET --card",
    f"python benchmarks/model.py --data DATASET --only quality --failures {PICTURES}/failures.png",
    f"python benchmarks/model.py --data DATASET --only calls even --calls {PICTURES}/calls.png",
    "python benchmarks/model_pictures.py",
    "python benchmarks/combinations.py",
    "python benchmarks/fill_tables.py fill",
)
#: Scripts whose results are times: nothing else runs beside them.
TIMED = ("archive", "cost", "finetune_goals", "jobs", "string_blueprints", "training")


@dataclass(frozen=True)
class Stale:
    """A result of earlier weights: its name, its command, and when it was made."""

    name: str
    command: str
    date: str


def stale_results(folder: Path, identity: dict[str, str]) -> list[Stale]:
    """Results in a folder of weights of this name, or drawn by them, with another checksum."""
    found = []
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        if is_stale(result, identity):
            found.append(Stale(path.stem, result["command"], result["date"]))
    return found


def runnable(command: str, data: Path, scratch: Path) -> list[str]:
    """Words of a stored command, with this machine's Python, data and folder for output."""
    words = [
        word.replace("DATASET", str(data)).replace("FOLDER", str(scratch))
        for word in shlex.split(command)
    ]
    return [sys.executable, *words[1:]] if words[0] == "python" else words


def reason_against(command: str, gpu: bool) -> str | None:
    """Why a command cannot run here, or None."""
    if "cuda" in command and not gpu:
        return "needs a GPU"
    program = command.split()[0]
    if program not in ("python", "make") or "(" in command:
        return "was made by hand"
    return None


def forget_other_weights(folder: Path, digest: str) -> None:
    """Remove samples and caches of other weights: benchmarks continue what they find."""
    mark = folder / "weights.sha256"
    if not mark.is_file() or mark.read_text() != digest:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        mark.write_text(digest)


def is_timed(command: str) -> bool:
    """Whether a command measures time."""
    return any(f"benchmarks/{name}.py" in command for name in TIMED)


def run_one(name: str, command: str, data: Path, threads: int | None = None) -> bool:
    """Run a command; whether it failed."""
    scratch = Path(tempfile.mkdtemp(prefix="protdiff-remake-"))
    began = time.monotonic()
    print(f"{name}: {command}", flush=True)
    limits = {} if threads is None else {"OMP_NUM_THREADS": str(threads)}
    code = subprocess.run(
        runnable(command, data, scratch), cwd=ROOT, env=os.environ | limits
    ).returncode
    shutil.rmtree(scratch, ignore_errors=True)
    print(f"{name}: exit {code}, {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    return code != 0


def run_all(commands: Iterable[tuple[str, str]], data: Path, jobs: int = 1) -> list[str]:
    """Run commands by name, so many at a time; returns the names of those that failed."""
    commands = list(commands)
    beside = [one for one in commands if jobs > 1 and not is_timed(one[1])]
    alone = [one for one in commands if one not in beside]
    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(lambda one: run_one(*one, data, threads=1), beside))
    outcomes += [run_one(*one, data) for one in alone]
    return [name for (name, _), failed in zip([*beside, *alone], outcomes, strict=True) if failed]


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the data set")
    parser.add_argument("--only", nargs="+", default=[], help="these results alone, in this order")
    parser.add_argument("--jobs", type=int, default=1, help="commands at a time")
    parser.add_argument("--list", action="store_true", help="say what is stale, and run nothing")
    options = parser.parse_args()
    stale = stale_results(RESULTS, weights_identity())
    if options.only:
        chosen = [one for one in stale if one.name in options.only]
        stale = sorted(chosen, key=lambda one: options.only.index(one.name))
    left = {
        one.name: why
        for one in stale
        if (why := reason_against(one.command, torch.cuda.is_available()))
    }
    for one in stale:
        print(f"{one.date}  {one.name:22} {left.get(one.name, '') or one.command}")
    if options.list:
        return
    forget_other_weights(OUT, weights_identity()["sha256"])
    # A script that writes several results runs once.
    names = {one.command: one.name for one in stale if one.name not in left}
    commands = [(name, command) for command, name in names.items()]
    failed = []
    if any(SAMPLES in command for _, command in commands):
        failed += run_all([(DRAW_SAMPLES, DRAW_SAMPLES)], options.data)
    failed += run_all(commands, options.data, options.jobs)
    # A script that ends well and writes nothing has remade nothing.
    unchanged = {one.name for one in stale_results(RESULTS, weights_identity())} & set(
        names.values()
    )
    failed += sorted(unchanged - set(failed))
    if not options.only:
        failed += run_all([(command, command) for command in AFTERWARDS], options.data)
    if failed or left:
        raise SystemExit(f"of other weights still: {', '.join([*left, *failed])}")


if __name__ == "__main__":
    main()
