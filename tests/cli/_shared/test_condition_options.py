"""`protdiff generate` with something to ask for, as a user runs it."""

import csv
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.structure.superposition import rmsd

EXAMPLES = Path(__file__).parents[3] / "data" / "examples"
CHAIN = EXAMPLES / "1tpk.pdb"


@pytest.fixture
def run(console, tiny_weights, tmp_path):
    """Run generate into tmp_path/out; returns exit code, stdout, stderr."""

    def call(*options):
        return console(
            "generate", "--weights", tiny_weights, "--steps", 6, "--out", tmp_path / "out", *options
        )

    return call


@pytest.fixture
def one_chain(tmp_path):
    """A file with one chain of 40 residues."""
    path = tmp_path / "input.pdb"
    protdiff.write(protdiff.read(CHAIN).chain("A")[10:50], path)
    return path


def test_motif_with_a_table(run, tmp_path, one_chain):
    source = protdiff.read(one_chain)
    a, b = source.residue_numbers[[5, 12]]
    code, _, err = run("--motif", one_chain, "--contig", f"5-9,A{a}-{b},6", "--num", 2)
    assert code == 0, err
    rows = list(csv.DictReader((tmp_path / "out" / "residues.csv").open()))
    for index in range(2):
        file = f"backbone_{index:04d}.pdb"
        made = protdiff.read(tmp_path / "out" / file)
        own = [row for row in rows if row["file"] == file]
        assert [row["input_residue"] for row in own] == [str(n) for n in range(a, b + 1)]
        place = [int(row["residue"]) - 1 for row in own]
        assert (made.residue_names[place] == source.residue_names[5:13]).all()
        np.testing.assert_allclose(made.ca[place], source.ca[5:13], atol=0.1)
    manifest = list(csv.DictReader((tmp_path / "out" / "manifest.csv").open()))
    assert f"contig=5-9,A{a}-{b},6" in manifest[0]["condition"]
    # Another request into the same folder is refused.
    code, _, err = run("--motif", one_chain, "--contig", f"5-9,A{a}-{b},7", "--num", 2)
    assert code == 2 and "made with other options" in err


def test_an_energy_that_fails_leaves_no_folder(run, tmp_path, one_chain):
    (tmp_path / "energy.py").write_text("def energy(ca):\n    raise KeyError\n")
    number = protdiff.read(one_chain).residue_numbers[15]
    redesign = ("--in", one_chain, "--redesign", f"A{number}-{number + 4}")
    code, _, err = run(*redesign, "--energy", f"{tmp_path / 'energy.py'}:energy")
    assert code == 2 and "fails (KeyError" in err and not (tmp_path / "out").exists()


def test_redesign_and_variations(run, tmp_path, one_chain):
    source = protdiff.read(one_chain)
    a, b = source.residue_numbers[[15, 20]]
    code, _, err = run("--in", one_chain, "--redesign", f"A{a}-{b}", "--name", "loop")
    assert code == 0, err
    made = protdiff.read(tmp_path / "out" / "loop_0000.pdb")
    np.testing.assert_allclose(np.delete(made.ca, np.r_[15:21], 0),
                               np.delete(source.ca, np.r_[15:21], 0), atol=2e-3)  # fmt: skip
    for number, options in enumerate(
        (["--vary", "fine"], ["--vary", "coarse"], ["--strength", "0.2"])
    ):
        code, _, err = run("--in", one_chain, "--name", f"v{number}", *options)
        assert code == 0, err
        made = protdiff.read(tmp_path / "out" / f"v{number}_0000.pdb")
        np.testing.assert_array_equal(made.residue_numbers, source.residue_numbers)


def test_restraints_energy_and_symmetry(run, tmp_path):
    (tmp_path / "pairs.csv").write_text("i,j,distance,tolerance\n2,20,7,1\n")
    (tmp_path / "mine.py").write_text("def flat(ca):\n    return ca[:, 2].square().sum()\n")
    code, _, err = run(
        "--length", 24, "--contacts", tmp_path / "pairs.csv", "--symmetry", "C3",
        "--energy", f"{tmp_path / 'mine.py'}:flat",
    )  # fmt: skip
    assert code == 0, err
    made = protdiff.read(tmp_path / "out" / "backbone_0000.pdb")
    assert made.chains == ("A", "B", "C") and symmetry_error(made, "C3") < 2e-3
    assert np.std(made.chain("A").ca[:, 2]) < 2
    assert np.linalg.norm(made.ca[1] - made.ca[19]) < 9


def test_motif_in_every_copy_and_with_secondary_structure(run, tmp_path, one_chain):
    source = protdiff.read(one_chain)
    a, b = source.residue_numbers[[5, 12]]
    code, _, err = run(
        "--motif", one_chain, "--contig", f"8,A{a}-{b},8", "--symmetry", "C2", "--ss", "H" * 24
    )
    assert code == 0, err
    made = protdiff.read(tmp_path / "out" / "backbone_0000.pdb")
    assert made.chains == ("A", "B") and symmetry_error(made, "C2") < 2e-3
    import torch

    for chain in made.chains:
        part = torch.tensor(made.chain(chain).ca[8:16])
        assert float(rmsd(part, torch.tensor(source.ca[5:13]))) < 0.1
    assert (made.residue_names[8:16] == source.residue_names[5:13]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--contig", "5,A3-9"], "--contig: needs --motif FILE"),
        (["--motif", CHAIN], "has no REMARK 999 INPUT lines"),
        (["--motif", CHAIN, "--contig", "5,Z3-9"], "no chain Z"),
        (["--vary", "fine"], "--vary: needs --in FILE"),
        (["--in", CHAIN], "give one of --redesign, --vary and --strength"),
        (["--in", CHAIN, "--vary", "fine", "--chain", "Q"], "--chain: no chain Q; there are A"),
        (["--in", CHAIN, "--redesign", "A900"], "no residue 900"),
        (["--in", CHAIN, "--redesign", "A5", "--length-change", "x"], "write -2..+3"),
        (
            ["--in", CHAIN, "--redesign", "A5", "--length-change", "0..999999999995"],
            "is more than the 2048 residues of a chain",
        ),
        (["--length", "20", "--contacts", "absent.csv"], "absent.csv: cannot be read"),
        (["--length", "20", "--energy", "absent.py:f"], "no such file; write my.py:function"),
        (["--length", "20", "--rg", "-3"], "--rg: radius of gyration -3.0: must be positive"),
        (["--length", "20", "--symmetry", "Q7"], "--symmetry: Q7: not a symmetry"),
        (["--symmetry", "C3"], "the condition leaves it open"),
        (
            ["--in", CHAIN, "--redesign", "A5", "--sequence", "A" * 10],
            "--sequence: 10 letters, but",
        ),
        (["--in", CHAIN, "--strength", "0.3", "--ss", "H" * 10], "--ss: 10 letters, but"),
    ],
)
def test_bad_requests(run, tmp_path, options, message):
    code, _, err = run(*options)
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(ca):\n    return ca.sum() * float('nan')\n", "returned nan"),
        ("def f(ca):\n    return 1.0\n", "must return a scalar tensor"),
        ("def g(ca):\n    return ca.sum()\n", "has no function f"),
        ("import absent_module\n", "fails to load"),
    ],
)
def test_bad_energies(run, tmp_path, text, message):
    path = tmp_path / "mine.py"
    path.write_text(text)
    code, _, err = run("--length", 16, "--energy", f"{path}:f")
    assert code == 2 and message in err and len(err.splitlines()) == 1


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "i,j\n1,x\n", "i,j,distance\n1,2,-4\n", ""])
def test_bad_contacts(run, tmp_path, text):
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    code, _, err = run("--length", 16, "--contacts", path)
    assert code == 2 and f"--contacts {path}" in err
