"""`protdiff generate --redesign … --codesign …` as a user runs it."""

import csv
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import protdiff
from protdiff.structure.backbone import joined

from ..conftest import ROOT

REGION = ("--redesign", "A15-20")


@pytest.fixture(scope="module")
def source():
    """Chains B and A of 30 and 40 residues."""
    chain = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[10:50]
    a = replace(chain, residue_numbers=np.arange(1, 41), insertion_codes=np.full(40, ""))
    b = replace(a[:30], coords=a.coords[:30] + 24.0, chain_ids=np.full(30, "B"))
    both = joined([b, a])
    return replace(both, coords=both.coords.round(3))  # the digits of a file


@pytest.fixture
def run(console, tiny_weights, tiny_types, source, tmp_path):
    """Generate from the source; returns exit code, stdout, stderr."""
    file = tmp_path / "in.pdb"
    protdiff.write(source, file)
    (tmp_path / "pairs.csv").write_text("i,j\n3,20\n")

    def call(*options, out="o", types=tiny_types, steps=3):
        words = [str(tmp_path / word) if word == "pairs.csv" else word for word in options]
        weights = [] if types is None else ["--type-weights", types]
        return console(
            "generate", "--in", file, "--weights", tiny_weights, "--steps", steps,
            "--out", tmp_path / out, *weights, *words,
        )  # fmt: skip

    return call


def made(tmp_path, out="o"):
    return [protdiff.read(path) for path in sorted((tmp_path / out).glob("*.pdb"))]


def inside():
    return np.arange(44, 50)


@pytest.mark.parametrize("mode", ["structure", "sequence", "both"])
def test_what_each_mode_changes(run, source, tmp_path, mode):
    code, text, err = run(*REGION, "--codesign", mode, "--num", 2, "--type-temperature", 1)
    assert code == 0, err
    assert "2 backbones" in text
    for one in made(tmp_path):
        rest = np.setdiff1d(np.arange(70), inside())
        np.testing.assert_array_equal(one.ca[rest], source.ca[rest])
        assert (one.residue_names == source.residue_names)[rest].all()
        moved = np.abs(one.ca - source.ca)[inside()].max() > 0.01
        renamed = (one.residue_names != source.residue_names)[inside()].any()
        assert (moved, renamed) == (mode != "sequence", mode != "structure")
    rows = list(csv.DictReader((tmp_path / "o" / "manifest.csv").open()))
    assert {row["network_calls"] for row in rows} == {"0" if mode == "sequence" else "5"}
    assert all(("type_weights=" in row["condition"]) == (mode != "structure") for row in rows)
    table = (tmp_path / "o" / "residues.csv").read_text().splitlines()
    assert len(table) == 1 + 2 * 34


def test_sequence_writes_the_files_of_protdiff_design(run, console, tiny_types, tmp_path):
    assert run(*REGION, "--codesign", "sequence", "--num", 3, "--seed", 5)[0] == 0
    code, _, err = console(
        "design", tmp_path / "in.pdb", "--num", 3, "--seed", 5, "--fixed", "A1-14,A21-40,B:*",
        "--weights", tiny_types, "--out", tmp_path / "d",
    )  # fmt: skip
    assert code == 0, err
    for k in range(3):
        ours = tmp_path / "o" / f"backbone_000{k}.pdb"
        assert ours.read_bytes() == (tmp_path / "d" / "structures" / f"in_{k}.pdb").read_bytes()


@pytest.mark.parametrize("mode", ["sequence", "both"])
def test_more_samples_and_a_second_run(run, tmp_path, mode):
    """Sample i does not depend on --num; what is there is not drawn a second time."""
    options = (*REGION, "--codesign", mode, "--batch-size", 2)
    assert run(*options, "--num", 4, out="all")[0] == 0
    assert run(*options, "--num", 2)[0] == 0
    code, text, _ = run(*options, "--num", 4)
    assert code == 0 and "2 were there already" in text
    for path in (tmp_path / "all").glob("*.pdb"):
        assert path.read_bytes() == (tmp_path / "o" / path.name).read_bytes()
    code, _, err = run(*options, "--num", 4, "--type-temperature", 0.5)
    assert code == 2 and "made with other options (condition)" in err


#: Options that go with --redesign and --codesign, and with which modes they do not.
MORE = {
    "length_change": (("--length-change", "1"), "structure sequence"),
    "strength": (("--strength", "0.3"), "sequence"),
    "several": (("--redesign", "A5-6,A15-20"), ""),
    "contacts": (("--contacts", "pairs.csv"), "sequence"),
    "rg": (("--rg", "12"), "sequence"),
    "symmetry": (("--symmetry", "C3"), "structure sequence both"),
    "ss": (("--ss", "H" * 40), "sequence"),
    "sequence": (("--sequence", "X" * 15 + "W" + "X" * 24), ""),
    "length": (("--length", "40"), ""),
    "ode": (("--sampler", "ode_2m"), ""),
    "chain": (("--chain", "A"), ""),
    "cif": (("--format", "cif"), ""),
}


@pytest.mark.parametrize(("mode", "more"), list(product(["structure", "sequence", "both"], MORE)))
def test_options_that_go_together(run, source, tmp_path, mode, more):
    """Every pair that the documentation calls combinable; the others give one clear line."""
    options, refused = MORE[more]
    code, _, err = run(*REGION, "--codesign", mode, *options)
    if mode in refused.split():
        assert code == 2 and len(err.splitlines()) == 1 and "--" in err
        assert not (tmp_path / "o").exists()
        return
    assert code == 0, err
    [path] = [p for p in (tmp_path / "o").iterdir() if p.suffix in (".pdb", ".cif")]
    one = protdiff.read(path)
    assert len(one) == 70 + (more == "length_change")
    np.testing.assert_allclose(one.chain("B").coords, source.chain("B").coords, atol=1e-3)
    if more == "sequence":
        assert one.chain("A").sequence[15] == "W"


@pytest.mark.parametrize(
    ("first", "second"),
    [("strength", "several"), ("strength", "rg"), ("strength", "sequence"), ("several", "contacts"),
     ("length_change", "several"), ("length_change", "rg"), ("strength", "ss")],
)  # fmt: skip
def test_three_at_a_time(run, source, tmp_path, first, second):
    code, _, err = run(*REGION, "--codesign", "both", *MORE[first][0], *MORE[second][0])
    assert code == 0, err
    [one] = made(tmp_path)
    np.testing.assert_array_equal(one.chain("B").coords, source.chain("B").coords)


def test_strength_of_a_plain_redesign(run, source, tmp_path):
    """Without --codesign, too: the types stay."""
    assert run(*REGION, "--strength", "0.05", types=None)[0] == 0
    [one] = made(tmp_path)
    far = np.linalg.norm(one.ca - source.ca, axis=1)
    assert 0 < far[inside()].max() < 0.5 and one.sequence == source.sequence


def test_designs_of_a_codesign_get_further_sequences(run, source, tmp_path):
    code, _, err = run(*REGION, "--codesign", "both", "--sequences", 2)
    assert code == 0, err
    rows = list(csv.DictReader((tmp_path / "o" / "sequences" / "designs.csv").open()))
    assert [row["designed"] for row in rows] == ["6", "6"]
    assert all(row["sequence"].startswith(source.sequence[:30]) for row in rows)


def test_what_is_missing_is_named(run, console, tiny_weights, tmp_path):
    for options, message in (
        (("--codesign", "both"), "--codesign: needs --redesign"),
        (("--vary", "fine", "--codesign", "both"), "--codesign: needs --redesign"),
        (("--vary", "fine", "--strength", "0.3"), "only --redesign and --strength go together"),
        ((*REGION, "--codesign", "both", "--type-temperature", "-1"), "--type-temperature -1"),
    ):
        code, _, err = run(*options, types=None)
        assert code == 2 and message in err and len(err.splitlines()) == 1
    code, _, err = run(*REGION, "--codesign", "both", types=tmp_path / "no.safetensors")
    assert code == 2 and "no.safetensors" in err and len(err.splitlines()) == 1
    code, _, err = run(*REGION, "--codesign", "both", types=tiny_weights)
    assert code == 2 and "residue types" in err and not (tmp_path / "o").exists()
    code, _, err = console("generate", "--codesign", "both", "--length", 20)
    assert code == 2 and "--codesign: needs --in FILE" in err


def test_weights_that_are_not_there_are_named(run, monkeypatch):
    monkeypatch.setattr("protdiff.sequence.sequence_weights.DEFAULT", "nothing-of-that-name")
    for options in (("--codesign", "both"), ("--sequences", 1)):
        code, _, err = run(*REGION, *options, types=None)
        assert code == 2 and "nothing-of-that-name: no weights" in err
        assert len(err.splitlines()) == 1
