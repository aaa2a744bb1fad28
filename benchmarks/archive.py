"""What an archive of many designs takes: space, memory, and time to open it and to read one.

    python benchmarks/archive.py [--num 20000] [--length 60] [--steps 8] [--members 20000 100000]
                                 [--out FOLDER]

`protdiff generate --archive` draws them with one process. That takes an hour or more; it goes on
with what is there when the script is started a second time. Times are those of a new process, with
the file in the memory of the system; of reads the median of 200 at random. How they grow is
measured with archives of more members, `--members`: the same structures repeated under other
names. The same archive without its index is as `tar` would write it. Memory is that of a whole
process at its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from results import OUT, write_result

#: Bytes of the unit of ru_maxrss in MB: it counts kilobytes on Linux, bytes on macOS.
UNIT = 1e6 if sys.platform == "darwin" else 1e3
#: Bytes of a block of a usual file system, of which a file takes a whole number.
DISK_BLOCK = 4096
NAME = "designs.bcif.tar"
#: Opens an archive, lists it, and reads structures at random; times in seconds.
READING = """
import json, random, statistics, sys, time
from pathlib import Path
import protdiff
from protdiff.structure.io.paths import find_files
from protdiff.structure.io.tar_listing import listing_of
protdiff.read(sys.argv[2])
began = time.perf_counter()
listing_of(Path(sys.argv[1]))
opened = time.perf_counter()
files = find_files([sys.argv[1]], "archive")
listed, times = time.perf_counter(), []
for file in random.Random(0).sample(files, min(200, len(files))):
    start = time.perf_counter()
    protdiff.read(file)
    times.append(time.perf_counter() - start)
print(json.dumps({"open_seconds": opened - began, "list_seconds": listed - opened,
                  "read_seconds": statistics.median(times), "structures": len(files)}))
"""


def run(*words: str | Path) -> tuple[float, float, str]:
    """Seconds of a process of Python, its memory in MB, and what it printed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([sys.executable, *map(str, words)], stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{words} ended with {process.returncode}")
        output.seek(0)
        text = output.read().decode()
    return time.perf_counter() - began, usage.ru_maxrss / UNIT, text


def generated(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Draw the designs, or those that are missing; seconds and memory of this call."""
    seconds, memory, text = run(
        "-m", "protdiff.cli.app", "generate", "--length", options.length, "--num", options.num,
        "--steps", options.steps, "--jobs", "1", "--out", folder, "--archive", NAME,
    )  # fmt: skip
    print(text, end="", flush=True)
    return {"seconds": seconds, "memory_mb": memory}


def sizes(archive: Path, folder: Path) -> dict[str, float]:
    """MB of the archive, of its index, of one with compressed members, and of files on a disk."""
    import gzip

    from protdiff.structure.io.tar_writer import appender, join_archives

    packed, names, on_disk, index = folder / "designs.bcif.gz.tar", [], 0, 0
    add = appender(packed)
    with tarfile.open(archive) as tar:
        for member in tar:
            cast("Any", tar).members = []  # which would fill the memory
            if member.name == "index.npy":
                index = member.size
                continue
            on_disk += -(-member.size // DISK_BLOCK) * DISK_BLOCK
            handle = tar.extractfile(member)
            assert handle is not None
            names.append(f"{member.name}.gz")
            add({names[-1]: gzip.compress(handle.read(), mtime=0)})
    join_archives(packed, [packed], names)
    return {
        "archive_mb": archive.stat().st_size / 1e6, "index_mb": index / 1e6,
        "compressed_mb": packed.stat().st_size / 1e6, "files_mb": on_disk / 1e6,
    }  # fmt: skip


def repeated(archive: Path, folder: Path, count: int) -> Path:
    """An archive of so many members, which are those of another one under other names."""
    from protdiff.structure.io.tar_listing import cached_listing, member_content
    from protdiff.structure.io.tar_writer import appender, join_archives

    out, listing = folder / f"{count}.bcif.tar", cached_listing(archive)
    drawn, add, names = listing.names, appender(out), []
    for first in range(0, count, 1000):
        some = {
            f"copy_{k:06d}.bcif": member_content(listing, drawn[k % len(drawn)])
            for k in range(first, min(first + 1000, count))
        }
        names += some
        add(some)
    join_archives(out, [out], names)
    return out


def without_index(archive: Path, folder: Path) -> Path:
    """A copy as `tar` would write it."""
    out = folder / "plain.bcif.tar"
    with tarfile.open(archive) as tar, tarfile.open(out, "w") as copy:
        for member in tar:
            cast("Any", tar).members = cast("Any", copy).members = []
            if member.name != "index.npy":
                copy.addfile(member, tar.extractfile(member))
    return out


def reading(archive: Path, first: str) -> dict[str, float]:
    """Times of opening and reading an archive, in a new process, and its size."""
    return json.loads(run("-c", READING, archive, first)[2]) | {"mb": archive.stat().st_size / 1e6}


def scored(archive: Path, folder: Path, pattern: str) -> dict[str, float]:
    """Seconds and memory of `protdiff score` of some designs."""
    table = folder / "scores.csv"
    seconds, memory, _ = run(
        "-m",
        "protdiff.cli.app",
        "score",
        f"{archive}::{pattern}",
        "--out",
        table,
        "--jobs",
        "1",
    )
    rows = len(table.read_text().splitlines()) - 1
    return {"structures": rows, "seconds": seconds, "memory_mb": memory}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--num", type=int, default=20_000)
    parser.add_argument("--length", type=int, default=60)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--members", type=int, nargs="*", default=[20_000, 100_000])
    parser.add_argument("--out", type=Path, default=OUT / "archive", help="Folder, kept.")
    options = parser.parse_args()
    drawn = generated(options.out, options)
    archive = options.out / NAME
    first = f"{archive}::backbone_0000.bcif"
    with tempfile.TemporaryDirectory(dir=options.out) as place:
        folder = Path(place)
        numbers = {
            "designs": options.num, "residues": options.length, "steps": options.steps,
            "generate": drawn, "sizes": sizes(archive, folder),
            "reading": [reading(archive, first)],
            "without_index": [reading(without_index(archive, folder), first)],
            "scoring": [scored(archive, folder, p) for p in ("backbone_00*", "backbone_0*")],
        }  # fmt: skip
        for count in options.members:
            more = repeated(archive, folder, count)
            numbers["reading"].append(reading(more, first))
            numbers["without_index"].append(reading(without_index(more, folder), first))
            more.unlink()
    print(json.dumps(numbers, indent=1))
    print(write_result("archive", numbers, cores=1))


if __name__ == "__main__":
    main()
