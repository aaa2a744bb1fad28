"""Every verb at work: a second writer, kill -9, SIGTERM and Ctrl-C.

What all must show: a second command of the same output ends at once and names the first; after
Ctrl-C and SIGTERM one line, an exit code, no traceback; after every signal no process that goes on;
and nothing half-written, after kill -9 once the same command runs another time.

The suite tries some verbs, each with kill -9 and either Ctrl-C or SIGTERM (`IN_SUITE`), and some
with a full disk (`FULL`). With EVERY_SIGNAL=1 in the environment every verb of `commands.py` is
tried with all of these, and with --jobs 2 where it has that option.
"""

import os
import re
import shlex
import shutil
import signal
import sys

import pytest

import protdiff
from protdiff._system.files import temporary_path
from protdiff.dataset.build import build_dataset
from protdiff.dataset.filters import Limits

from ..conftest import ROOT
from ..training.conftest import SIZES
from .commands import COMMANDS, SHORT, SHORTER, verbs
from .running import Running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows what goes on")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
#: Whether everything is tried, and what the suite tries: each way of writing once, a folder file by
#: file, a table, a data set, a checkpoint, weights at the end, and another program's files.
EVERY = bool(os.environ.get("EVERY_SIGNAL"))
#: Structures, which take any verb longer than it takes to see that it works.
MODELS = 5000 if EVERY else 2000
IN_SUITE = {
    ("generate", signal.SIGINT, 1), ("check", signal.SIGTERM, 1), ("train", signal.SIGINT, 1),
    ("score", signal.SIGINT, 2), ("data build", signal.SIGTERM, 1),
    ("weights reader", signal.SIGINT, 1),
}  # fmt: skip
FULL = ("generate", "score", "weights reader")


@pytest.fixture(scope="module")
def places(tmp_path_factory, tiny_weights, tiny_types, tiny_archive):
    """Inputs of the commands by name."""
    place = tmp_path_factory.mktemp("inputs")
    for folder in ("models", "folded", "designs", "chains"):
        (place / folder).mkdir()
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")[:60]
    protdiff.write(chain, place / "designs" / "0.pdb")
    for number in range(MODELS):
        os.link(place / "designs" / "0.pdb", place / "models" / f"{number}.pdb")
        os.link(place / "designs" / "0.pdb", place / "folded" / f"{number}_0.pdb")
    for number in range(8):
        os.link(place / "designs" / "0.pdb", place / "chains" / f"{number}.pdb")
    records = [
        f">{number}_0 design={number} number=0\n{chain.sequence}\n" for number in range(MODELS)
    ]
    (place / "x.fasta").write_text("".join(records))
    (place / "one.fasta").write_text(records[0])
    # Predictors: one starts another process and never ends, the other knows the structure.
    (place / "slow.sh").write_text('touch "$2/begun"; sleep 999 & wait\n')
    (place / "quick.sh").write_text(f'cp {place / "designs" / "0.pdb"} "$2"\n')
    build_dataset([str(tiny_archive)], place / "set", limits=Limits(min_length=20))
    sizes = "".join(f"{name} = {size}\n" for name, size in SIZES.items())
    for name, table in {
        "train": f"beads = 256\n[network]\n{sizes}",
        "types": "[sequence]\nhidden = 16\nedge = 8\n",
    }.items():
        run = f'data = "{place / "set"}"\nout = "out"\ncheckpoint_minutes = 1e-6\n'
        (place / f"{name}.toml").write_text(f"{run}steps = 99999\n{table}")
        (place / f"{name}_once.toml").write_text(f"{run}steps = 1\n{table}")
    return {
        "models": place / "models", "chains": place / "chains", "designs": place / "designs",
        "folded": place / "folded",
        "fasta": place / "one.fasta", "fastas": place / "x.fasta", "slow": place / "slow.sh",
        "dataset": place / "set", "archive": tiny_archive, "tiny": tiny_weights,
        "types": tiny_types, "config": place / "train.toml", "types_config": place / "types.toml",
        "quick": place / "quick.sh", "one_step": place / "train_once.toml",
        "one_types_step": place / "types_once.toml",
    }  # fmt: skip


def cases():
    """Names of commands, the signal, and processes."""
    for name, command in COMMANDS.items():
        for number in CODES:
            for jobs in (1, 2)[: 1 + command.jobs]:
                if EVERY or (name, number, jobs) in IN_SUITE:
                    yield pytest.param(name, number, jobs, id=f"{name}-{number.name}-{jobs}")


@pytest.mark.parametrize(("name", "number", "jobs"), list(cases()))
def test_a_verb_at_work(starter, places, tmp_path, name, number, jobs):
    command, folder = COMMANDS[name], tmp_path / "run"
    folder.mkdir()
    shutil.copy(places["tiny"], folder / "base.safetensors")
    words = shlex.split(command.words.format(**places))
    words += ["--jobs", str(jobs)] if command.jobs else []
    first = Running(starter, folder, words)
    first.wait_until_it_works(command.begun)

    (tmp_path / "second").symlink_to(folder)
    second = Running(starter, tmp_path / "second", words)
    assert second.exit_code() == 2, second.output()
    [line] = second.output().splitlines()
    assert line.startswith(f"protdiff: {command.out}: process {first.pid} on ")

    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    left = temporary_path(folder / command.writes)
    left = left.with_name(left.name.replace(f"-{os.getpid()}.", f"-{first.pid}."))
    if not left.exists():
        left.mkdir(parents=True)

    third = Running(starter, folder, words)
    third.wait(lambda: None if left.exists() else True, "leaves what is left")
    third.wait_until_it_works(command.begun)
    assert third.end(number) == CODES[number]
    lines = [line for line in third.output().splitlines() if line.startswith("protdiff: ")]
    assert len(lines) == 1 and "interrupted" in lines[0], third.output()
    assert "Traceback" not in third.output()
    assert not list(folder.rglob(".*"))
    check_that_nothing_is_lost(folder)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name in FULL or EVERY])
def test_a_full_disk(starter, places, tmp_path, name):
    """No file may be longer than some bytes: one line names the file, and nothing is left of it."""
    folder, words = tmp_path / "run", COMMANDS[name].words
    folder.mkdir()
    shutil.copy(places["tiny"], folder / "base.safetensors")
    for long, short in SHORTER.items():
        words = words.replace(long, short)
    running = Running(starter, folder, shlex.split(words.format(**places)), limit=50)
    assert running.exit_code() == 2, running.output()
    running.wait(lambda: running.output() or None, "says nothing")
    [line] = [line for line in running.output().splitlines() if line.startswith("protdiff: ")]
    scratch = ".protdiff-scratch-" in line  # of a data set that the verb makes for itself
    assert "File too large" in line and (COMMANDS[name].out in line or scratch)
    assert "Traceback" not in running.output() and not list(folder.rglob(".*"))


def check_that_nothing_is_lost(folder):
    """Every file of a folder of designs has its row."""
    for table in folder.glob("out/manifest.csv"):
        rows = {row.split(",")[0] for row in table.read_text().splitlines()[1:]}
        files = {path.name for path in table.parent.glob("*.pdb")}
        assert files <= rows


def test_every_verb_is_tried_or_short():
    tried = {re.split(r" --| \[", name)[0] for name in COMMANDS}
    assert tried | set(SHORT) == set(verbs()) and not tried & set(SHORT)
