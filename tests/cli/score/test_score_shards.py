"""Shards of `protdiff score`: tables that become the one of a single run, row by row."""

import os
import random
from pathlib import Path

import pytest

import protdiff
from protdiff.cli._shared import shard_records

from ...conftest import ROOT

NATIVE = ROOT / "data" / "examples" / "1tpk.pdb"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Chains of several lengths, one file that holds no structure, and names out of order."""
    folder = tmp_path_factory.mktemp("models")
    native = protdiff.read(NATIVE).chain("A")
    lengths = list(range(20, 80, 6))
    random.Random(1).shuffle(lengths)
    for number, length in enumerate(lengths):
        protdiff.write(native[:length], folder / f"1tpk_{number}.pdb")
    (folder / "1tpk_3.pdb").write_text("junk")
    return folder


@pytest.fixture
def scored(console, models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words, out="scores.csv"):
        given = [models, "--no-quality", "--reference", NATIVE, "--chain", "A:A"]
        return console("score", *given, "--out", out, *words)

    return call


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_shards_are_one_run(scored, console, tmp_path, ending):
    table, words = f"scores.{ending}", ("--per-residue",)
    assert scored(*words, out=table)[0] == 1  # of the file without a structure
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    residues = "parquet" if ending == "parquet" else "csv"
    assert set(whole) == {table, f"scores_residues.{residues}"}
    for path in tmp_path.iterdir():
        path.unlink()
    codes = []
    for number in (2, 4, 1):
        code, text, _ = scored(*words, "--shard", f"{number}/4", out=table)
        codes.append(code)
        assert f"next: protdiff merge {table}" in text
    before = sorted(tmp_path.iterdir())
    code, _, err = console("merge", *sorted(tmp_path.glob(f"scores.*-of-4.{ending}")))
    assert code == 2 and "run shard 3 (missing) of 4" in err and len(err.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before
    codes.append(scored(*words, "--shard", "3/4", out=table)[0])
    assert sorted(codes) == [0, 0, 0, 1]

    other = tmp_path / "elsewhere" / table
    other.parent.mkdir()
    code, text, err = console("merge", table, "--out", other)
    assert code == 0 and f"10 rows in {other}" in text, err
    assert {path.name: path.read_bytes() for path in other.parent.iterdir()} == whole
    assert console("merge", *sorted(tmp_path.glob(f"scores.*-of-4.{ending}")))[0] == 0
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert found == whole
    code, text, _ = console("merge", table)
    assert code == 0 and "nothing to merge" in text


def test_more_shards_than_models(scored, console, tmp_path):
    assert scored()[0] == 1
    whole = (tmp_path / "scores.csv").read_bytes()
    (tmp_path / "scores.csv").unlink()
    for number in range(1, 13):
        assert scored("--shard", f"{number}/12")[0] in (0, 1)
    assert console("merge", "scores.csv")[0] == 0
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [whole]


def test_a_shard_that_ends_without_a_table_leaves_nothing(scored, tmp_path):
    """So the next one may have other options."""
    codes = {scored("--strict", "--shard", f"{number}/2")[0] for number in (1, 2)}
    assert codes == {0, 2}
    left = {path.name for path in tmp_path.iterdir()}
    assert len(left) == 2 and {f"{name}.shard" for name in left} & left


def test_shards_that_do_not_belong_together(scored, tmp_path):
    assert scored("--shard", "1/2")[0] in (0, 1)
    for words, named in (
        (["--alignment", "number"], "(alignment)"),
        (["--quality"], "(quality)"),
    ):
        code, _, err = scored(*words, "--shard", "2/2")
        assert code == 2 and named in err and "shard 1/2" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "scores.2-of-2.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sort", "tm"], "--sort: not with --shard"),
        (["--plot", "x.png"], "--plot: not with --shard"),
        (["--report"], "--report: not with --shard"),
    ],
)
def test_what_needs_all_rows(scored, tmp_path, words, message):
    code, _, err = scored("--shard", "1/2", *words)
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_table(console, models):
    code, _, err = console("score", models, "--shard", "1/2")
    assert code == 2 and "--shard: needs --out" in err and len(err.splitlines()) == 1


def test_merge_of_what_is_no_table(console, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words, message in (
        (["x.pdb"], "no table"),
        (["x.csv"], "no shards of it are there"),
        (["a.1-of-2.csv", "b.2-of-2.csv"], "tables of one command"),
        (["a.csv", "--out", "a.parquet"], "--out a.parquet: must end in .csv, as the tables of"),
        ([".", "--out", "x"], "--out: goes with tables"),
    ):
        code, _, err = console("merge", *words)
        assert code == 2 and message in err and len(err.splitlines()) == 1


@pytest.fixture
def both(scored, tmp_path):
    """Tables of two shards, with residues."""
    for number in (1, 2):
        assert scored("--per-residue", "--shard", f"{number}/2")[0] in (0, 1)
    return tmp_path


def names(folder):
    return {path.name for path in folder.iterdir() if path.name[0] != "."}


@pytest.mark.parametrize("lost", ["half a row", "a row", "all rows", "all bytes", "residues"])
def test_a_table_that_has_lost_rows_is_not_merged(both, console, lost):
    """As after a copy that broke off: the shard is run once more."""
    table = both / "scores.1-of-2.csv"
    if lost == "residues":
        table = both / "scores.1-of-2_residues.csv"
        table.unlink()
    else:
        lines = table.read_bytes().splitlines(keepends=True)
        table.write_bytes({
            "half a row": b"".join(lines)[:-9], "a row": b"".join(lines[:-1]),
            "all rows": lines[0], "all bytes": b"",
        }[lost])  # fmt: skip
    before = names(both)
    code, out, err = console("merge", "scores.csv")
    assert (code, out) == (2, "") and f"{table.name}: not " in err and err.count("\n") == 1
    assert "run the shard once more" in err and names(both) == before


def test_one_file_may_be_written_in_two_ways(both, console):
    code, text, err = console("merge", "scores.csv", "--out", both / "scores.csv")
    assert code == 0 and "10 rows in" in text, err
    assert names(both) == {"scores.csv", "scores_residues.csv"}


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_more_shards_than_files_may_be_open(scored, console, tmp_path, ending):
    resource = pytest.importorskip("resource")
    table = f"scores.{ending}"
    scored(out=table)
    whole = (tmp_path / table).read_bytes()
    (tmp_path / table).unlink()
    for number in range(1, 11):
        scored("--shard", f"{number}/10", out=table)
    limits, top = resource.getrlimit(resource.RLIMIT_NOFILE), max(map(int, os.listdir("/dev/fd")))
    filled = [os.dup(1)]  # all numbers below the highest one are taken
    while filled[-1] < top:
        filled.append(os.dup(1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (filled[-1] + 8, limits[1]))
    try:
        code, _, err = console("merge", table)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for number in filled:
            os.close(number)
    assert code == 0, err
    assert (tmp_path / table).read_bytes() == whole


@pytest.mark.parametrize("then", ["merge", "shard"])
@pytest.mark.parametrize("left", [0, 1, 3, 5])
def test_a_merge_that_is_killed_at_its_end(both, scored, console, monkeypatch, left, then):
    """The whole table is there, and a part of what the shards have left."""
    unlink, rest = Path.unlink, [left]

    def end(path, **words):
        if "-of-2" in path.name and path.name[0] != ".":
            if not rest[0]:
                raise KeyboardInterrupt
            rest[0] -= 1
        unlink(path, **words)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", end)
        assert console("merge", "scores.csv")[0] == 130
    whole = {"scores.csv", "scores_residues.csv"}
    assert whole < names(both)
    if then == "merge":
        code, out, err = console("merge", "scores.csv")
        assert code == 0 and "nothing to merge" in out, err
        assert names(both) == whole
    else:  # another command may begin
        assert scored("--alignment", "number", "--shard", "1/3")[0] in (0, 1)
        assert names(both) == whole | {f"scores.1-of-3.csv{end}" for end in ("", ".shard")}


def test_a_shard_that_ends_without_a_table_while_another_starts(both, scored, monkeypatch):
    """Its record goes between the look into the folder and the reading."""
    read_json = shard_records.read_json

    def gone(path):
        if "1-of-2" in path.name:
            path.unlink()
        return read_json(path)

    monkeypatch.setattr(shard_records, "read_json", gone)
    code, _, err = scored("--per-residue", "--shard", "2/2")
    assert code in (0, 1) and "the record of a shard" not in err


def test_a_table_over_the_limit_is_no_damaged_one(scored, console, monkeypatch):
    for number in (1, 2):
        scored("--shard", f"{number}/2", out="scores.json")
    monkeypatch.setattr("protdiff._system.reading.largest_size", lambda: 1 << 9)
    code, _, err = console("merge", "scores.json")
    assert code == 2 and "scores.1-of-2.json: over " in err and "PROTDIFF_MAX_FILE_MB" in err
