"""`protdiff score` as a user runs it."""

import csv
import gzip
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import protdiff
from protdiff.metrics import QUALITY, SIMILARITY, score
from protdiff.metrics.search import tm_d0
from protdiff.structure.backbone import ONE_TO_THREE, Backbone

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
ENDS = ("warning", "error")


@pytest.fixture
def run(console):
    """Run the console script; returns exit code, stdout, stderr."""

    def call(*arguments):
        return console("score", *arguments)

    return call


def rows_of(path):
    """Rows of a CSV file; numbers where there are some, None for an empty field."""
    out = []
    for row in csv.DictReader(path.open(newline="", encoding="utf-8")):
        for name, text in row.items():
            try:
                row[name] = float(text) if text else None
            except ValueError:
                row[name] = text
        out.append(row)
    return out


def moved(one, seed, noise=0.0, **changes):
    """The structure somewhere else, with noise, and with other names or numbers."""
    rng = np.random.default_rng(seed)
    coords = one.coords + noise * rng.normal(size=one.coords.shape)
    coords = coords @ Rotation.random(rng=rng).as_matrix() + 30 * rng.normal(size=3)
    fields = ("residue_names", "chain_ids", "residue_numbers", "insertion_codes")
    arrays = {name: changes.get(name, getattr(one, name)) for name in fields}
    mask = changes.get("mask", one.mask)
    return Backbone(np.where(mask[..., None], coords, np.nan), mask, **arrays)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """models/ and references/ with two pairs: kringle and capsid."""
    path = tmp_path_factory.mktemp("score")
    (path / "models" / "deep").mkdir(parents=True)
    (path / "references").mkdir()
    kringle = protdiff.read(EXAMPLES / "1tpk.pdb")[20:65]
    capsid = protdiff.read(EXAMPLES / "1a8o.pdb.gz")[:40]
    protdiff.write(kringle, path / "references" / "kringle.cif.gz")
    protdiff.write(capsid, path / "references" / "capsid.pdb")
    protdiff.write(moved(kringle, 0, 0.5), path / "models" / "kringle_0.pdb")
    protdiff.write(moved(kringle, 1, 2.0), path / "models" / "kringle_1.pdb.gz")
    protdiff.write(moved(capsid, 2, 1.0), path / "models" / "deep" / "capsid.bcif")
    return path


def agree(row, expected):
    """A row of a CSV file has the numbers of a dict, rounded."""
    for name, value in expected.items():
        if isinstance(value, str):
            assert (row[name] or "") == value, name
        elif math.isnan(value):
            assert row[name] is None, name
        else:
            assert row[name] == pytest.approx(value, rel=5.1e-5, abs=5.1e-5), name


def test_quality_alone(run, folder, tmp_path):
    code, stdout, err = run(folder / "models", "--out", tmp_path / "x.csv")
    assert code == 0 and err == ""
    rows = rows_of(tmp_path / "x.csv")
    assert [Path(row["model"]).name for row in rows] == [
        "capsid.bcif", "kringle_0.pdb", "kringle_1.pdb.gz"
    ]  # fmt: skip
    for row in rows:
        assert list(row) == ["model", *QUALITY, *ENDS]
        agree(row, score(row["model"]).row())
    lines = stdout.splitlines()
    assert len([line for line in lines if ".pdb" in line or ".bcif" in line]) == 3
    [total] = [line.split() for line in lines if line.startswith("rg_ratio ")]
    values = [row["rg_ratio"] for row in rows]
    assert total[1] == "3"
    assert [float(x) for x in total[2:]] == pytest.approx(
        [np.mean(values), np.median(values)], abs=2e-4
    )
    assert "all columns in" in stdout


def test_pairs_by_name(run, folder, tmp_path):
    out = tmp_path / "x.csv"
    code, stdout, err = run(folder / "models", "--reference", folder / "references", "--out", out)
    assert code == 0 and err == ""
    rows = rows_of(out)
    assert [Path(row["reference"]).name for row in rows] == [
        "capsid.pdb", "kringle.cif.gz", "kringle.cif.gz"
    ]  # fmt: skip
    for row in rows:
        assert list(row) == ["model", "reference", *SIMILARITY, *QUALITY, *ENDS]
        agree(row, score(row["model"], row["reference"]).row())
    assert rows[1]["rmsd"] < rows[2]["rmsd"] and rows[1]["tm"] > rows[2]["tm"]
    assert "gdt_ts" in stdout


def test_pairs_of_a_table(run, folder, tmp_path):
    (tmp_path / "p.csv").write_text(
        "model,reference\nkringle_1.pdb.gz,kringle.cif.gz\nkringle_1.pdb.gz,\n"
    )
    code, _, err = run(
        folder / "models", "--pairs", tmp_path / "p.csv", "--reference", folder / "references",
        "--out", tmp_path / "x.csv",
    )  # fmt: skip
    assert code == 1 and "1 of 2 could not be scored" in err
    good, bad = rows_of(tmp_path / "x.csv")
    agree(good, score(folder / "models" / "kringle_1.pdb.gz",
                      folder / "references" / "kringle.cif.gz").row())  # fmt: skip
    assert "line 3: model or reference is empty" in bad["error"] and bad["tm"] is None


def test_without_quality_the_columns_are_fewer(run, folder, tmp_path):
    options = (folder / "models", "--reference", folder / "references", "--out")
    run(*options, tmp_path / "some.csv", "--no-quality")
    run(*options, tmp_path / "all.csv")
    some, everything = (rows_of(tmp_path / name) for name in ("some.csv", "all.csv"))
    assert list(some[0]) == ["model", "reference", *SIMILARITY, *ENDS]
    for one, row in zip(some, everything, strict=True):
        assert one == {name: row[name] for name in one}


def test_json_by_suffix(run, folder, tmp_path):
    models = folder / "models"
    (tmp_path / "bad.pdb").write_text("bad")
    for name in ("x.json", "x.csv"):
        code, *_ = run(models, tmp_path / "bad.pdb", "--out", tmp_path / name)
        assert code == 1
    found = json.loads((tmp_path / "x.json").read_text(), parse_constant=pytest.fail)
    expected = rows_of(tmp_path / "x.csv")
    assert len(found) == 4
    for row, other in zip(found, expected, strict=True):
        assert list(row) == list(other)
        agree(other, {name: math.nan if v is None else v for name, v in row.items()})
    assert found[3]["error"] == expected[3]["error"] and found[3]["rg"] is None


def test_several_processes_give_the_same_rows(run, folder, tmp_path):
    (tmp_path / "bad.pdb").write_text("bad")
    options = (folder / "models", tmp_path / "bad.pdb", "--reference", folder / "references")
    for jobs in (1, 2):
        code, *_ = run(*options, "--per-residue", "--out", tmp_path / f"{jobs}.csv", "--jobs", jobs)
        assert code == 1
    for end in (".csv", "_residues.csv"):
        assert (tmp_path / f"1{end}").read_bytes() == (tmp_path / f"2{end}").read_bytes()


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


def test_unused_references_are_named(run, folder):
    code, _, err = run(folder / "models" / "deep", "--reference", folder / "references")
    assert code == 0 and err == "warning: references without a model: kringle.cif.gz\n"


def test_residues_and_superposed_files(run, folder, tmp_path):
    code, *_ = run(
        folder / "models", "--reference", folder / "references", "--out", tmp_path / "x.json",
        "--per-residue", "--superpose", tmp_path / "on" / "top",
    )  # fmt: skip
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["on", "x.json", "x_residues.csv"]
    residues = rows_of(tmp_path / "x_residues.csv")
    for row in json.loads((tmp_path / "x.json").read_text()):
        model, reference = (protdiff.read(row[key]) for key in ("model", "reference"))
        on_top = protdiff.read(tmp_path / "on" / "top" / Path(row["model"]).name)
        own = [one for one in residues if one["model"] == row["model"]]
        expected = score(model, reference)
        assert len(own) == row["aligned"] == len(expected.pairs)
        for one, (i, j), lddt in zip(own, expected.pairs, expected.residue_lddt, strict=True):
            for side, backbone, k in (("model", model, i), ("reference", reference, j)):
                number = f"{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
                assert str(one[f"{side}_number"]).removesuffix(".0") == number
                assert one[f"{side}_residue"] == backbone.residue_names[k]
                assert one[f"{side}_chain"] == backbone.chain_ids[k]
            assert one["lddt"] == pytest.approx(lddt, abs=6e-5)
        # The written file lies on the reference: no fit is needed for its numbers.
        distance = np.linalg.norm(
            on_top.ca[expected.pairs[:, 0]] - reference.ca[expected.pairs[:, 1]], axis=1
        )
        np.testing.assert_allclose([one["distance"] for one in own], distance, atol=3e-3)
        tm = (1 / (1 + (distance / tm_d0(len(reference))) ** 2)).sum() / len(reference)
        assert tm == pytest.approx(row["tm"], abs=1e-3)
        assert np.sqrt((distance**2).mean()) >= row["rmsd"] - 1e-3
        inside = np.linalg.norm(model.coords[0] - model.coords[:, None, 0], axis=-1)
        np.testing.assert_allclose(
            np.linalg.norm(on_top.coords[0] - on_top.coords[:, None, 0], axis=-1), inside, atol=2e-3
        )


def test_chains_by_choice(run, folder, tmp_path):
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    two = [moved(capsid, seed, noise, chain_ids=np.full(40, name))
           for seed, noise, name in ((0, 0.2, "X"), (1, 3.0, "Y"))]  # fmt: skip
    both = Backbone(*(
        np.concatenate([getattr(one, field) for one in two])
        for field in ("coords", "mask", "residue_names", "chain_ids", "residue_numbers",
                      "insertion_codes")
    ))  # fmt: skip
    protdiff.write(both, tmp_path / "two.pdb")
    options = (tmp_path / "two.pdb", "--reference", folder / "references" / "capsid.pdb",
               "--out", tmp_path / "x.csv")  # fmt: skip
    found = {}
    for chain in ("X:A", "Y:A"):
        code, *_ = run(*options, "--chain", chain)
        [found[chain]] = rows_of(tmp_path / "x.csv")
        assert code == 0 and found[chain]["chains"] == chain and found[chain]["model_length"] == 40
    for chain, one in zip(found, two, strict=True):
        agree(found[chain], {"tm": score(one, capsid).tm, "rmsd": score(one, capsid).rmsd})
    run(*options)  # the better one by itself
    assert rows_of(tmp_path / "x.csv")[0]["chains"] == "X:A"
    assert "model chain Y not paired" in rows_of(tmp_path / "x.csv")[0]["warning"]
    code, *_ = run(*options, "--chain", "Z:A")
    assert code == 1 and rows_of(tmp_path / "x.csv")[0]["error"].startswith("no chain 'Z' in the")


def test_no_chain_is_paired_twice(run, folder):
    capsid = folder / "references" / "capsid.pdb"
    code, *_ = run(capsid, "--reference", capsid, "--chain", "A:A,A:A")
    assert code in (1, 2)


def test_whose_length_normalizes(run, folder, tmp_path):
    reference = folder / "references" / "kringle.cif.gz"
    short = protdiff.read(folder / "models" / "kringle_0.pdb")[:30]
    protdiff.write(short, tmp_path / "short.pdb")
    found = {}
    for choice in ("reference", "model", "shorter"):
        run(tmp_path / "short.pdb", "--reference", reference, "--normalize", choice,
            "--out", tmp_path / "x.csv")  # fmt: skip
        [found[choice]] = rows_of(tmp_path / "x.csv")
        agree(found[choice], score(short, reference, normalize=choice).row())
    assert found["shorter"] == found["model"]
    for key in ("gdt_ts", "gdt_ha"):
        assert found["reference"][key] * 45 == pytest.approx(found["model"][key] * 30, abs=0.01)
    assert found["reference"]["tm"] < 30 / 45 < found["model"]["tm"]


def test_alignment_by_number(run, folder, tmp_path):
    reference = folder / "references" / "capsid.pdb"
    capsid = protdiff.read(reference)
    shifted = moved(capsid, 0, residue_numbers=capsid.residue_numbers + 3)
    protdiff.write(shifted, tmp_path / "shifted.pdb")
    found = {}
    for choice in ("number", "sequence"):
        run(tmp_path / "shifted.pdb", "--reference", reference, "--alignment", choice,
            "--out", tmp_path / "x.csv")  # fmt: skip
        [found[choice]] = rows_of(tmp_path / "x.csv")
    assert found["sequence"]["aligned"] == 40 and found["sequence"]["identity"] == 1
    assert found["sequence"]["rmsd"] < 0.01 and found["number"]["rmsd"] > 1
    same = np.mean(capsid.residue_names[:-3] == capsid.residue_names[3:])
    agree(found["number"], {"aligned": 37.0, "identity": same})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no models; PRED... goes before --reference"),
        (["--reference", "a.pdb", "a.pdb"], "no models; PRED... goes before --reference"),
        (["a.pdb", "--chain", "A:A"], "--chain: needs --reference"),
        (["a.pdb", "--superpose", "moved"], "--superpose: needs --reference"),
        (["a.pdb", "--no-quality"], "--no-quality: without --reference nothing is left"),
        (["a.pdb", "--per-residue", "--out", "x.csv"], "--per-residue: needs --reference"),
        (["a.pdb", "--reference", "a.pdb", "--per-residue"], "--per-residue: needs"),
        (["a.pdb", "--reference", "a.pdb", "--chain", "A"], "write MODEL:REFERENCE"),
        (["a.pdb", "--reference", "a.pdb", "--chain", ""], "write MODEL:REFERENCE"),
        (["a.pdb", "--out", "x.txt"], "x.txt: the name must end in .csv or .json"),
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


def test_chain_that_flies_apart_is_a_row(run, folder, tmp_path):
    kringle = protdiff.read(folder / "references" / "kringle.cif.gz")
    coords = kringle.coords + 1e6 * (np.arange(45) >= 20)[:, None, None]
    protdiff.write(Backbone.from_coords(coords, kringle.sequence), tmp_path / "apart.cif")
    code, _, err = run(tmp_path / "apart.cif", folder / "models", "--out", tmp_path / "x.csv")
    assert code in (0, 1), err
    assert len(rows_of(tmp_path / "x.csv")) == 4


def test_interruption_leaves_nothing(run, folder, tmp_path, monkeypatch):
    from protdiff.cli import score as module

    real, done = module.score_task, []

    def interrupted(task, **options):
        if done:
            raise KeyboardInterrupt
        done.append(task)
        return real(task, **options)

    monkeypatch.setattr(module, "score_task", interrupted)
    code, _, err = run(folder / "models", "--out", tmp_path / "x.csv")
    assert code == 130 and "interrupted" in err and len(err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_interrupted_run_promises_nothing(run, folder, monkeypatch):
    from protdiff.cli import score as module

    def interrupted(task, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "score_task", interrupted)
    code, _, err = run(folder / "models")
    assert code == 130
    assert "continues" not in err


def test_designs_against_predictions(run, folder, tmp_path):
    """Designs without a sequence: all residues count, by position."""
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    (tmp_path / "designs").mkdir()
    for k, name in enumerate(("GLY", "ALA", "UNK")):
        design = moved(capsid, k, 0.3, residue_names=np.full(40, name))
        protdiff.write(design, tmp_path / "designs" / f"{name}.pdb")
    code, _, err = run(
        tmp_path / "designs", "--reference", folder / "references" / "capsid.pdb",
        "--out", tmp_path / "x.csv",
    )  # fmt: skip
    assert (code, err) == (0, "")
    for row in rows_of(tmp_path / "x.csv"):
        assert row["alignment"] == "position" and row["aligned"] == 40 and row["tm"] > 0.9
    code, _, err = run(
        tmp_path / "designs", "--reference", folder / "references" / "capsid.pdb",
        "--out", tmp_path / "x.csv", "--alignment", "sequence",
    )  # fmt: skip
    rows = rows_of(tmp_path / "x.csv")
    assert all(row["error"] or 'alignment "auto"' in row["warning"] for row in rows)


@pytest.mark.parametrize(
    "sequence, expected",
    [
        ("A" * 20 + "WKFEDRWQ" + "A" * 20, "X" * 20 + "WKFEDRWQ" + "X" * 20),
        ("G" * 20, "none"),
        ("ACDEFGHIKLMNPQRSTVWY", "ACDEFGHIKLMNPQRSTVWY"),
    ],
)
def test_letters_that_the_network_is_given(sequence, expected):
    """Not the placeholders of a design."""
    from protdiff.cli._shared.score_task import known_letters

    model = Backbone.from_coords(np.zeros((len(sequence), 4, 3)), sequence)
    assert known_letters(model) == expected


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


def test_warnings_of_reading_are_in_the_row(monkeypatch, folder, tmp_path):
    """Also beside an error; files are called model and reference there."""
    from protdiff._system.notices import warn
    from protdiff.cli._shared.pairing import Task
    from protdiff.cli._shared.score_task import RowOptions, score_task
    from protdiff.structure.io import read_write

    def read_and_warn(path, **options):
        warn(f"{path}: 2 models; the first is used")
        return real(path)

    real = read_write.read
    monkeypatch.setattr(read_write, "read", read_and_warn)
    path = folder / "references" / "capsid.pdb"
    shutil.copy(path, tmp_path / "x.pdb")
    task = Task(tmp_path / "x.pdb", path)
    options = RowOptions("auto", None, "reference", False, False, None, None)
    row, _ = score_task(task, options)
    expected = "model: 2 models, the first is used; reference: 2 models, the first is used"
    assert row["tm"] == pytest.approx(1) and row["warning"] == expected
    broken = RowOptions("auto", [("Z", "A")], "reference", False, False, None, None)
    row, _ = score_task(task, broken)
    assert "no chain 'Z'" in row["error"] and "2 models" in row["warning"]


def test_forced_pair_that_aligns_nothing(run, folder, tmp_path):
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    far = moved(capsid, 1, chain_ids=np.full(40, "B"))
    far = moved(far, 2, residue_numbers=far.residue_numbers + 1000)
    fields = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")
    for name, parts in (("model", (capsid, far)), ("reference", (capsid, capsid))):
        second = moved(parts[1], 3, chain_ids=np.full(40, "B"))
        both = (np.concatenate([getattr(one, f) for one in (parts[0], second)]) for f in fields)
        protdiff.write(Backbone(*both), tmp_path / f"{name}.pdb")
    code, _, err = run(
        tmp_path / "model.pdb", "--reference", tmp_path / "reference.pdb", "--chain", "A:A,B:B",
        "--alignment", "number", "--out", tmp_path / "x.csv",
    )  # fmt: skip
    [row] = rows_of(tmp_path / "x.csv")
    assert code == 1 and row["tm"] is None
    assert row["error"] == "no residue of the model is aligned to one of the reference in B:B"
    assert row["error"] in err
