"""`protdiff design`, as a user runs it."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest
from Bio import SeqIO

import protdiff
from protdiff.cli._shared import design_task, sequence_folder
from protdiff.structure.backbone import joined

from ..conftest import ROOT

EXAMPLES = ROOT / "data" / "examples"


@pytest.fixture(scope="module")
def chain():
    """A chain of 30 residues that is called A."""
    return protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:40]


@pytest.fixture
def folder(chain, tmp_path):
    """Three structures, one of them with two chains."""
    folder = tmp_path / "designs"
    folder.mkdir()
    protdiff.write(chain, folder / "a.pdb")
    protdiff.write(chain[:20], folder / "b.cif")
    copy = replace(chain, coords=chain.coords + np.array([12.0, 0, 0]), chain_ids=np.full(30, "B"))
    protdiff.write(joined([chain, copy]), folder / "c.pdb.gz")
    return folder


@pytest.fixture
def run(console, tiny_types, tmp_path):
    """Run ``protdiff design``; returns exit code, stdout, stderr."""

    def call(*arguments, out="out"):
        return console("design", *arguments, "--weights", tiny_types, "--out", tmp_path / out)

    return call


def rows_of(out):
    return list(csv.DictReader((out / "designs.csv").open(newline="")))


def contents(out):
    return {p.relative_to(out): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_fasta_table_and_copies(run, folder, chain, tmp_path):
    code, text, err = run(folder, "--num", 2, "--seed", 5)
    assert code == 0 and not err
    first, second = text.splitlines()
    assert first.startswith("3 designs, 6 sequences, median ") and second.startswith("next: ")
    out, rows = tmp_path / "out", rows_of(tmp_path / "out")
    assert [row["design"] for row in rows] == list("aabbcc")
    assert [row["number"] for row in rows] == list("010101")
    assert [row["residues"] for row in rows] == ["30", "30", "20", "20", "60", "60"]
    assert all(row["designed"] == row["residues"] and row["seed"] == "5" for row in rows)
    records = list(SeqIO.parse(out / "sequences.fasta", "fasta"))
    assert [r.id for r in records] == ["a_0", "a_1", "b_0", "b_1", "c_0", "c_1"]
    for record, row in zip(records, rows, strict=True):
        assert str(record.seq) == row["sequence"]
        assert record.description == (
            f"{row['design']}_{row['number']} design={row['design']} number={row['number']} "
            f"nats={row['nats']} seed=5"
        )
    names = ["a_0.pdb", "a_1.pdb", "b_0.cif", "b_1.cif", "c_0.pdb.gz", "c_1.pdb.gz"]
    assert sorted(p.name for p in (out / "structures").iterdir()) == names
    for name, row in zip(names, rows, strict=True):
        made, source = protdiff.read(out / "structures" / name), protdiff.read(row["file"])
        assert "/".join(made.chain(c).sequence for c in made.chains) == row["sequence"]
        np.testing.assert_array_equal(made.coords, source.coords)
        for field in ("mask", "chain_ids", "residue_numbers", "insertion_codes", "b_factors"):
            np.testing.assert_array_equal(getattr(made, field), getattr(source, field))


def test_the_library_gives_the_same_sequences(run, folder, tiny_types, tmp_path):
    run(folder / "a.pdb", "--num", 2)
    drawn = protdiff.design(folder / "a.pdb", 2, weights=tiny_types)
    rows = rows_of(tmp_path / "out")
    assert [row["sequence"] for row in rows] == [one.sequence for one in drawn]
    assert [row["nats"] for row in rows] == [f"{one.nats:.4f}" for one in drawn]


def test_equal_bytes_for_every_number_of_processes(run, folder, tmp_path):
    run(folder, "--num", 2, out="one")
    code, _, err = run(folder, "--num", 2, "--jobs", 2, out="two")
    assert code == 0, err
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.parametrize("cut", [0, 7])
def test_an_interrupted_run_continues(run, folder, tmp_path, monkeypatch, cut):
    options = (folder, "--num", 2, "--temperature", 1)
    assert run(*options, out="whole")[0] == 0
    work, done = sequence_folder.design_task, []

    def interrupted(task, **more):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(task.name)
        return work(task, **more)

    monkeypatch.setattr(sequence_folder, "design_task", interrupted)
    code, _, err = run(*options)
    assert code == 130 and "the same command continues" in err
    table = tmp_path / "out" / "designs.csv"
    assert len(rows_of(tmp_path / "out")) == 4
    if cut:  # what a kill in the middle of a line leaves
        table.write_bytes(table.read_bytes()[:-cut])
    monkeypatch.setattr(
        sequence_folder, "design_task", lambda t, **m: done.append(t) or work(t, **m)
    )
    code, text, _ = run(*options)
    assert code == 0 and f"({1 if cut else 2} were there already)" in text
    assert len(done) == (4 if cut else 3)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_copy_that_is_gone_is_made_anew(run, folder, tmp_path):
    run(folder, "--num", 2)
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "structures" / "b_1.cif").unlink()
    assert "(2 were there already)" in run(folder, "--num", 2)[1]
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--num", 3), "num"),
        (("--seed", 1), "seed"),
        (("--omit", "C"), "omit"),
        (("--fixed", "A*"), "fixed"),
        (("--keep-known",), "keep-known"),
    ],
)
def test_other_options_are_refused(run, folder, tmp_path, options, named):
    assert run(folder, "--num", 2)[0] == 0
    before = contents(tmp_path / "out")
    code, _, err = run(folder, "--num", 2, *options)
    assert code == 2 and f"other options ({named})" in err and len(err.splitlines()) == 1
    assert contents(tmp_path / "out") == before


def test_other_inputs_are_refused(run, folder, chain, tmp_path):
    run(folder, "--num", 1)
    code, _, err = run(folder / "a.pdb", "--num", 1)
    assert code == 2 and "b.cif, which is not given now" in err
    protdiff.write(chain[:25], folder / "a.pdb")
    code, _, err = run(folder, "--num", 1)
    assert code == 2 and "a.pdb has changed since" in err


def test_other_options_may_mend_a_run_without_a_sequence(run, folder, tmp_path):
    assert run(folder / "a.pdb", "--num", 1, "--fixed", "B*")[0] == 1
    code, _, err = run(folder / "a.pdb", "--num", 1, "--fixed", "A11-12")
    assert code == 0, err
    run(folder / "a.pdb", "--num", 1, "--fixed", "A11-12", out="whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_table_that_is_no_table(run, folder, tmp_path):
    run(folder / "a.pdb", "--num", 1)
    (tmp_path / "out" / "designs.csv").write_text("a,b\n1,2\n")
    code, _, err = run(folder / "a.pdb", "--num", 1)
    assert code == 2 and "designs.csv: not of this command" in err


def test_more_inputs_are_added(run, folder, tmp_path):
    run(folder, "--num", 1, out="whole")
    protdiff.write(protdiff.read(folder / "c.pdb.gz"), tmp_path / "c.pdb.gz")
    (folder / "c.pdb.gz").unlink()
    run(folder, "--num", 1)
    shutil.move(tmp_path / "c.pdb.gz", folder / "c.pdb.gz")
    code, text, _ = run(folder, "--num", 1)
    assert code == 0 and "(2 were there already)" in text
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_folder_of_something_else_is_left_alone(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sequences.fasta").write_text(">mine\nMK\n")
    code, _, err = run(folder)
    assert code == 2 and "sequences.fasta: not of this command" in err
    assert list(contents(tmp_path / "out").values()) == [b">mine\nMK\n"]


def test_results_inside_the_input_folder_are_no_inputs(run, folder, tmp_path):
    for _ in range(2):
        code, text, _ = run(folder, "--num", 1, out="designs/sequences")
        assert code == 0 and text.startswith("3 designs")


def test_files_that_cannot_be_designed_get_a_row(run, folder, tmp_path):
    (folder / "bad.pdb").write_text("nothing\n")
    code, text, err = run(folder, tmp_path / "absent.pdb", "--num", 1)
    assert code == 1 and "2 of 5 could not be designed" in err and text.startswith("3 designs")
    errors = {row["design"]: row["error"] for row in rows_of(tmp_path / "out") if row["error"]}
    assert errors.keys() == {"bad", "absent"} and "no such file" in errors["absent"]
    # A second try takes what has been mended.
    shutil.copy(folder / "a.pdb", folder / "bad.pdb")
    code, text, _ = run(folder, tmp_path / "absent.pdb", "--num", 1)
    assert code == 1 and text.startswith("4 designs (3 were there already)")


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


def test_nothing_left_to_design(run, folder, tmp_path):
    code, text, err = run(folder / "a.pdb", "--keep-known")
    assert code == 1 and "every residue keeps its type" in err and not text


def test_names_with_spaces(run, folder, tmp_path):
    shutil.copy(folder / "a.pdb", tmp_path / "my design.pdb")
    assert run(tmp_path / "my design.pdb", "--num", 1)[0] == 0
    assert (tmp_path / "out" / "sequences.fasta").read_text().startswith(">my_design_0 ")


def test_two_files_of_one_name(run, folder, tmp_path):
    shutil.copy(folder / "a.pdb", tmp_path / "a.pdb")
    code, _, err = run(folder, tmp_path / "a.pdb")
    assert code == 2 and "2 files are called a" in err and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fixed", "10-x"), "--fixed: '10-x' is not a segment"),
        (("--fixed", "A1,,"), "names no residues"),
        (("--fixed", "*"), "name a chain"),
        (("--omit", "CZ"), "--omit CZ: 'Z' is no residue type"),
        (("--omit", "ARNDCQEGHILKMFPSTWYV"), "leaves no residue type"),
        (("--tied", "A"), "--tied A: name two or more chains"),
        (("--tied", "A,A"), "--tied A,A"),
        (("--temperature", "-1"), "--temperature -1: must lie between"),
        (("--temperature", "nan"), "--temperature nan: must lie between"),
        (("--bias", "absent.csv"), "--bias absent.csv: cannot be read"),
        (("--num", "0"), "--num"),
    ],
)
def test_bad_options_are_one_line(run, folder, tmp_path, options, message):
    code, _, err = run(folder, *options)
    assert code == 2 and message in err and len(err.splitlines()) == 1, err
    assert not (tmp_path / "out").exists()


def test_bad_weights(console, folder, tiny_weights, tmp_path):
    for weights, message in (("nothing", "no weights of this name"), (tiny_weights, "another")):
        code, _, err = console("design", folder, "--weights", weights, "--out", tmp_path / "out")
        assert code == 2 and message in err and len(err.splitlines()) == 1
        assert not (tmp_path / "out").exists()


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


def test_help_ends_with_examples(console):
    code, text, _ = console("design", "--help")
    assert code == 0 and "protdiff design complex.pdb --fixed" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.fixture
def generate(console, tiny_weights, tiny_types, tmp_path, monkeypatch):
    """Run ``protdiff generate --sequences 2``; returns exit code, stdout, stderr."""
    monkeypatch.setattr("protdiff.sequence.sequence_weights.DEFAULT", str(tiny_types))

    def call(*options):
        return console(
            "generate", "--weights", tiny_weights, "--steps", 4, "--out", tmp_path / "g",
            "--sequences", 2, *options,
        )  # fmt: skip

    return call


def test_generate_with_sequences(generate, tmp_path):
    code, text, err = generate("--length", 20, "--num", 2)
    assert code == 0, err
    assert "2 designs, 4 sequences" in text
    rows = rows_of(tmp_path / "g" / "sequences")
    assert [row["design"] for row in rows] == ["backbone_0000"] * 2 + ["backbone_0001"] * 2
    assert all(row["designed"] == "20" for row in rows)
    code, text, _ = generate("--length", 20, "--num", 3)
    assert code == 0 and "3 designs (2 were there already)" in text


def test_generated_motifs_keep_their_residues(generate, chain, tmp_path):
    """Also those that are called alanine, as the rest is."""
    names = chain.residue_names.copy()
    names[6] = "ALA"
    source = replace(chain, residue_names=names)
    protdiff.write(source, tmp_path / "in.pdb")
    first, last = chain.residue_numbers[[4, 9]]
    code, _, err = generate("--motif", tmp_path / "in.pdb", "--contig", f"5,A{first}-{last},6")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert row["sequence"][5:11] == source.sequence[4:10] and row["designed"] == "11"


def test_generated_sequences_keep_given_letters(generate, tmp_path):
    assert generate("--sequence", "XXXXWKXXXXXXXXXXXXXX")[0] == 0
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert row["sequence"][4:6] == "WK" and row["designed"] == "18" and row["kept"] == "A5-6"


def test_redesigned_segments_get_new_types(generate, folder, chain, tmp_path):
    first, last = chain.residue_numbers[[10, 14]]
    code, _, err = generate("--in", folder / "c.pdb.gz", "--redesign", f"B{first}-{last}")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        a, b = row["sequence"].split("/")
        assert a == chain.sequence and row["designed"] == "5"
        assert b[:10] == chain.sequence[:10] and b[15:] == chain.sequence[15:]


def test_symmetric_copies_have_one_sequence(generate, tmp_path):
    code, _, err = generate("--length", 16, "--symmetry", "C3")
    assert code == 0, err
    for row in rows_of(tmp_path / "g" / "sequences"):
        assert len(set(row["sequence"].split("/"))) == 1 and row["sequence"].count("/") == 2


def test_rows_are_one_line():
    assert design_task.shown("x:\n `tied` is\n wrong") == "x: --tied is wrong"
