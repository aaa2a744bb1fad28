"""Files that `protdiff score` cannot use: an error in their row, or the end with --strict."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.structure.backbone import ONE_TO_THREE, Backbone

from .helpers import EXAMPLES, moved, rows_of

DNA = (
    "ATOM      1  P    DA B   1      10.000  10.000  10.000  1.00  0.00           P  \n"
    "ATOM      2  C1'  DA B   1      11.000  10.000  10.000  1.00  0.00           C  \n"
    "ATOM      3  N9   DA B   1      12.000  10.000  10.000  1.00  0.00           N  \nEND\n"
)


@pytest.fixture
def bad_inputs(tmp_path):
    """Models of every bad kind with references, and the words that their rows must have."""
    models, references = tmp_path / "m", tmp_path / "r"
    for path in (models, references, references / "deep"):
        path.mkdir()
    capsid = protdiff.read(EXAMPLES / "1a8o.pdb.gz")[:40]
    for name in ("text", "empty", "dna", "trace", "other", "good", "cut", "twice"):
        protdiff.write(capsid, references / f"{name}.pdb")
    protdiff.write(capsid, references / "deep" / "twice.cif")
    (models / "text.pdb").write_text("not a structure\n")
    (models / "empty.pdb").write_text("")
    (models / "dna.pdb").write_text(DNA)
    (models / "cut.cif.gz").write_bytes(gzip.compress(b"data_x\n" * 500)[:40])
    trace = np.zeros(capsid.mask.shape, dtype=bool)
    trace[:, 1] = True
    protdiff.write(moved(capsid, 0, 0.1, mask=trace), models / "trace.pdb")
    other = capsid.sequence.translate(str.maketrans("ILVMFYWDENQKRSTAGPHC", "VMILYFYEDDERKTSSSSNS"))
    names = [ONE_TO_THREE[letter] for letter in other]  # alike everywhere, equal nowhere
    protdiff.write(moved(capsid, 1, residue_names=names), models / "other.pdb")
    protdiff.write(moved(capsid, 2, 0.1), models / "good.pdb")
    protdiff.write(capsid, models / "twice.pdb")
    protdiff.write(capsid, models / "nameless.pdb")
    errors = {
        "text.pdb": "no ATOM records",
        "empty.pdb": "empty file",
        "dna.pdb": "no protein residues",
        "cut.cif.gz": "truncated",
        "twice.pdb": "several references are called twice",
        "nameless.pdb": "no reference for the name nameless",
    }
    warnings = {"trace.pdb": "CA only", "other.pdb": "sequence identity 0 %"}
    return models, references, errors, warnings


def test_bad_input_gets_a_row_and_the_others_go_on(run, bad_inputs, tmp_path):
    models, references, errors, warnings = bad_inputs
    code, _, err = run(models, "--reference", references, "--out", tmp_path / "x.csv")
    rows = {Path(row["model"]).name: row for row in rows_of(tmp_path / "x.csv")}
    assert sorted(rows) == sorted([*errors, *warnings, "good.pdb"])
    for name, row in rows.items():
        if name in errors:
            assert errors[name] in row["error"] and len(row["error"].splitlines()) == 1
            assert row["warning"] is row["tm"] is row["residues"] is None
        else:
            assert row["error"] is None and row["tm"] > 0.95 and row["residues"] == 40
            assert warnings.get(name, "") in (row["warning"] or "")
    assert rows["good.pdb"]["warning"] is None
    trace, other = rows["trace.pdb"], rows["other.pdb"]
    assert trace["lddt"] > 0.9 and trace["lddt_backbone"] is trace["rama_favoured"] is None
    assert other["identity"] == 0 and other["rmsd"] == pytest.approx(0, abs=2e-3)
    assert code == 1 and "6 of 9 could not be scored" in err
    assert err.count("warning, 1 of 9:") == 2
    assert "references without a model" not in err  # every one has a model


def test_no_overlap_is_an_error_of_the_row(run, folder, tmp_path):
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    far = moved(capsid, 0, residue_numbers=capsid.residue_numbers + 1000)
    protdiff.write(far, tmp_path / "far.pdb")
    options = ("--reference", folder / "references" / "capsid.pdb", "--out", tmp_path / "x.csv")
    code, _, err = run(tmp_path / "far.pdb", *options, "--alignment", "number")
    [row] = rows_of(tmp_path / "x.csv")
    assert code == 1 and "no residue of the model is aligned" in row["error"]
    assert "1 of 1 could not be scored" in err
    code, *_ = run(tmp_path / "far.pdb", *options)  # by sequence nothing is wrong
    assert code == 0 and rows_of(tmp_path / "x.csv")[0]["aligned"] == 40


def test_strict_stops_and_leaves_nothing(run, bad_inputs, tmp_path):
    models, references, *_ = bad_inputs
    before = sorted(tmp_path.rglob("*"))
    code, stdout, err = run(
        models, "--reference", references, "--strict", "--per-residue", "--out", tmp_path / "x.csv",
    )  # fmt: skip
    assert code == 2 and len(err.splitlines()) == 1 and stdout == ""
    assert "cut.cif.gz" in err and "truncated" in err  # the first in order
    assert sorted(tmp_path.rglob("*")) == before


def test_strict_is_content_with_warnings(run, bad_inputs, tmp_path):
    models, references, _, warnings = bad_inputs
    files = [models / name for name in (*warnings, "good.pdb")]
    assert run(*files, "--reference", references, "--strict")[0] == 0


def test_chain_that_flies_apart_is_a_row(run, folder, tmp_path):
    kringle = protdiff.read(folder / "references" / "kringle.cif.gz")
    coords = kringle.coords + 1e6 * (np.arange(45) >= 20)[:, None, None]
    protdiff.write(Backbone.from_coords(coords, kringle.sequence), tmp_path / "apart.cif")
    code, _, err = run(tmp_path / "apart.cif", folder / "models", "--out", tmp_path / "x.csv")
    assert code in (0, 1), err
    assert len(rows_of(tmp_path / "x.csv")) == 4


def test_a_mistyped_name_writes_no_table(run, tmp_path):
    code, _, err = run(tmp_path / "modles", "--out", tmp_path / "x.csv")
    assert code == 2 and "modles: no such file or folder; check the path" in err
    assert not list(tmp_path.iterdir())
