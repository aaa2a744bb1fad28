"""`score --likelihood`, `audit` and `flow thermo` as a user runs them."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.dataset import read_chains

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture
def run(console):
    """Run the console script; returns exit code, stdout, stderr."""

    def call(*arguments):
        return console(*arguments)

    return call


@pytest.fixture(scope="module")
def designs(tmp_path_factory, tiny_archive):
    """Three chains of the archive as files."""
    folder = tmp_path_factory.mktemp("designs")
    for chain in read_chains(tiny_archive, "train")[:3]:
        protdiff.write(chain.backbone(), folder / f"chain_{chain.name}.pdb")
    return folder


def rows_of(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_likelihood_columns_rank_and_colours(run, designs, tiny_weights, tmp_path):
    out = tmp_path / "out.csv"
    code, text, _ = run(
        "score", designs, "--likelihood", "elbo", "--weights", tiny_weights, "--samples", 2,
        "--no-quality", "--rank", "--per-residue", "--color", tmp_path / "colour", "--out", out,
    )  # fmt: skip
    assert code == 0
    assert "log_likelihood" in text
    rows = rows_of(out)
    values = [float(row["log_likelihood"]) for row in rows]
    assert values == sorted(values, reverse=True)
    residues = rows_of(out.with_name("out_residues.csv"))
    for row in rows:
        nats = [float(r["nats"]) for r in residues if r["model"] == row["model"]]
        degrees = 3 * 2 * (len(nats) - 1)
        assert sum(nats) / degrees == pytest.approx(float(row["log_likelihood"]), abs=1e-3)
        coloured = protdiff.read(tmp_path / "colour" / Path(row["model"]).name)
        np.testing.assert_allclose(coloured.b_factors, nats, atol=6e-3)
        np.testing.assert_allclose(coloured.coords, protdiff.read(row["model"]).coords)
    # The same numbers from Python; chains of one letter count as without a sequence.
    from protdiff.analysis import log_likelihood
    from protdiff.network.weights import load_weights

    first = protdiff.read(rows[0]["model"])
    expected = log_likelihood(load_weights(tiny_weights), first, samples=2)
    assert values[0] == pytest.approx(expected.value, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rank"], "--rank: needs --likelihood"),
        (["--color", "x"], "--color: needs --likelihood"),
        (["--likelihood", "elbo", "--weights", "absent"], "absent: no weights of this name"),
        (
            ["--likelihood", "elbo", "--sequence", "none.fasta"],
            "--sequence none.fasta: no such file",
        ),
    ],
)
def test_options_of_the_likelihood(run, designs, options, message):
    code, _, err = run("score", designs, *options)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1


def test_sequence_of_another_length_is_an_error_of_the_row(run, designs, tiny_weights, tmp_path):
    out = tmp_path / "out.csv"
    code, _, err = run(
        "score", designs, "--likelihood", "elbo", "--weights", tiny_weights, "--sequence", "ACDE",
        "--out", out,
    )  # fmt: skip
    assert code == 1
    assert "3 of 3 could not be scored" in err
    assert "4 letters" in rows_of(out)[0]["error"]


def test_audit_names_the_chain_that_was_copied(run, tiny_archive, tiny_weights, tmp_path):
    rng = np.random.default_rng(0)
    samples = tmp_path / "samples"
    samples.mkdir()
    train = read_chains(tiny_archive, "train")
    for chain in train[:3]:
        coords = chain.backbone().coords + 0.2 * rng.normal(size=(len(chain.types), 1, 3))
        protdiff.write(protdiff.Backbone.from_coords(coords), samples / f"copy_{chain.name}.pdb")
    (samples / "empty.pdb").write_text("")
    code, text, err = run(
        "audit", samples, "--train", tiny_archive, "--held-out", tiny_archive,
        "--weights", tiny_weights, "--out", tmp_path / "audit",
    )  # fmt: skip
    assert code == 1
    assert "1 of 4 could not be read" in err
    assert "periods of" in text
    rows = rows_of(tmp_path / "audit" / "audit.csv")
    for row in rows[:3]:
        assert row["nearest_train"] == Path(row["sample"]).stem.removeprefix("copy_")
        assert float(row["rmsd_train"]) < 0.5
    assert "empty file" in rows[3]["error"]
    numbers = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert numbers["samples"] == 3
    assert numbers["verdict"] in text
    if numbers["suspicious"]:
        picture = (tmp_path / "audit" / "suspicious.png").read_bytes()
        assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("option", ["--train", "--held-out"])
def test_audit_needs_folders(run, designs, tiny_archive, tmp_path, option):
    options = {"--train": tiny_archive, "--held-out": tiny_archive} | {option: tmp_path / "none"}
    code, _, err = run("audit", designs, *(x for pair in options.items() for x in pair))
    assert code == 2
    assert f"{option} {tmp_path / 'none'}: not a folder" in err


def test_thermo_of_tiny_weights(run, designs, tiny_weights, tmp_path):
    code, text, _ = run(
        "flow", "thermo", "--data", designs, "--weights", tiny_weights, "--length", 60,
        "--chains", 3, "--shells", 6, "--steps", 3, "--out", tmp_path / "thermo",
    )  # fmt: skip
    assert code == 0
    assert "speciation" in text
    numbers = json.loads((tmp_path / "thermo" / "thermo.json").read_text())
    assert len(numbers["shells"]) == 6
    assert numbers["weights"] == "tiny"
    for shell in numbers["shells"]:  # any denoiser fulfils the theorem
        assert abs(shell["fluctuation"] - 1) < 5 * shell["fluctuation_error"] + 1e-9
        assert shell["bound"] >= 0
    assert all(r["between"] > 0 for r in numbers["replicas"])
    assert (tmp_path / "thermo" / "thermo.png").read_bytes().startswith(b"\x89PNG")


def test_thermo_without_fitting_chains(run, tiny_archive, tiny_weights, tmp_path):
    code, _, err = run(
        "flow", "thermo", "--data", tiny_archive, "--weights", tiny_weights, "--length", 400,
        "--out", tmp_path / "thermo",
    )  # fmt: skip
    assert code == 2
    assert "0 unbroken chains within 10 % of 400 residues" in err
