"""Shards of `protdiff generate` and their merge: the bytes of one run, whatever happens to them."""

import csv
import json
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from ..conftest import ROOT
from .running import Running

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc shows what goes on")
#: Batches of two, so that there are many.
DRAW = ["--out", "out", "--steps", "3", "--jobs", "1", "--batch-size", "2", "--weights"]
#: What differs between any two runs: measured times.
MEASURED = {"seconds"}


def contents(folder):
    """Bytes of all files of a folder by name, of the manifest without the measured times.

    The options name the folder, and are left out.
    """
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    files.pop("run.toml", None)
    if "manifest.csv" in files:
        rows = list(csv.DictReader((folder / "manifest.csv").open(newline="")))
        files["manifest.csv"] = [
            {name: text for name, text in row.items() if name not in MEASURED} for row in rows
        ]
    return files


@pytest.fixture
def generate(console, tiny_weights, tmp_path, monkeypatch):
    """Run `protdiff generate` in a folder of the test's own, into its folder `out`."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        return console("generate", *DRAW, tiny_weights, *words)

    return call


@pytest.fixture
def started(starter, tiny_weights, tmp_path):
    """Start the same as a process, through a link to the folder, so that it has its own log."""

    def call(*words):
        link = tmp_path.with_name(f"{tmp_path.name}-{'-'.join(words[-1:]).replace('/', '-')}")
        link.symlink_to(tmp_path)
        command = ["generate", *DRAW, str(tiny_weights), *words]
        return Running(starter, link, command, at_once=True)

    return call


def emptied(folder):
    """Remove all files of a folder; what was in them."""
    found = contents(folder)
    for path in folder.iterdir():
        path.unlink()
    return found


def test_a_shard_without_a_batch_says_so(generate):
    """Two backbones are one batch, which the first shard has."""
    code, text, err = generate("--length", "12", "--num", "2", "--shard", "2/2")
    assert code == 0 and "0 backbones in out (there are fewer batches than shards)" in text, err


@linux
def test_shards_in_any_order_some_killed_are_one_run(generate, started, console, tmp_path):
    words, out = ("--length", "12-40", "--num", "64"), tmp_path / "out"
    assert generate(*words)[0] == 0
    whole, order = emptied(out), list(range(1, 17))
    random.Random(5).shuffle(order)
    killed = order[3:6]
    for number in order:
        if number in killed:
            running = started(*words, "--shard", f"{number}/16")
            record = ".shard" if number == killed[0] else ""
            running.wait_until_it_works(f"out/manifest.{number}-of-16.csv{record}")
            assert running.end(signal.SIGKILL) == -signal.SIGKILL
        else:
            assert generate(*words, "--shard", f"{number}/16")[0] == 0

    before = contents(out)
    code, _, err = console("merge", out)
    assert code == 2 and len(err.splitlines()) == 1
    assert all(f" {number} (" in err for number in killed) and "shards" in err
    assert {name for name in before if name[0] != "."} == {
        name for name in contents(out) if name[0] != "."
    }
    for number in reversed(killed):
        assert generate(*words, "--shard", f"{number}/16")[0] == 0
    code, text, err = console("merge", out)
    assert code == 0 and "64 backbones" in text, err
    assert contents(out) == whole
    code, text, _ = console("merge", out)
    assert code == 0 and "nothing to merge" in text and contents(out) == whole


@linux
def test_shards_at_once_do_not_disturb_each_other(generate, started, console, tmp_path):
    words, out = ("--length", "12-40", "--num", "24"), tmp_path / "out"
    assert generate(*words)[0] == 0
    whole = emptied(out)
    both = [started(*words, "--shard", f"{number}/2") for number in (1, 2)]
    for number, running in enumerate(both, 1):  # at work at one time, however fast they are
        running.wait_until_it_works(f"out/manifest.{number}-of-2.csv")
        os.kill(running.pid, signal.SIGSTOP)
    for more in (["--shard", "1/2"], ["--shard", "1/3"], []):
        code, _, err = generate(*words, *more)
        assert code == 2 and f": process {both[0].pid} on " in err and len(err.splitlines()) == 1
    code, _, err = console("merge", out)
    assert code == 2 and f": process {both[0].pid} on " in err and len(err.splitlines()) == 1
    for running in both:
        os.kill(running.pid, signal.SIGCONT)
    for running in both:
        assert running.exit_code() == 0, running.output()
    assert console("merge", out)[0] == 0
    assert contents(out) == whole


def test_another_number_of_shards_and_a_whole_run_go_on(generate, console, tmp_path):
    out, words = tmp_path / "out", ("--length", "12-20", "--num", "9")
    assert generate(*words)[0] == 0
    whole = emptied(out)
    generate(*words, "--shard", "1/3")
    drawn = set(contents(out))
    code, text, _ = generate(*words, "--shard", "1/2")
    assert code == 0 and "were there already" in text
    generate(*words, "--shard", "2/2")
    assert console("merge", out)[0] == 0 and contents(out) == whole
    # After the merge another shard finds all of its part, and a merge leaves it so.
    code, text, _ = generate(*words, "--shard", "2/3")
    assert "(4 were there already)" in text or "(3 were there already)" in text
    assert console("merge", out)[0] == 0 and contents(out) == whole
    # A whole run takes over what shards have left.
    emptied(out)
    generate(*words, "--shard", "1/3")
    assert set(contents(out)) == drawn
    code, text, _ = generate(*words)
    assert code == 0 and "were there already" in text and contents(out) == whole


def test_a_file_that_is_gone_is_drawn_with_its_batch(generate, tmp_path):
    """Its last digits are those of one run: sums depend on the size of a batch."""
    generate("--length", "12-40", "--num", "9")
    whole = contents(tmp_path / "out")
    (tmp_path / "out" / "backbone_0003.pdb").unlink()
    code, text, _ = generate("--length", "12-40", "--num", "9")
    assert code == 0 and "8 were there already" in text
    assert contents(tmp_path / "out") == whole


def test_more_shards_than_batches(generate, console, tmp_path):
    generate("--length", "12", "--num", "3")
    whole = emptied(tmp_path / "out")
    for number in (3, 1, 2):
        code, text, err = generate("--length", "12", "--num", "3", "--shard", f"{number}/3")
        assert code == 0, err
    assert "1 backbone in" in text
    assert console("merge", tmp_path / "out")[0] == 0
    assert contents(tmp_path / "out") == whole


def test_residues_of_a_motif_are_merged(generate, console, tmp_path):
    motif = ("--motif", ROOT / "data" / "examples" / "1tpk.pdb", "--contig", "2-9,A10-14,2-9")
    generate(*motif, "--num", "5")
    whole = emptied(tmp_path / "out")
    assert "residues.csv" in whole
    for number in (2, 1):
        assert generate(*motif, "--num", "5", "--shard", f"{number}/2")[0] == 0
    assert console("merge", tmp_path / "out")[0] == 0
    assert contents(tmp_path / "out") == whole


def test_residues_of_other_designs_stay(generate, console, tmp_path):
    """Of another name and of a larger run, as their rows of the manifest do."""
    motif = ("--motif", ROOT / "data" / "examples" / "1tpk.pdb", "--contig", "2-9,A10-14,2-9")
    table, expected = tmp_path / "out" / "residues.csv", []
    generate(*motif, "--num", "3", "--name", "x")
    expected += table.read_text().splitlines()
    table.unlink()
    generate(*motif, "--num", "4")
    expected += table.read_text().splitlines()[1:]
    emptied(tmp_path / "out")
    generate(*motif, "--num", "3", "--name", "x")
    for number in (2, 1):
        assert generate(*motif, "--num", "4", "--shard", f"{number}/2")[0] == 0
    assert console("merge", tmp_path / "out")[0] == 0
    assert table.read_text().splitlines() == expected
    generate(*motif, "--num", "2", "--name", "x")
    assert table.read_text().splitlines() == expected
    table.write_text("my,notes\n1,2\n")
    code, _, err = generate(*motif, "--name", "y")
    assert code == 2 and "out/residues.csv: not as protdiff generate writes it" in err
    assert table.read_text() == "my,notes\n1,2\n" and not list(table.parent.glob("y_*"))


@pytest.mark.parametrize(
    ("shard", "message"),
    [
        ("17/16", "--shard 17/16: shards of 16 have the numbers 1 to 16"),
        ("0/16", "--shard 0/16: shards of 16 have the numbers 1 to 16"),
        ("3/0", "--shard 3/0: there can be 1 to 100,000 shards"),
        ("a/b", "--shard a/b: give a number and a count, such as 3/16"),
        ("/16", "--shard /16: give a number and a count, such as 3/16; the variable"),
        ("3", "--shard 3: give a number and a count"),
    ],
)
def test_what_is_no_shard(generate, tmp_path, shard, message):
    code, _, err = generate("--length", "12", "--shard", shard)
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (["--temperature", "1"], "(temperature)"),
        (["--batch-size", "3"], "(batch_size)"),
        (["--name", "x"], "(name)"),
        (["--num", "5"], "(5 results, there 4)"),
        (["--length", "13"], "(other lengths, sequences or files)"),
    ],
)
def test_shards_of_other_options_are_refused(generate, tmp_path, more, named):
    words = ("--length", "12", "--num", "4")
    assert generate(*words, "--shard", "1/2")[0] == 0
    before = contents(tmp_path / "out")
    code, _, err = generate(*words, *more, "--shard", "2/2")
    assert code == 2 and named in err and "shard 1/2" in err and len(err.splitlines()) == 1
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("option", [["--plot", "x.png"], ["--report"]])
def test_what_is_of_the_whole_is_not_of_a_shard(generate, tmp_path, option):
    code, _, err = generate("--length", "12", "--shard", "1/2", *option)
    assert code == 2 and f"{option[0]}: not with --shard" in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_merge_of_designs_of_other_options_is_refused(generate, console, tmp_path):
    """The manifest of another run was copied beside the shards, and lists files of their names."""
    words, out = ("--length", "12", "--num", "4"), tmp_path / "out"
    assert generate(*words, "--temperature", "1")[0] == 0
    other = (out / "manifest.csv").read_bytes()
    emptied(out)
    for number in (1, 2):
        assert generate(*words, "--shard", f"{number}/2")[0] == 0
    (out / "manifest.csv").write_bytes(other)
    before = contents(out)
    code, _, err = console("merge", out)
    assert code == 2 and "made with other options (temperature) than the shards there" in err
    assert len(err.splitlines()) == 1 and contents(out) == before


def test_merge_refuses(generate, console, tmp_path):
    """Folders without shards, and shards of two commands that were copied into one folder."""
    for folder in ("none", "."):
        code, _, err = console("merge", tmp_path / folder)
        assert code == 2 and len(err.splitlines()) == 1
        assert "no such folder" in err or "no shards" in err
    words = ("--length", "12", "--num", "4", "--shard")
    generate(*words, "1/2"), generate(*words, "2/2")
    code, _, err = console("merge", *sorted((tmp_path / "out").glob("manifest.*.csv")))
    said = f"{tmp_path / 'out' / 'manifest.csv'}: of protdiff generate; give its folder, "
    assert (code, err) == (2, f"protdiff: {said}{tmp_path / 'out'}\n")
    record = tmp_path / "out" / "manifest.2-of-2.csv.shard"
    values = json.loads(record.read_text())
    values["options"]["temperature"] = "1.0"
    record.write_text(json.dumps(values))
    before = contents(tmp_path / "out")
    code, _, err = console("merge", tmp_path / "out")
    assert code == 2 and "different options (temperature)" in err and len(err.splitlines()) == 1
    record.write_text("junk")
    code, _, err = console("merge", tmp_path / "out")
    assert code == 2 and f"{record}: not the record of a shard" in err
    record.unlink()
    code, _, err = console("merge", tmp_path / "out")
    assert code == 0, err  # all designs are there, each with its row
    assert set(before) - set(contents(Path(tmp_path / "out"))) == {
        f"manifest.{k}-of-2.csv{end}" for k in (1, 2) for end in ("", ".shard")
    }
