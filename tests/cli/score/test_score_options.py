"""Options of `protdiff score`: which go together, and files that are not overwritten."""

import shutil

import pytest

from .helpers import rows_of


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no models; PRED... goes before --reference"),
        (["--reference", "a.pdb", "a.pdb"], "no models; PRED... goes before --reference"),
        (["a.pdb", "--chain", "A:A"], "--chain A:A: without --reference write chains"),
        (["a.pdb", "--chain", "A,A"], "--chain A,A: without --reference write chains"),
        (["a.pdb", "--superpose", "moved"], "--superpose: needs --reference"),
        (["a.pdb", "--no-quality"], "--no-quality: without --reference nothing is left"),
        (["a.pdb", "--per-residue", "--out", "x.csv"], "--per-residue: needs --reference"),
        (["a.pdb", "--reference", "a.pdb", "--per-residue"], "--per-residue: needs"),
        (["a.pdb", "--reference", "a.pdb", "--chain", "A"], "write MODEL:REFERENCE"),
        (["a.pdb", "--reference", "a.pdb", "--chain", ""], "write MODEL:REFERENCE"),
        (["a.pdb", "--out", "x.txt"], "x.txt: the name must end in .csv, .json or .parquet"),
        (["a.pdb", "--out", "sub"], "--out sub: is a folder"),
        (["a.pdb", "--out", "nowhere/x.csv"], "nowhere/x.csv: cannot be written"),
        (["empty"], "empty: no structure files"),
        (["*.cif"], "*.cif: no structure file matches"),
        (["a.pdb", "--reference", "empty"], "empty: no structure files"),
        (["a.pdb", "--pairs", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["a.pdb", "--pairs", "a.pdb"], "needs a header"),
        (["a.pdb", "sub/a.pdb", "--reference", "a.pdb", "--superpose", "s"], "2 models are called"),
        (
            ["a.pdb", "--reference", "a.pdb", "--superpose", "a.pdb"],
            "--superpose a.pdb: is not a folder",
        ),
        (["a.pdb", "--alignment", "magic"], "--alignment"),
        (["a.pdb", "--normalize", "both"], "--normalize"),
        (["a.pdb", "--jobs", "-1"], "--jobs"),
        (["a.pdb", "--unknown"], "--unknown"),
    ],
)
def test_options_that_do_not_go_together(run, folder, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "sub").mkdir()
    shutil.copy(folder / "references" / "capsid.pdb", tmp_path / "a.pdb")
    shutil.copy(tmp_path / "a.pdb", tmp_path / "sub" / "a.pdb")
    before = sorted(tmp_path.rglob("*"))
    code, stdout, err = run(*options)
    assert code == 2 and message in err and len(err.splitlines()) == 1 and stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("option", ["--reference", "--reference=r.pdb"])
def test_reference_takes_many_files(run, folder, tmp_path, monkeypatch, option):
    monkeypatch.chdir(folder)
    shutil.copy(folder / "references" / "capsid.pdb", tmp_path / "r.pdb")
    models, references = ["models/kringle_0.pdb", "models/deep/capsid.bcif"], [
        "references/capsid.pdb", "references/kringle.cif.gz"
    ]  # fmt: skip
    out = tmp_path / "x.csv"
    if option == "--reference":
        code, *_ = run(*models, option, *references, "--out", out)
        expected = [references[1], references[0]]
    else:  # one value, what follows is another model
        code, *_ = run(models[0], f"--reference={references[1]}", models[1], "--out", out)
        expected = [references[1]] * 2
    assert code == 0 and [row["reference"] for row in rows_of(out)] == expected


@pytest.mark.parametrize("more", [[], ["--strict"]])
def test_reference_without_a_value_is_an_error(run, folder, more):
    """As when a shell variable is empty: to score without a reference is not what was meant."""
    code, *_ = run(folder / "models", "--reference", *more)
    assert code == 2


def test_help_after_the_references(run, folder):
    code, stdout, _ = run(folder / "models", "--reference", folder / "references", "-h")
    assert code == 0 and "Usage" in stdout


def test_superposed_models_do_not_replace_the_models(run, folder, tmp_path):
    shutil.copy(folder / "models" / "kringle_0.pdb", tmp_path / "kringle.pdb")
    before = (tmp_path / "kringle.pdb").read_bytes()
    reference = folder / "references" / "kringle.cif.gz"
    run(tmp_path / "kringle.pdb", "--reference", reference, "--superpose", tmp_path)
    assert (tmp_path / "kringle.pdb").read_bytes() == before


def test_results_do_not_replace_the_table_of_pairs(run, folder, tmp_path):
    (tmp_path / "p.csv").write_text("model,reference\nkringle_0.pdb,kringle.cif.gz\n")
    run(folder / "models", "--reference", folder / "references",
        "--pairs", tmp_path / "p.csv", "--out", tmp_path / "p.csv")  # fmt: skip
    assert len((tmp_path / "p.csv").read_text().splitlines()[0]) == len("model,reference")


def test_bad_output_name_leaves_no_folder(run, folder, tmp_path):
    code, *_ = run(folder / "models", "--reference", folder / "references",
                   "--superpose", tmp_path / "moved", "--out", tmp_path / "x.txt")  # fmt: skip
    assert code == 2
    assert list(tmp_path.iterdir()) == []
