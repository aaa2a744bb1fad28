"""`protdiff design`, as a user runs it."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from Bio import SeqIO

import protdiff
import protdiff.structure.io.writers
from protdiff.cli._shared import design_task
from protdiff.structure.backbone import joined

from .helpers import contents, rows_of


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


def test_copies_are_mmcif_where_the_format_cannot_hold_them(run, tmp_path):
    """Numbers of long chains go on in hexadecimal after 9999; the PDB writer has decimal ones."""
    rng = np.random.default_rng(0)
    coords = np.cumsum(rng.normal(size=(24, 1, 3)), 0) + rng.normal(size=(24, 4, 3))
    lines = protdiff.structure.io.writers.format_pdb(
        protdiff.Backbone.from_coords(coords, "A" * 24, residue_numbers=np.arange(9970, 9994))
    ).decode()
    numbers = {f"{9970 + k:4d}": f"{9990 + k:4d}" if k < 10 else f"{9990 + k:x}" for k in range(24)}
    text = "\n".join(
        line[:22] + numbers[line[22:26]] + line[26:] if line.startswith("ATOM") else line
        for line in lines.splitlines()
    )
    (tmp_path / "long.pdb").write_text(text + "\n")
    code, _, err = run(tmp_path / "long.pdb", "--num", 2)
    assert code == 0 and "residue number 10000 is outside" in err and len(err.splitlines()) == 1
    rows = rows_of(tmp_path / "out")
    assert [row["structure"] for row in rows] == ["long_0.cif", "long_1.cif"]
    made = protdiff.read(tmp_path / "out" / "structures" / "long_1.cif")
    assert made.residue_numbers.tolist() == list(range(9990, 10014))
    run(tmp_path / "long.pdb", "--num", 2)
    assert rows_of(tmp_path / "out") == rows


@pytest.mark.parametrize(
    ("chain_id", "suffix"), [("A'", ".cif"), ("Ä", ".cif"), ("Ä", ".pdb"), ("A B", ".cif")]
)
def test_chains_whose_names_no_file_can_hold(run, chain, tmp_path, chain_id, suffix):
    """mmCIF is ASCII, and not every reader understands quotes in it."""
    copy = replace(chain, coords=chain.coords + np.array([12.0, 0, 0]), chain_ids=np.full(30, "X"))
    file = tmp_path / f"strange{suffix}"
    protdiff.write(joined([chain, copy]), file)
    quoted = f'"{chain_id}"' if suffix == ".cif" else chain_id
    file.write_text(file.read_text().replace(" X ", f" {quoted} "), encoding="utf-8")
    assert protdiff.read(file).chains == ("A", chain_id)
    code, _, err = run(file, "--num", 2, "--fixed", f"{chain_id}:*")
    assert code == 0 and len(err.splitlines()) == 1, err
    assert f"have other names in the copies, which files can hold: {chain_id!r} is B" in err
    rows = rows_of(tmp_path / "out")
    assert [row["structure"] for row in rows] == [f"strange_{k}{suffix}" for k in range(2)]
    for row in rows:
        made = protdiff.read(tmp_path / "out" / "structures" / row["structure"])
        assert made.chains == ("A", "B") and made.chain("B").sequence == chain.sequence
        assert row["sequence"] == f"{made.chain('A').sequence}/{chain.sequence}"


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


def test_a_mistyped_name_makes_no_folder(run, tmp_path):
    code, _, err = run(tmp_path / "absent", tmp_path / "absent.pdb", "--num", 1)
    assert code == 2 and "absent: no such file or folder; check the path" in err
    assert not (tmp_path / "out").exists()


def test_names_with_spaces(run, folder, tmp_path):
    shutil.copy(folder / "a.pdb", tmp_path / "my design.pdb")
    assert run(tmp_path / "my design.pdb", "--num", 1)[0] == 0
    assert (tmp_path / "out" / "sequences.fasta").read_text().startswith(">my_design_0 ")


def test_two_files_of_one_name(run, folder, tmp_path):
    shutil.copy(folder / "a.pdb", tmp_path / "a.pdb")
    code, _, err = run(folder, tmp_path / "a.pdb")
    assert code == 2 and "2 files are called a" in err and not (tmp_path / "out").exists()
    assert f"({folder / 'a.pdb'} and {tmp_path / 'a.pdb'}); rename them" in err


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


def test_help_ends_with_examples(console):
    code, text, _ = console("design", "--help")
    assert code == 0 and "protdiff design complex.pdb --fixed" in text
    assert max(map(len, text.splitlines())) <= 80


def test_rows_are_one_line():
    assert design_task.shown("x:\n `tied` is\n wrong") == "x: --tied is wrong"
