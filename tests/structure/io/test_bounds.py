"""Small files that unpack to much: memory stays bounded, and the message names the file.

Each is read in one process of its own, whose peak of memory is measured after each.
"""

import gzip
import json
import os
import resource
import subprocess
import sys

import msgpack
import numpy as np
import pytest

from protdiff.structure.io.mmcif import COLUMNS
from protdiff.structure.io.read_write import FileError, read, write

from .examples import EXAMPLES, ROOT, SUFFIXES
from .lines import atom_line

ATOM = atom_line("CA", 0).encode() + b"\n"
#: MiB that a file may take, all of which unpack to 4 MiB or say that they hold more.
LIMIT_MB, ROOM_MB = 4, 100
READ = """
import json, sys, time
from pathlib import Path
import protdiff

def memory(kind):  # MiB
    [line] = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(kind)]
    return int(line.split()[1]) // 1024

results = []
for name in sys.argv[1:]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, begin = memory("VmRSS"), time.perf_counter()
    try:
        said = len(protdiff.read(name))
    except ValueError as error:
        said = str(error)
    results.append([name, said, memory("VmHWM") - before, time.perf_counter() - begin])
print(json.dumps(results))
"""


def bcif(rows, **columns):
    """A BinaryCIF file whose columns are given as (bytes, encodings)."""
    columns = [
        {"name": name, "mask": None, "data": {"data": data, "encoding": encoding}}
        for name, (data, encoding) in columns.items()
    ]
    table = {"name": "_atom_site", "rowCount": rows, "columns": columns}
    return msgpack.packb(
        {"version": "0.3", "encoder": "x", "dataBlocks": [{"header": "x", "categories": [table]}]}
    )


INT32 = {"kind": "ByteArray", "type": 3}


def run_length(value, times):
    data = np.array([value, times], "<i4").tobytes()
    return data, [{"kind": "RunLength", "srcSize": times, "srcType": 3}, INT32]


def texts(letters, offsets, rows):
    indices = {"kind": "RunLength", "srcSize": rows, "srcType": 3}
    encoding = {
        "kind": "StringArray", "dataEncoding": [indices, INT32], "stringData": letters * "x",
        "offsets": np.array(offsets, "<i4").tobytes(), "offsetEncoding": [INT32],
    }  # fmt: skip
    return np.array([0, rows], "<i4").tobytes(), [encoding]


TABLE = "data_x\nloop_\n" + "".join(f"_atom_site.{name}\n" for name in sorted(COLUMNS))
MEGABYTE = 1 << 20
ATTACKS = {
    "blank_lines.pdb.gz": gzip.compress(ATOM + 3 * MEGABYTE * b"\n", 1),
    "short_lines.pdb": ATOM + MEGABYTE * b"x\n",
    "marks.pdb": ATOM + MEGABYTE // 2 * b"END\n",
    "ters.pdb": ATOM + b"".join(b"TER %d\n" % k for k in range(MEGABYTE // 4)),
    "over.pdb.gz": gzip.compress(ATOM) + 40 * gzip.compress(10 * MEGABYTE * b"\n", 1),
    "over.cif": b"data_x\n" + 5 * MEGABYTE * b"\n",
    "words.cif": (TABLE + MEGABYTE // 4 * "ab ").encode(),
    "tags.cif.gz": gzip.compress(b"data_x\n" + MEGABYTE // 4 * b"_a\n", 1),
    "quotes.cif": b"data_x\n" + MEGABYTE // 16 * b"'x ",
    "wide.cif": (TABLE + 17 * (MEGABYTE // 16 * "x" + " ") + 17 * 9000 * "1 ").encode(),
    "emoji.cif.gz": gzip.compress("data_x\n#\N{GRINNING FACE}".encode() + 3 * MEGABYTE * b"\n", 1),
    "runs.bcif": bcif(2**31 - 1, Cartn_x=run_length(0, 2**31 - 1)),
    "long_column.bcif": bcif(10, Cartn_x=run_length(0, 2**31 - 1)),
    "texts.bcif": bcif(
        80_000, Cartn_x=run_length(0, 80_000), label_atom_id=texts(MEGABYTE, [0, MEGABYTE], 80_000)
    ),
    "overlaps.bcif": bcif(
        9, Cartn_x=run_length(0, 9), label_atom_id=texts(MEGABYTE, [0, MEGABYTE] * 9000, 9)
    ),
    "maps.bcif": b"\xdd\x00\x06\x00\x00" + 7 * (b"\xdd\x00\x06\x00\x00" + 6 * 2**16 * b"\x80"),
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are those of Linux")
def test_memory_is_bounded(tmp_path):
    chain = read(EXAMPLES / "1tpk.pdb")
    for suffix in SUFFIXES:  # they import what is kept
        write(chain, tmp_path / f"right{suffix}")
    for name, content in ATTACKS.items():
        (tmp_path / name).write_bytes(content)
    names = [*(f"right{suffix}" for suffix in SUFFIXES), *ATTACKS]
    done = subprocess.run(
        [sys.executable, "-c", READ, *names],
        cwd=tmp_path,
        env={**os.environ, "PROTDIFF_MAX_FILE_MB": str(LIMIT_MB), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30)),
    )
    assert not done.returncode, done.stderr
    right, attacks = json.loads(done.stdout)[: len(SUFFIXES)], json.loads(done.stdout)[3:]
    assert [said for _, said, *_ in right] == len(SUFFIXES) * [len(chain)]
    for name, said, memory, seconds in attacks:
        assert isinstance(said, str) and said.startswith(f"{name}: ") and "\n" not in said
        assert memory < ROOM_MB and seconds < 10, (name, said, memory, seconds)


@pytest.mark.parametrize("name", ["x.pdb.gz", "x.pdb", "x.cif", "x.cif.gz"])
def test_the_limit_is_an_option(tmp_path, monkeypatch, name):
    path, chain = tmp_path / name, read(EXAMPLES / "1tpk.pdb")
    write(chain, path)
    blank = MEGABYTE * b"\n"
    path.write_bytes(path.read_bytes() + (gzip.compress(blank) if name[-1] == "z" else blank))
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    with pytest.raises(FileError, match=r"over 1 MiB when decompressed.*PROTDIFF_MAX_FILE_MB"):
        read(path)
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "2")
    assert len(read(path)) == len(chain)


@pytest.mark.parametrize("text", ["", "0", "-3", "1.5", "much"])
def test_a_limit_that_is_no_number(monkeypatch, text):
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", text)
    with pytest.raises(ValueError, match=f"PROTDIFF_MAX_FILE_MB={text}: must be a whole number"):
        read(EXAMPLES / "1tpk.pdb")


@pytest.mark.parametrize("numbers", [1, 2])
@pytest.mark.parametrize("chain", ["A", " "])
def test_many_chains_of_one_name(tmp_path, numbers, chain):
    """Each would be compared with all others: some thousands took hours."""
    ter = "TER\n" if chain == " " else ""
    lines = [
        atom_line("CA", 17 * k % 9000, number=1 + k % numbers, chain=chain) + "\n" + ter
        for k in range(5000)
    ]
    path = tmp_path / "x.pdb"
    path.write_text("".join(lines))
    with pytest.raises(FileError, match=rf"^{path}: over 500 chains or residues share the name"):
        read(path, ca_only=True)
