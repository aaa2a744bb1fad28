"""`protdiff extend`, as a user runs it."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.structure import joined

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture
def file(tmp_path):
    """One chain of 30 residues."""
    path = tmp_path / "in.pdb"
    protdiff.write(protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[10:40], path)
    return path


def test_command(console, file, tiny_weights, tmp_path):
    out = tmp_path / "out"
    options = ("extend", file, "--to", 45, "--window", 24, "--out", out, "--steps", 3,
               "--weights", tiny_weights)  # fmt: skip
    code, text, err = console(*options, "--num", 2)
    assert code == 0, err
    assert text.startswith("2 backbones")
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert [row["length"] for row in rows] == ["45", "45"]
    assert "window=24" in rows[0]["condition"]
    assert len(protdiff.read(out / "extended_0001.pdb")) == 45
    kept = (out / "extended_0001.pdb").read_bytes()
    code, text, _ = console(*options, "--num", 3)
    assert code == 0 and "(2 were there already)" in text
    assert (out / "extended_0001.pdb").read_bytes() == kept


def test_the_last_lines_say_what_to_do_with_the_folder(
    console, file, tiny_weights, tiny_types, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    options = ("--to", 34, "--end", "N", "--steps", 2, "--weights", tiny_weights)
    code, text, err = console("extend", file, *options, "--out", "out")
    assert code == 0, err
    first, *_ = (chain := protdiff.read(file)).residue_numbers
    fixed = f"A{first}-{chain.residue_numbers[-1]}"
    assert text.splitlines()[-3:] == [
        f'next: protdiff design out --fixed "{fixed}" (sequences)',
        "next: protdiff score out (beside real chains)",
        "next: protdiff report out (a page to look at)",
    ]
    command = ("design", "out", "--fixed", fixed, "--num", 1, "--weights", tiny_types)
    assert console(*command, "--out", "sequences")[0] == 0
    [row] = csv.DictReader((tmp_path / "sequences" / "designs.csv").open())
    assert row["kept"] == fixed and row["designed"] == "4"
    assert row["sequence"].endswith(chain.sequence)

    protdiff.write(protdiff.Backbone.from_coords(chain.coords), "bare.pdb")  # nothing to be kept
    _, text, _ = console("extend", "bare.pdb", *options, "--out", "bare", "--archive", "a.pdb.tar")
    assert f"next: protdiff design {Path('bare/a.pdb.tar')} (sequences)" in text
    _, text, _ = console("extend", file, *options, "--out", "part", "--shard", "1/2")
    assert text.count("next:") == 1 and "protdiff merge part" in text


def test_what_was_there_is_named_and_drawn_as_kept(console, file, tiny_weights, tmp_path):
    other, out = protdiff.read(file), tmp_path / "out"
    part = replace(other, coords=other.coords + 60, chain_ids=np.full(len(other), "B"))
    protdiff.write(joined([other, part]), tmp_path / "in.pdb")
    options = ("--to", len(part) + 7, "--end", "both", "--steps", 2, "--weights", tiny_weights)
    command = ("extend", tmp_path / "in.pdb", "--chain", "B", *options, "--out", out)
    code, text, err = console(*command, "--plot", tmp_path / "x.png")
    assert code == 0, err
    assert "blue to red: new, dark: kept, grey: other chains" in text
    rows = list(csv.DictReader((out / "residues.csv").open()))
    assert {row["file"] for row in rows} == {"extended_0000.pdb"}
    assert [int(row["residue"]) for row in rows] == [4 + k for k in range(len(part))]
    assert {row["input_chain"] for row in rows} == {"B"}
    grown = protdiff.read(out / "extended_0000.pdb").chain("B")
    for row in rows:
        place = int(row["residue"]) - 1
        label = f"{grown.residue_numbers[place]}{grown.insertion_codes[place]}"
        assert (row["input_residue"], row["residue_name"]) == (label, grown.residue_names[place])


def test_another_input_is_another_design(console, file, tiny_weights, tmp_path):
    other = tmp_path / "other.pdb"
    protdiff.write(protdiff.read(EXAMPLES / "1tpk.pdb").chain("A")[20:50], other)
    options = ("--to", 34, "--out", tmp_path / "out", "--steps", 3, "--weights", tiny_weights)
    assert console("extend", file, *options)[0] == 0
    code, _, err = console("extend", other, *options)
    assert code == 2 and "made with other options" in err


def test_what_the_format_cannot_hold_is_said_first(console, file, tmp_path):
    backbone = protdiff.read(file)
    backbone = replace(backbone, chain_ids=np.full(30, "AA"))
    long = tmp_path / "long.cif"
    protdiff.write(backbone, long)
    for command in (
        ("extend", long, "--to", 40),
        ("generate", "--in", long, "--redesign", "AA:20-22"),
    ):
        code, _, err = console(*command, "--out", tmp_path / "out")
        assert code == 2 and "--format pdb: PDB cannot hold chain 'AA'" in err, err
        assert err.endswith("; take --format cif\n")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--to", 30), "--to 30: chain A has 30 residues already"),
        (("--to", 3000), "--to 3000: at most 2048 residues"),
        (("--to", 40, "--num", 10**9), "--num 1000000000: at most 1,000,000"),
        (("--to", 50, "--end", "X"), "--end X: not one of C, N, both"),
        (("--to", 50, "--window", 5), "--window 5"),
        (("--to", 50, "--window", 20, "--overlap", 20), "--overlap 20"),
        (("--to", 50, "--chain", "Q"), "--chain: no chain Q; there are A"),
    ],
)
def test_bad_input_is_one_line(console, file, tmp_path, options, message):
    code, _, err = console("extend", file, "--out", tmp_path / "out", *options)
    assert code == 2 and message in err and len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
