"""`protdiff generate --archive`: the structures of one run in one file, which every verb reads."""

import csv
import random
import re
import signal
import sys
import tarfile

import numpy as np
import pytest

import protdiff
from protdiff.structure.io.tar_listing import listing_of

from .running import Running

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows what goes on")
NAME = "designs.bcif.tar"
DRAW = ["--out", "out", "--steps", "2", "--jobs", "1", "--batch-size", "2", "--weights"]
WORDS = ["--length", "12-40", "--num", "24"]


@pytest.fixture
def generate(console, tiny_weights, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into its folder `out`."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: console("generate", *DRAW, tiny_weights, *words)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def members(archive):
    """Contents by name, as the standard library reads them."""
    with tarfile.open(archive) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar if one.name != "index.npy"}


def table(path):
    rows = list(csv.DictReader(path.open(newline="")))
    measured = ("seconds", "command")
    return [{name: row[name] for name in row if name not in measured} for row in rows]


def test_an_archive_has_the_files_of_a_run_without(generate, out):
    assert generate(*WORDS, "--format", "bcif")[0] == 0
    files = {path.name: path.read_bytes() for path in out.glob("*.bcif")}
    rows = table(out / "manifest.csv")
    for path in out.iterdir():
        path.unlink()
    code, text, err = generate(*WORDS, "--archive", NAME)
    assert code == 0 and f"24 backbones in out/{NAME}; manifest.csv lists them" in text, err
    assert members(out / NAME) == files and table(out / "manifest.csv") == rows
    assert {path.name for path in out.iterdir()} == {NAME, "manifest.csv", "run.toml"}
    before = (out / NAME).stat()
    code, text, _ = generate(*WORDS, "--archive", NAME)
    assert code == 0 and "24 were there already" in text and (out / NAME).stat() == before


@linux
def test_killed_runs_and_shards_make_the_bytes_of_one_run(
    generate, console, starter, tiny_weights, tmp_path, out
):
    words = [*WORDS, "--archive", NAME]
    assert generate(*words)[0] == 0
    whole, rows = (out / NAME).read_bytes(), table(out / "manifest.csv")

    def begin_and_kill(name, *more):
        link = tmp_path.with_name(f"{tmp_path.name}-{name}")
        link.symlink_to(tmp_path)
        command = ["generate", *DRAW, str(tiny_weights), *words, *more]
        running = Running(starter, link, command, at_once=True)
        running.wait_until_it_works(f"out/{name}")
        assert running.end(signal.SIGKILL) == -signal.SIGKILL

    def empty():
        for path in out.iterdir():
            path.unlink()

    empty()
    begin_and_kill(NAME)
    killed = out / NAME
    killed.write_bytes(killed.read_bytes()[:-700])  # in the midst of a member
    code, _, err = generate(*words)
    assert code == 0 and killed.read_bytes() == whole, err
    assert table(out / "manifest.csv") == rows

    empty()
    order = list(range(1, 6))
    random.Random(2).shuffle(order)
    begin_and_kill(f"designs.{order[0]}-of-5.bcif.tar", "--shard", f"{order[0]}/5")
    for number in order[1:]:
        assert generate(*words, "--shard", f"{number}/5")[0] == 0
    code, _, err = console("merge", out)
    assert code in (0, 2) and (code == 0 or f" {order[0]} (unfinished" in err)
    assert generate(*words, "--shard", f"{order[0]}/5")[0] == 0
    code, text, err = console("merge", out)
    assert (code == 0 and f"24 backbones in {out / NAME}" in text) or "nothing to merge" in text, (
        err
    )
    assert (out / NAME).read_bytes() == whole and table(out / "manifest.csv") == rows
    assert {path.name for path in out.iterdir()} == {NAME, "manifest.csv", "run.toml"}


def test_a_whole_run_and_other_shards_go_on_with_what_is_there(generate, console, out):
    words = [*WORDS, "--archive", "x.pdb.gz.tar"]
    assert generate(*words)[0] == 0
    archive = out / "x.pdb.gz.tar"
    whole = archive.read_bytes()
    assert set(members(archive)) == {f"backbone_{k:04d}.pdb.gz" for k in range(24)}
    archive.unlink()
    generate(*words, "--shard", "1/3")
    assert (out / "x.1-of-3.pdb.gz.tar").is_file()
    code, text, _ = generate(*words, "--shard", "2/2")
    assert code == 0 and "were there already" in text
    code, text, err = generate(*words)
    assert code == 0 and "were there already" in text, err
    assert archive.read_bytes() == whole and len(list(out.glob("*.tar"))) == 1
    assert generate("--length", "12-40", "--num", "30", *words[4:])[0] == 0
    assert set(listing_of(archive).names) == {f"backbone_{k:04d}.pdb.gz" for k in range(30)}


def test_verbs_read_it(generate, console, out, tmp_path):
    assert generate("--length", "30", "--num", "2", "--archive", NAME)[0] == 0
    archive = out / NAME
    code, _, err = console("score", archive, "--out", "scores.csv")
    assert code == 0, err
    names = [f"{archive}::backbone_{k:04d}.bcif" for k in range(2)]
    assert [row["model"] for row in table(tmp_path / "scores.csv")] == names
    copies = ["--sort", "rg", "--top", "1", "--copy-to", "best"]
    code, _, err = console("score", out, "--reference", names[1], *copies)
    assert code == 0, err
    best = {row["file"] for row in table(tmp_path / "best" / "best.csv")}
    stored = members(archive)
    assert {name: (tmp_path / "best" / name).read_bytes() for name in best} == {
        name: stored[name] for name in best
    }
    code, _, err = console("evaluate", out, "--out", "evaluated", "--diversity", "0")
    assert code == 0, err
    assert [row["model"] for row in table(tmp_path / "evaluated" / "structures.csv")] == names
    code, text, err = console("design", archive, "--num", "1", "--out", "sequences")
    assert code == 0 and f"protdiff check {archive.parent} sequences" in text, err
    assert {path.name for path in (tmp_path / "sequences" / "structures").iterdir()} == {
        f"backbone_{k:04d}_0.bcif" for k in range(2)
    }
    code, text, err = console("design", archive, "--num", "1", "--out", "sequences")
    assert code == 0 and "2 were there already" in text, err
    code, _, err = console(
        "check", out, "sequences", "--predictions", "sequences/structures", "--out", "checked"
    )
    assert code == 0, err
    assert len(table(tmp_path / "checked" / "check.csv")) == 2
    code, text, err = console("report", out, "scores.csv", "--out", "report.html")
    assert code == 0 and "report of 2 structures" in text, err
    read = protdiff.read(names[1])
    assert len(read) == 30 and np.isfinite(read.coords).all()


def test_a_data_set_is_made_of_it(console, designs, tmp_path):
    real = tmp_path / "real.tar"
    with tarfile.open(real, "w") as tar:
        tar.add(designs, "chains")
    code, text, err = console("data", "build", real, "--out", tmp_path / "data")
    assert code == 0 and "3 chains" in text, err
    code, text, err = console("data", "build", f"{real}::chains/*", "--out", tmp_path / "more")
    assert code == 0 and "3 chains" in text, err


def test_sequences_and_pictures_are_made_of_it(generate, out):
    archive = "x.bcif.gz.tar"
    words = ["--length", "20", "--num", "2", "--archive", archive, "--sequences", "1"]
    code, text, err = generate(*words, "--trajectory", "every:1", "--plot", "x.png", "--report")
    assert code == 0 and "picture: x.png" in text, err
    names = ["backbone_0000", "backbone_0001"]
    rows = table(out / "sequences" / "designs.csv")
    assert [(row["file"], row["design"]) for row in rows] == [
        (f"out/{archive}::{name}.bcif.gz", name) for name in names
    ]
    frames = {path.name for path in (out / "trajectories").iterdir()}
    assert frames == {f"{name}.bcif" for name in names}
    code, text, err = generate(*words, "--trajectory", "every:1")
    assert code == 0 and "2 were there already" in text, err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--archive", "x.h5"], "--archive x.h5: must end in .bcif.tar, .cif.tar or .pdb.tar"),
        (["--archive", "a/x.pdb.tar"], "--archive a/x.pdb.tar: a name without a folder"),
        (["--archive", NAME, "--format", "pdb"], f"--format pdb: --archive {NAME} has bcif files"),
        (["--archive", NAME, "--name", "a\u00a0b"], r"--name 'a\xa0b': goes not with --archive"),
        (["--archive", NAME, "--name", "x\udce9"], r"--name 'x\udce9': goes not with --archive"),
        (["--archive", NAME, "--name", "x" * 250], "xxx': goes not with --archive"),
    ],
)
def test_names_of_archives(generate, out, words, message):
    code, _, err = generate("--length", "12", *words)
    assert code == 2 and message in err and len(err.splitlines()) == 1 and not out.exists()


def test_what_is_of_something_else_is_left_alone(generate, console, out):
    words = ["--length", "12", "--num", "2"]
    out.mkdir()
    (out / NAME).write_text("notes\n" * 200)
    code, _, err = generate(*words, "--archive", NAME)
    assert code == 2 and f"out/{NAME}: no tar archive" in err and len(err.splitlines()) == 1
    assert (out / NAME).read_text() == "notes\n" * 200
    with tarfile.open(out / NAME, "w") as tar:
        tar.add(__file__, "old.bcif")
    before = (out / NAME).read_bytes()
    code, _, err = generate(*words, "--archive", NAME)
    assert code == 2 and "holds old.bcif, which is not in the manifest" in err, err
    assert len(err.splitlines()) == 1 and (out / NAME).read_bytes() == before
    (out / NAME).unlink()
    assert generate(*words, "--archive", NAME)[0] == 0
    for more, message in (
        (["--format", "bcif"], f"has backbone_0000.bcif already; give --archive {NAME}"),
        (["--archive", "other.bcif.tar"], f"give --archive {NAME}, or choose another --out"),
        (["--archive", NAME, "--temperature", "1"], "made with other options (temperature)"),
    ):
        code, _, err = generate(*words, *more)
        assert code == 2 and message in err and len(err.splitlines()) == 1, err
    assert generate("--length", "12", "--num", "1", "--out", "files", "--format", "bcif")[0] == 0
    code, _, err = generate(*words, "--out", "files", "--archive", NAME)
    assert code == 2 and "backbone_0000.bcif: was written without --archive" in err


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("--format pdb", "--format cif"),
        ("--format cif", "--format pdb --shard 2/2"),
        ("--format pdb", f"--archive {NAME}"),
        (f"--archive {NAME}", "--format pdb"),
        (f"--archive {NAME}", "--archive designs.bcif.gz.tar"),
    ],
)
def test_one_name_has_one_format(generate, out, first, second):
    words = ["--length", "12", "--num", "4"]
    assert generate(*words, *first.split())[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, _, err = generate(*words, *second.split())
    option, kind = " ".join(second.split()[:2]), second.split()[1]
    kind = kind.removeprefix("designs.").removesuffix(".tar")
    says = rf"out/.*backbone_000\d\.\w+: is there, and {option} would add backbone_000\d\.{kind}, "
    assert code == 2 and re.search(says, err) and "another --out, such as out-2, or another" in err
    assert len(err.splitlines()) == 1
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert generate(*words, *second.split(), "--name", "other")[0] == 0


def test_a_full_disk_loses_nothing(generate, out, monkeypatch):
    resource = pytest.importorskip("resource")
    words = ["--length", "30", "--num", "8", "--archive", NAME]
    assert generate(*words)[0] == 0
    whole = (out / NAME).read_bytes()
    (out / NAME).unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) // 2, limits[1]))
    try:
        code, _, err = generate(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 2 and f"out/{NAME}: File too large" in err and len(err.splitlines()) == 1
    assert 0 < len(listing_of(out / NAME).names) < 8
    code, text, _ = generate(*words)
    assert code == 0 and "were there already" in text and (out / NAME).read_bytes() == whole
