"""Confidences in the tables of `protdiff score`, and their correlation with lDDT."""

import csv
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

import protdiff
from protdiff.cli._shared import agreement
from protdiff.cli._shared.agreement import Agreement
from protdiff.metrics import score
from protdiff.metrics.confidence.predicted import model_confidence

from ...metrics.confidence import predictions as files
from .helpers import agree, rows_of


@pytest.fixture(scope="module")
def predicted(tmp_path_factory):
    """A reference, and a model of each of four predictors with errors of its own."""
    folder = tmp_path_factory.mktemp("predicted")
    coords, plddt, _ = files.numbers(9)
    files.pdb(folder / "reference.pdb", coords, plddt)
    models = folder / "models"
    models.mkdir()
    for k, writer in enumerate((files.alphafold3, files.boltz, files.chai, files.colabfold)):
        writer(models, seed=k)
    return folder


def test_columns_and_correlation(run, predicted, tmp_path):
    options = ("--reference", predicted / "reference.pdb", "--no-quality", "--per-residue")
    code, stdout, err = run(predicted / "models", *options, "--out", tmp_path / "x.csv")
    assert code == 0 and err == ""
    rows = rows_of(tmp_path / "x.csv")
    assert len(rows) == 4
    for row in rows:
        agree(row, score(row["model"], row["reference"], with_quality=False).row())
        assert 20 < row["plddt"] < 98 and row["iptm"] == 0.62
    residues = list(csv.DictReader((tmp_path / "x_residues.csv").open(newline="")))
    for row in rows:
        own = [float(one["plddt"]) for one in residues if one["model"] == row["model"]]
        assert np.mean(own) == pytest.approx(row["plddt"], abs=1e-3)
    pairs = {
        "models": [(row["plddt"], row["lddt"]) for row in rows],
        "residues": [(float(one["plddt"]), float(one["lddt"])) for one in residues],
    }
    for what, values in pairs.items():
        count, *shown = re.search(rf"^{what} +(\S+) +(\S+) +(\S+)", stdout, re.MULTILINE).groups()
        x, y = zip(*values, strict=True)
        assert int(count) == len(values)
        expected = [pearsonr(x, y).statistic, spearmanr(x, y).statistic]
        assert [float(text) for text in shown] == pytest.approx(expected, abs=2e-3)


def test_confidence_of_every_interface(run, predicted, tmp_path):
    options = ("--reference", predicted / "reference.pdb", "--no-quality", "--per-interface")
    assert run(predicted / "models", *options, "--out", tmp_path / "x.csv")[0] == 0
    interfaces = list(csv.DictReader((tmp_path / "x_interfaces.csv").open(newline="")))
    assert {row["model"] for row in interfaces} == {
        row["model"] for row in rows_of(tmp_path / "x.csv")
    }
    for row in interfaces:
        found = model_confidence(Path(row["model"]), protdiff.read(row["model"]), "auto")
        chains = {row["model_chain_1"], row["model_chain_2"]}
        [pair] = [pair for pair in found.pairs if set(pair.chains) == chains]
        assert np.isfinite(pair.pdockq) and len(pair.row()) == 6
        for name, value in pair.row().items():
            shown = float(row[name] or "nan")
            assert shown == pytest.approx(value, abs=1e-4, nan_ok=True), name
    assert any(row["ipsae"] for row in interfaces)


def test_without_confidence(run, predicted, tmp_path):
    """The other columns are the same to the digit."""
    options = (predicted / "models", "--reference", predicted / "reference.pdb", "--out")
    run(*options, tmp_path / "with.csv")
    _, stdout, _ = run(*options, tmp_path / "without.csv", "--no-confidence")
    assert "pLDDT" not in stdout
    with_them, without = (rows_of(tmp_path / f"{name}.csv") for name in ("with", "without"))
    assert "plddt" not in without[0]
    assert without == [{name: row[name] for name in without[0]} for row in with_them]


def test_a_broken_file_is_the_error_of_its_row(run, predicted, tmp_path):
    """Its scores hold, the others have all columns, and the exit code is 1."""
    shutil.copytree(predicted / "models", tmp_path / "models")
    (tmp_path / "models" / "x_summary_confidences.json").write_text('{"ptm": ')
    options = ("--reference", predicted / "reference.pdb", "--out", tmp_path / "x.csv")
    code, _, err = run(tmp_path / "models", *options)
    assert code == 1 and "x_summary_confidences.json: damaged, or no confidence" in err
    rows = {row["model"].split("/")[-1]: row for row in rows_of(tmp_path / "x.csv")}
    broken = rows.pop("x_model.cif")
    assert broken["error"].endswith("get a fresh copy, or leave it out with --no-confidence")
    assert broken["tm"] > 0 and broken["plddt"] is None
    assert all(row["plddt"] and not row["error"] for row in rows.values())
    code, *_ = run(tmp_path / "models", *options, "--no-confidence")
    assert code == 0


def test_a_file_of_another_model_is_a_warning(run, predicted, tmp_path):
    shutil.copytree(predicted / "models", tmp_path / "models")
    np.savez(tmp_path / "models" / "pae_x_model_0.npz", pae=np.zeros((5, 5)))
    code, _, err = run(tmp_path / "models", "--out", tmp_path / "x.csv")
    assert code == 0 and "pae_x_model_0.npz is of another model: 5 tokens, where this" in err
    [row] = [row for row in rows_of(tmp_path / "x.csv") if row["model"].endswith("x_model_0.cif")]
    assert "confidence is left out" in row["warning"] and row["iptm"] is None


def test_the_best_by_confidence(run, predicted, tmp_path):
    """A small error is better, and a large pLDDT."""
    for column, direction in (("pae_interface", 1), ("plddt", -1)):
        run(predicted / "models", "--sort", column, "--out", tmp_path / "x.csv")
        values = [row[column] for row in rows_of(tmp_path / "x.csv") if row[column] is not None]
        assert len(values) >= 3 and values == sorted(values, key=lambda v: direction * v)
    code, _, err = run(predicted / "models", "--sort", "plddt", "--no-confidence")
    assert code == 2 and "goes without --no-confidence" in err


def test_b_factors_by_choice(run, predicted, tmp_path):
    """Those of an experiment are no pLDDT unless the user says so."""
    path, out = predicted / "reference.pdb", tmp_path / "x.csv"
    run(path, "--out", out)
    assert rows_of(out)[0]["plddt"] is None
    run(path, "--out", out, "--plddt", "bfactor")
    [row] = rows_of(out)
    assert row["plddt"] == pytest.approx(protdiff.read(path).b_factors.mean(), abs=1e-3)
    assert row["confidence_from"] == "B-factors"
    code, _, err = run(path, "--plddt", "bfactor", "--no-confidence")
    assert code == 2 and "--plddt bfactor: is nothing with --no-confidence" in err


def test_agreement_is_bounded_and_skips_what_is_missing(monkeypatch):
    monkeypatch.setattr(agreement, "MOST", 4)
    found = Agreement()
    found.add([1, 2, np.nan], [3, 5, 1])
    assert found.correlation() is None
    found.add([3, 4, 5], [4, 4, 100])
    assert (len(found), found.seen, found.full) == (4, 5, True)
    x, y = [1, 2, 3, 4], [3, 5, 4, 4]
    assert found.correlation() == pytest.approx(
        (pearsonr(x, y).statistic, spearmanr(x, y).statistic)
    )
    constant = Agreement()
    constant.add([1, 1, 1], [1, 2, 3])
    assert np.isnan(constant.correlation()).all()
