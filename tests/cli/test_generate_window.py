"""`protdiff generate --window`, as a user runs it."""

import csv

import numpy as np
import pytest

import protdiff

LONG = ("generate", "--length", 100, "--window", 64)


@pytest.fixture
def run(console, tiny_weights):
    def call(*arguments):
        return console(*arguments, "--weights", tiny_weights, "--steps", 3)

    return call


def test_command(run, tmp_path):
    out = tmp_path / "out"
    code, text, err = run(*LONG, "--num", 2, "--jobs", 1, "--out", out)
    assert code == 0, err
    assert text.startswith("2 backbones")
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert [row["length"] for row in rows] == ["100", "100"]
    assert {row["condition"] for row in rows} == {"window=64 overlap=16"}
    calls = {int(row["network_calls"]) for row in rows}
    assert len(calls) == 1 and min(calls) > 3
    chain = protdiff.read(out / "backbone_0001.pdb")
    assert len(chain) == 100 and np.isfinite(chain.coords).all()
    kept = (out / "backbone_0001.pdb").read_bytes()
    (out / "backbone_0000.pdb").unlink()
    code, text, err = run(*LONG, "--num", 3, "--jobs", 1, "--out", out)
    assert code == 0 and "(1 were there already)" in text.replace("was", "were"), (text, err)
    assert (out / "backbone_0001.pdb").read_bytes() == kept


def test_another_window_is_another_design(run, tmp_path):
    assert run(*LONG, "--out", tmp_path)[0] == 0
    code, _, err = run("generate", "--length", 100, "--window", 72, "--out", tmp_path)
    assert code == 2 and "made with other options" in err
    code, _, err = run("generate", "--length", 100, "--out", tmp_path)
    assert code == 2 and "made with other options" in err


def test_more_designs_may_be_the_first_that_need_windows(run, tmp_path):
    command = ("generate", "--length", "40,90", "--window", 64, "--jobs", 1, "--out", tmp_path)
    assert run(*command)[0] == 0
    code, text, err = run(*command, "--num", 2)
    assert code == 0 and "(1 was there already)" in text, (text, err)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--length", 100, "--window", 20), "--window 20: must lie between 64 and 2048"),
        (("--length", 100, "--window", 100), "--window 100: 100 residues go through the network"),
        (("--length", "40,90", "--window", 200), "--window 200: 90 residues go through"),
        (("--length", 3000, "--window", 200), "--window 200: too small for 3000 residues; give at"),
        (("--length", 5000, "--window", 512), "--length 5000: must lie between 8 and 4096"),
        (("--length", 3000), "--length 3000: must lie between 8 and 2048 residues, or up to 4096"),
        (
            ("--sequence", "A" * 3000),
            "has 3000 letters, and a chain has 8 to 2048 residues, or up to 4096 with --window",
        ),
        (
            ("--ss", "H" * 5000, "--window", 512),
            "--ss: has 5000 letters, and a chain has 8 to 4096 residues",
        ),
        ((*LONG[1:], "--sampler", "rgdm"), "--sampler rgdm: adds no noise in its last step"),
        ((*LONG[1:], "--rg", 14), "--window: goes with no condition"),
        ((*LONG[1:], "--symmetry", "C2"), "--window: goes with no condition"),
        ((*LONG[1:], "--trajectory", "every:1"), "--trajectory: has no frames of chains in"),
        (
            ("--length", "40,90", "--window", 64, "--trajectory", "every:1"),
            "--trajectory: has no frames of chains in",
        ),
        (
            (*LONG[1:], "--trajectory", "every:1", "--cluster", "dask://localhost:9"),
            "--trajectory: has no frames of chains in",
        ),
    ],
)
def test_bad_input_is_one_line(run, tmp_path, options, message):
    code, _, err = run("generate", *options, "--out", tmp_path / "out")
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1, err
    assert not (tmp_path / "out").exists()
