"""What `protdiff score` prints: names, errors and warnings of the rows."""

import re
import shutil
from dataclasses import replace

import pytest

import protdiff

from .helpers import moved, rows_of


def test_unused_references_are_named(run, folder):
    code, _, err = run(folder / "models" / "deep", "--reference", folder / "references")
    assert code == 0 and err == "warning: references without a model: kringle.cif.gz\n"


@pytest.mark.parametrize("name", ["a[red]b.pdb", "x[/y].pdb"])
def test_names_are_printed_as_they_are(run, folder, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "references" / "capsid.pdb", path)
    code, stdout, _ = run(path)
    assert code == 0 and path.name in stdout


def test_errors_among_many_are_shown(run, folder, tmp_path):
    for k in range(26):
        shutil.copy(folder / "references" / "capsid.pdb", tmp_path / f"m{k}.pdb")
    (tmp_path / "m7.pdb").write_text("")
    code, stdout, err = run(tmp_path, "--reference", folder / "references" / "capsid.pdb",
                            "--no-quality")  # fmt: skip
    assert code == 1 and "m7.pdb" in stdout + err


def test_many_warnings_of_a_kind_are_one_line(run, folder, tmp_path):
    """Half of the residues and fewer; each row says how many."""
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    (tmp_path / "models").mkdir()
    for k in range(1, 8):
        late = moved(capsid, k, residue_numbers=capsid.residue_numbers + 20 + k)
        protdiff.write(late, tmp_path / "models" / f"m{k}.pdb")
    code, _, err = run(
        tmp_path / "models", "--reference", folder / "references" / "capsid.pdb",
        "--alignment", "number", "--out", tmp_path / "x.csv", "--jobs", "2",
    )  # fmt: skip
    assert code == 0
    for k, row in enumerate(rows_of(tmp_path / "x.csv"), 1):
        assert f"only {20 - k} of 40 residues aligned" in row["warning"]
    lines = [line for line in err.splitlines() if "aligned" in line]
    assert lines == ["warning, 7 of 7: only 19 of 40 residues aligned (as in m1.pdb)"]
    assert len(err.splitlines()) <= 2  # the identity of other residues


def test_narrow_terminal_shows_faults_and_a_whole_summary(run, folder, tmp_path, monkeypatch):
    """What is outside the range of real chains is not the column that 80 characters cut off."""
    for variable, value in (("FORCE_COLOR", "1"), ("COLUMNS", "80")):
        monkeypatch.setenv(variable, value)
    for k in range(3):
        shutil.copy(folder / "references" / "capsid.pdb", tmp_path / f"model_of_long_name_{k}.pdb")
    _, out, _ = run(
        tmp_path, "--reference", folder / "references" / "capsid.pdb", "--out", tmp_path / "x.csv"
    )
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    [heading] = [line for line in lines if line.startswith("model ")]
    assert heading.split()[:5] == ["model", "tm", "lddt", "rmsd", "outside"]
    assert all(len(line) <= 80 for line in lines if not line.startswith("all columns in "))
    summary = [line.split()[0] for line in lines if line.split()[1:2] == ["3"]]
    assert {"tm", "gdt_ha", "aligned", "ca_bonds", "rama_outliers"} <= set(summary)


def test_a_long_path_is_not_broken_on_a_terminal(run, folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for the console
    out = tmp_path / ("x" * 100) / "scores.csv"
    out.parent.mkdir()
    code, stdout, _ = run(folder / "references" / "capsid.pdb", "--out", out)
    assert code == 0 and f"all columns in {out}\n" in stdout


def test_counts_of_what_is_outside_stand_apart(run, folder, tmp_path):
    """Words such as "CA-CA steps off 3.8 Å" end with a number of their own."""
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    for k in range(2):
        protdiff.write(replace(capsid, coords=1.2 * capsid.coords), tmp_path / f"{k}.pdb")
    code, stdout, _ = run(tmp_path)
    assert code == 0 and "CA-CA steps off 3.8 Å (2), " in stdout
