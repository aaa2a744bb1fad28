"""Shards of `protdiff design`: their folder is that of one run."""

import shutil
import threading

import pytest

from protdiff._system.locks import shard_writer
from protdiff.cli._shared.sequence_files import drawn_rows, write_table

from .helpers import contents


@pytest.fixture
def several(folder):
    """Structures of which one cannot be read."""
    for number in range(3):
        shutil.copy(folder / "a.pdb", folder / f"x{number}.pdb")
    (folder / "x1.pdb").write_text("junk")
    return folder


def test_shards_are_one_run(run, console, several, tmp_path):
    options, out = (several, "--num", 2), tmp_path / "out"
    assert run(*options, out="whole")[0] == 1  # of the file that cannot be read
    whole = contents(tmp_path / "whole")
    codes = [run(*options, "--shard", f"{number}/3")[0] for number in (3, 1)]
    before = contents(out)
    code, _, err = console("merge", out)
    assert code == 2 and "run shard 2 (missing) of 3" in err and len(err.splitlines()) == 1
    assert contents(out) == before
    code, text, _ = run(*options, "--shard", "2/3")
    assert "next: protdiff merge" in text
    assert sorted([*codes, code]) == [0, 0, 1]
    code, text, err = console("merge", out)
    assert code == 0 and "6 structures" in text, err
    assert contents(out) == whole
    assert "nothing to merge" in console("merge", out)[1] and contents(out) == whole


def test_another_number_of_shards_and_a_whole_run_go_on(run, console, folder, tmp_path):
    options, out = (folder, "--num", 1), tmp_path / "out"
    run(*options, out="whole")
    whole = contents(tmp_path / "whole")
    run(*options, "--shard", "1/3")
    for number in (1, 2):
        assert run(*options, "--shard", f"{number}/2")[0] == 0
    assert console("merge", out)[0] == 0 and contents(out) == whole
    assert "(1 was there already)" in run(*options, "--shard", "2/3")[1]
    assert console("merge", out)[0] == 0 and contents(out) == whole
    shutil.rmtree(out)
    run(*options, "--shard", "3/3")
    assert "(1 was there already)" in run(*options)[1]
    assert contents(out) == whole


def test_a_shard_that_was_cut_off_goes_on(run, console, several, tmp_path):
    """What a kill in the middle of a row leaves: merge waits for it, and the shard continues."""
    options, out = (several, "--num", 2), tmp_path / "out"
    run(*options, out="whole")
    for number in (1, 2):
        run(*options, "--shard", f"{number}/2")
    table = out / "designs.1-of-2.csv"
    table.write_bytes(table.read_bytes()[:-9])
    code, _, err = console("merge", out)
    assert code == 2 and "shard 1 (unfinished, 2 of 3) of 2" in err
    run(*options, "--shard", "1/2")
    assert console("merge", out)[0] == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_a_row_that_was_cut_off_in_its_error_is_none(tmp_path):
    rows = [{"design": "a", "error": ""}, {"design": "b", "error": "b.pdb: no ATOM records"}]
    table = tmp_path / "designs.csv"
    write_table(table, rows)
    assert list(drawn_rows(table, errors=True)) == ["a", "b"]
    table.write_bytes(table.read_bytes()[:-9])
    assert list(drawn_rows(table, errors=True)) == ["a"]


def test_other_options_are_refused(run, folder, tmp_path):
    assert run(folder, "--num", 1, "--shard", "1/2")[0] == 0
    before = contents(tmp_path / "out")
    for options, named in ((("--seed", 1), "(seed)"), (("--num", 2), "(num)")):
        code, _, err = run(folder, "--num", 1, *options, "--shard", "2/2")
        assert code == 2 and named in err and "shard 1/2" in err and len(err.splitlines()) == 1
    code, _, err = run(folder / "a.pdb", "--num", 1, "--shard", "2/2")
    assert code == 2 and "(1 result, there 3)" in err
    assert contents(tmp_path / "out") == before


def test_a_folder_of_something_else_is_left_alone(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sequences.fasta").write_text(">mine\nMK\n")
    code, _, err = run(folder, "--shard", "1/2")
    assert code == 2 and "sequences.fasta: not of this command" in err
    assert list(contents(tmp_path / "out").values()) == [b">mine\nMK\n"]


def test_a_shard_waits_for_one_that_starts(run, folder, tmp_path):
    """What another has begun in the folder is not of something else."""
    out, waits = tmp_path / "out", threading.Event()
    assert run(folder, "--num", 1, "--shard", "1/2")[0] == 0
    record = out / "designs.1-of-2.csv.shard"
    text = record.read_bytes()
    for path in out.iterdir():
        if path.is_file():
            path.unlink()

    def begin(names):
        waits.set()
        threading.Event().wait(2)
        record.write_bytes(text)

    def start():
        with shard_writer(out, 1, 2, begin):
            pass

    other = threading.Thread(target=start)
    other.start()
    assert waits.wait(60)
    code, _, err = run(folder, "--num", 1, "--shard", "2/2")
    other.join()
    assert code == 0, err
