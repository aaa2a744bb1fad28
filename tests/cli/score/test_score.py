"""`protdiff score` as a user runs it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.metrics import QUALITY, SIMILARITY, score
from protdiff.metrics.all_atom import ALL_ATOM_ALONE, ALL_ATOM_SIMILARITY
from protdiff.metrics.confidence.predicted import CONFIDENCE
from protdiff.metrics.interfaces.complex_scores import COMPLEX
from protdiff.metrics.search import tm_d0
from protdiff.metrics.verdict import VERDICT

from .helpers import ENDS, agree, rows_of


def test_quality_alone(run, folder, tmp_path):
    code, stdout, err = run(folder / "models", "--out", tmp_path / "x.csv")
    assert code == 0 and err == ""
    rows = rows_of(tmp_path / "x.csv")
    assert [Path(row["model"]).name for row in rows] == [
        "capsid.bcif", "kringle_0.pdb", "kringle_1.pdb.gz"
    ]  # fmt: skip
    for row in rows:
        columns = [*CONFIDENCE, *QUALITY, *VERDICT, *ALL_ATOM_ALONE]
        assert list(row) == ["model", *columns, *ENDS]
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
        compared = [*SIMILARITY, *COMPLEX, *ALL_ATOM_SIMILARITY, *CONFIDENCE]
        columns = [*compared, *QUALITY, *VERDICT, *ALL_ATOM_ALONE]
        assert list(row) == ["model", "reference", *columns, *ENDS]
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
    columns = [*SIMILARITY, *COMPLEX, *ALL_ATOM_SIMILARITY, *CONFIDENCE]
    assert list(some[0]) == ["model", "reference", *columns, *ENDS]
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


def test_interruption_leaves_nothing(run, folder, tmp_path, monkeypatch):
    from protdiff.cli._shared import score_workers as module

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
    from protdiff.cli._shared import score_workers as module

    def interrupted(task, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "score_task", interrupted)
    code, _, err = run(folder / "models")
    assert code == 130
    assert "continues" not in err
