"""Make the results of earlier weights another time: the one command after a publication.

    python benchmarks/remake.py --data DATASET [--only NAME ...] [--list]

Every result file names its command and the checksum of the weights that it measured. Where that is
not the checksum of the shipped weights, the command runs. Stop it at any time: what is done is not
done a second time. At the end come what is fitted to the weights (data/real_likelihoods.json), the
card, the pictures and the tables. What cannot run here, such as a command for a GPU, is said, and
the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from results import OUT, RESULTS, ROOT, weights_identity

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What is made of the weights and is no result file: at the end, when all results are there.
AFTERWARDS = (
    "python benchmarks/build_likelihoods.py --data DATASET --out data/real_likelihoods.json",
    "python benchmarks/replica_gap.py --chains 100 --data DATASET --card",
    "python benchmarks/model_pictures.py",
    "python benchmarks/combinations.py",
    "python benchmarks/fill_tables.py fill",
)


@dataclass(frozen=True)
class Stale:
    """A result of earlier weights: its name, its command, and when it was made."""

    name: str
    command: str
    date: str


def stale_results(folder: Path, identity: dict[str, str]) -> list[Stale]:
    """Results in a folder that were measured for weights of this name with another checksum."""
    found = []
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        measured = result["weights"]
        if measured and measured["name"] == identity["name"] and measured != identity:
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


def run_all(commands: Iterable[tuple[str, str]], data: Path) -> list[str]:
    """Run commands by name; returns the names of those that failed."""
    failed = []
    for name, command in commands:
        scratch = Path(tempfile.mkdtemp(prefix="protdiff-remake-"))
        began = time.monotonic()
        print(f"{name}: {command}", flush=True)
        code = subprocess.run(runnable(command, data, scratch), cwd=ROOT).returncode
        shutil.rmtree(scratch, ignore_errors=True)
        print(f"{name}: exit {code}, {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
        if code:
            failed.append(name)
    return failed


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the data set")
    parser.add_argument("--only", nargs="+", default=[], help="these results alone")
    parser.add_argument("--list", action="store_true", help="say what is stale, and run nothing")
    options = parser.parse_args()
    stale = stale_results(RESULTS, weights_identity())
    stale = [one for one in stale if not options.only or one.name in options.only]
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
    commands = [(one.name, one.command) for one in stale if one.name not in left]
    failed = run_all(commands, options.data)
    if not options.only:
        failed += run_all([(command.split()[1], command) for command in AFTERWARDS], options.data)
    if failed or left:
        raise SystemExit(f"of other weights still: {', '.join([*left, *failed])}")


if __name__ == "__main__":
    main()
