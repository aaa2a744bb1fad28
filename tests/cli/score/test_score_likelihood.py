"""`protdiff score --likelihood` as a user runs it."""

import csv
from pathlib import Path

import numpy as np
import pytest

import protdiff


def rows_of(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_likelihood_columns_rank_and_colours(console, designs, tiny_weights, tmp_path):
    out = tmp_path / "out.csv"
    code, text, _ = console(
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
    from protdiff.network.weights import load_weights

    first = protdiff.read(rows[0]["model"])
    expected = protdiff.log_likelihood(load_weights(tiny_weights), first, samples=2)
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
def test_options_of_the_likelihood(console, designs, options, message):
    code, _, err = console("score", designs, *options)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1


def test_sequence_of_another_length_is_an_error_of_the_row(
    console, designs, tiny_weights, tmp_path
):
    out = tmp_path / "out.csv"
    code, _, err = console(
        "score", designs, "--likelihood", "elbo", "--weights", tiny_weights, "--sequence", "ACDE",
        "--out", out,
    )  # fmt: skip
    assert code == 1
    assert "3 of 3 could not be scored" in err
    assert "4 letters" in rows_of(out)[0]["error"]
