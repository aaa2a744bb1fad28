"""Options that name residues: which keep their type, which are favoured, which are tied."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

import protdiff

from .helpers import rows_of


def test_fixed_ranges_and_chains(run, folder, chain, tmp_path):
    first, last = chain.residue_numbers[[4, 9]]
    code, _, err = run(folder / "c.pdb.gz", "--num", 3, "--fixed", f"A{first}-{last},B:*")
    assert code == 0, err
    for row in rows_of(tmp_path / "out"):
        a, b = row["sequence"].split("/")
        assert b == chain.sequence and a[4:10] == chain.sequence[4:10] and a != b
        assert row["designed"] == "24"
        assert row["kept"].split(",")[0] == f"A{first}-{last}" and row["kept"].count("B") == 1


def test_a_range_that_one_file_lacks_is_an_error_of_its_row(run, folder, tmp_path):
    code, _, err = run(folder, "--num", 1, "--fixed", "B*")
    assert code == 1 and "2 of 3 could not be designed" in err
    errors = [row["error"] for row in rows_of(tmp_path / "out")]
    assert errors[2] == "" and all("--fixed: no chain B" in error for error in errors[:2])


def test_omit_and_bias(run, folder, chain, tmp_path):
    number = chain.residue_numbers[6]
    bias = tmp_path / "bias.csv"
    bias.write_text(f"chain,number,letter,nats\nA,{number},W,1e9\n,,g,-inf\nB,,LYS,1e6\n")
    code, _, err = run(folder / "c.pdb.gz", "--num", 3, "--omit", "c,a", "--bias", bias,
                       "--temperature", 1)  # fmt: skip
    assert code == 0, err
    for row in rows_of(tmp_path / "out"):
        a, b = row["sequence"].split("/")
        assert a[6] == "W" and set(b) == {"K"} and not set(a) & set("CAG")


def test_bias_by_letter(run, folder, tmp_path):
    bias = tmp_path / "bias.csv"
    bias.write_text("Letter, nats\nY, 1e9\n")
    assert run(folder / "a.pdb", "--num", 1, "--bias", bias)[0] == 0
    assert rows_of(tmp_path / "out")[0]["sequence"] == "Y" * 30


def test_tied_copies(run, folder, tmp_path):
    code, _, err = run(folder / "c.pdb.gz", "--num", 3, "--tied", "A,B", "--temperature", 1)
    assert code == 0, err
    for row in rows_of(tmp_path / "out"):
        a, b = row["sequence"].split("/")
        assert a == b


@pytest.mark.parametrize("name", ["ALA", "GLY", "UNK"])
def test_known_residues_are_kept(run, chain, tmp_path, name):
    names = np.full(30, name)
    names[[3, 4, 5, 20]] = ["TRP", "GLY", "LYS", "UNK"]
    protdiff.write(replace(chain, residue_names=names), tmp_path / "x.pdb")
    code, _, err = run(tmp_path / "x.pdb", "--num", 3, "--keep-known", "--temperature", 1)
    assert code == 0, err
    for row in rows_of(tmp_path / "out"):
        assert row["sequence"][3] == "W" and row["sequence"][5] == "K"
        assert "X" not in row["sequence"]
        assert row["designed"] == ("28" if name == "GLY" else "27")
        assert (row["sequence"][4] == "G") or name == "GLY"
        assert row["kept"].startswith(f"A{chain.residue_numbers[3]}")


def test_a_chain_with_a_sequence_is_kept_whole(run, folder, chain, tmp_path):
    """A designed chain beside its target."""
    pair = protdiff.read(folder / "c.pdb.gz")
    names = pair.residue_names.copy()
    names[:30] = "ALA"
    protdiff.write(replace(pair, residue_names=names), tmp_path / "x.pdb")
    assert run(tmp_path / "x.pdb", "--num", 1, "--keep-known")[0] == 0
    [row] = rows_of(tmp_path / "out")
    assert row["sequence"].split("/")[1] == chain.sequence and row["designed"] == "30"


def test_a_placeholder_that_is_not_most_of_the_chain_is_said(run, chain, tmp_path):
    names = np.where(np.arange(30) < 12, "ALA", "LEU")
    names[29] = "UNK"
    protdiff.write(replace(chain, residue_names=names), tmp_path / "x.pdb")
    code, _, err = run(tmp_path / "x.pdb", "--num", 1, "--keep-known")
    assert code == 0 and "chain A: 40% ALA is not most of it" in err
    assert "40% ALA" in rows_of(tmp_path / "out")[0]["warning"]


def test_what_an_input_gave_is_kept(run, chain, tmp_path):
    """By the table of generate; a table of the user that has its name matters to no other run."""
    protdiff.write(chain, tmp_path / "x.pdb")
    table = tmp_path / "residues.csv"
    table.write_text("file,residue,input_chain,input_residue,residue_name\nx.pdb,3,A,5,TRP\n")
    assert run(tmp_path / "x.pdb", "--num", 1, "--keep-known")[0] == 0
    [row] = rows_of(tmp_path / "out")
    assert row["designed"] == "29" and row["kept"] == f"A{chain.residue_numbers[2]}"
    table.write_text("mine\n1\n")
    shutil.rmtree(tmp_path / "out")
    assert run(tmp_path / "x.pdb", "--num", 1)[0] == 0
    shutil.rmtree(tmp_path / "out")
    code, _, err = run(tmp_path / "x.pdb", "--num", 1, "--keep-known")
    assert code == 1 and "residues.csv: not as protdiff generate writes it" in err


def test_nothing_left_to_design(run, folder, tmp_path):
    code, text, err = run(folder / "a.pdb", "--keep-known")
    assert code == 1 and "every residue keeps its type" in err and not text
    assert "nothing is left to design; leave --keep-known out" in err
    code, _, err = run(folder / "a.pdb", "--fixed", "A:*", out="fixed")
    assert code == 1 and "nothing is left to design; name fewer in --fixed" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs a header with the columns letter,nats"),
        ("letter,nats\n", "has no rows"),
        ("a,b\n1,2\n", "needs a header"),
        ("letter,nats\nZ,1\n", "line 2: 'Z' is no residue type"),
        ("letter,nats\nA,x\n", "line 2: 'x' is not a number of nats"),
        ("letter,nats\nA,inf\n", "line 2: 'inf' is not a number"),
        ("letter,nats\nA,1\nC,0\nala,2\n", "line 4: the same residues and type once more"),
        ("chain,number,letter,nats\nA,x,A,1\n", "line 2: 'x' is not a segment"),
    ],
)
def test_bad_bias_files(run, folder, tmp_path, text, message):
    (tmp_path / "bias.csv").write_text(text)
    code, _, err = run(folder, "--bias", tmp_path / "bias.csv")
    assert code == 2 and message in err and len(err.splitlines()) == 1, err
    assert not (tmp_path / "out").exists()
