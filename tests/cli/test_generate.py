"""`protdiff generate` as a user runs it."""

import csv
import shlex
from pathlib import Path

import biotite.structure.io.pdb as pdb
import numpy as np
import pytest

import protdiff

from ..conftest import ROOT


@pytest.fixture
def run(console, tiny_weights):
    """Run the console script; returns exit code, stdout, stderr."""

    def call(*arguments, weights=tiny_weights):
        verb, *options = map(str, arguments)
        if verb == "generate":
            options = ["--weights", str(weights), "--steps", "4", *options]
        return console(verb, *options)

    return call


def test_writes_structures_and_manifest(run, tmp_path):
    out = tmp_path / "designs"
    code, stdout, _ = run("generate", "--length", "20,24", "--num", 3, "--out", out)
    assert code == 0 and "3 backbones" in stdout
    names = [f"backbone_{i:04d}.pdb" for i in range(3)]
    assert sorted(p.name for p in out.iterdir()) == [*names, "manifest.csv", "run.toml"]
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert [r["file"] for r in rows] == names
    assert [r["length"] for r in rows] == ["20", "24", "20"]
    assert {r["network_calls"] for r in rows} == {"4"}
    assert all(len(r["weights_sha256"]) == 64 for r in rows)
    atoms = pdb.PDBFile.read(out / names[0]).get_structure(model=1)
    assert atoms.atom_name.tolist() == ["N", "CA", "C", "O"] * 20
    assert atoms.res_id.tolist() == np.repeat(np.arange(1, 21), 4).tolist()
    text = (out / names[0]).read_text()
    assert "TER" in text and text.rstrip().endswith("END")


def test_equal_commands_give_equal_bytes(run, tmp_path):
    for folder in "ab":
        run("generate", "--length", 20, "--num", 2, "--out", tmp_path / folder)
    for name in ("backbone_0000.pdb", "backbone_0001.pdb"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize("kind", ["pdb", "cif", "bcif"])
def test_formats_hold_the_same_structure(run, tmp_path, kind, tiny_weights):
    run("generate", "--length", 16, "--out", tmp_path, "--format", kind, "--name", "x")
    [expected] = protdiff.generate(length=16, steps=4, weights=tiny_weights)
    made = protdiff.read(tmp_path / f"x_0000.{kind}")
    np.testing.assert_allclose(made.coords, expected.coords, atol=6e-4)


def test_interrupted_run_continues(run, tmp_path, monkeypatch):
    options = ("generate", "--length", 20, "--num", 6, "--batch-size", 2, "--out")
    run(*options, tmp_path / "whole")
    from protdiff.structure.io import structure_bytes as io

    write, written = io.write_bytes, []

    def interrupted_write(path, content):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(path)
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(io, "write_bytes", interrupted_write)
        code, _, err = run(*options, tmp_path / "d")
    assert code == 130 and "same command continues" in err and len(err.splitlines()) == 1
    (tmp_path / "d" / "backbone_0001.pdb").write_bytes(b"")  # a file cut off by a full disk
    code, stdout, _ = run(*options, tmp_path / "d")
    assert code == 0 and "2 were there already" in stdout
    whole, resumed = (
        {p.name: p.read_bytes() for p in (tmp_path / d).glob("*.pdb")} for d in ("whole", "d")
    )
    assert whole == resumed and len(whole) == 6


@pytest.mark.parametrize("name", ["backbone_0000.pdb", "manifest.csv"])
def test_files_of_others_are_left_alone(run, tmp_path, name):
    (tmp_path / name).write_text("mine")
    code, _, err = run("generate", "--length", 20, "--out", tmp_path)
    assert code == 2 and name in err and len(err.splitlines()) == 1
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "mine")]


def test_long_sequence_needs_no_file(run, tmp_path):
    code, _, err = run("generate", "--sequence", "A" * 300, "--out", tmp_path / "d")
    assert code == 0, err


def test_other_options_do_not_overwrite(run, tmp_path):
    run("generate", "--length", 20, "--out", tmp_path / "d")
    before = (tmp_path / "d" / "backbone_0000.pdb").read_bytes()
    code, _, err = run("generate", "--length", 30, "--out", tmp_path / "d")
    assert code == 2 and "made with other options" in err
    assert before == (tmp_path / "d" / "backbone_0000.pdb").read_bytes()


def test_fasta_gives_one_design_per_record(run, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_bytes(b"\xef\xbb\xbf>a\nACDEFGHIKL\n>b\nMNPQRSTVWYAC*\n")  # byte order mark
    code, _, err = run("generate", "--sequence", fasta, "--out", tmp_path / "d")
    assert code == 0, err
    sequences = [protdiff.read(p).sequence for p in sorted((tmp_path / "d").glob("*.pdb"))]
    assert sequences == ["ACDEFGHIKL", "MNPQRSTVWYAC"]


def test_picture(run, tmp_path):
    picture = tmp_path / "p" / "all.png"
    code, *_ = run("generate", "--length", 30, "--out", tmp_path / "d", "--plot", picture)
    assert code == 0 and picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--length", "7"], "length 7"),
        (["--length", "3000"], "length 3000"),
        (["--length", "12-"], "--length 12-"),
        (["--length", "abc"], "--length abc"),
        (["--length", "90-60"], "--length 90-60"),
        ([], "--length is missing"),
        (["--length", ""], "--length is empty"),
        (["--length", "5-20"], "--length 5: must"),
        (["--length", "10,3000"], "--length 3000: must"),
        (["--length", "1_0"], "--length 1_0"),
        (["--length", "10", "--sequence", ""], "--sequence is empty"),
        (["--length", "10", "--ss", ""], "--ss is empty"),
        (["--length", "20", "--temperature", "1e300"], "at most 10"),
        (["--length", "20", "--name", ".."], "--name '..'"),
        (["--sequence", "ACDEFGHIJ"], "--sequence: unknown letter 'J' at position 9"),
        (["--sequence", "ACDEFGHI", "--length", "12"], "8 letters, but the length is 12"),
        (["--sequence", "nowhere.fasta"], "nowhere.fasta: no such file"),
        (["--ss", "HHHHHHHHZ"], "'Z' at position 9"),
        (["--length", "20", "--temperature", "-1"], "--temperature -1"),
        (["--length", "20", "--temperature", "nan"], "--temperature nan"),
        (["--length", "20", "--name", "a/b"], "--name 'a/b'"),
        (["--length", "20", "--plot", "x.jpg"], "must be a file that ends in .png, .svg or .pdf"),
        (["--length", "20", "--device", "cuda"], "not available here"),
        (["--length", "20", "--num", "0"], "--num"),
        (["--length", "20", "--steps", "1"], "--steps"),
        (["--length", "20", "--seed", "-1"], "--seed"),
        (["--length", "20", "--format", "xyz"], "--format"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(run, tmp_path, options, message, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = run("generate", *options, "--out", tmp_path / "d")
    assert code == 2 and message in err
    assert len(err.splitlines()) == 1 and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["file", "file/inside"])
def test_output_folder_that_cannot_be_made(run, tmp_path, bad):
    (tmp_path / "file").write_text("x")
    code, _, err = run("generate", "--length", 20, "--out", tmp_path / bad)
    assert code == 2 and "cannot be written" in err and len(err.splitlines()) == 1


def test_picture_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("x")
    code, _, err = run(
        "generate", "--length", 20, "--out", tmp_path / "d", "--plot", tmp_path / "file" / "x.png"
    )
    assert code == 2 and "--plot" in err and len(err.splitlines()) == 1
    assert not (tmp_path / "d").exists()


def test_empty_record_is_named(run, tmp_path):
    (tmp_path / "x.fasta").write_text(">a\n\n>b\nACDEFGHIKL\n")
    code, _, err = run("generate", "--sequence", tmp_path / "x.fasta", "--out", tmp_path / "d")
    assert code == 2 and "x.fasta, record a" in err and len(err.splitlines()) == 1


def test_training_without_data_is_one_line(run, tmp_path):
    (tmp_path / "c.toml").write_text(f'data = "{tmp_path}"\nout = "{tmp_path}/run"')
    code, _, err = run("train", tmp_path / "c.toml")
    assert code == 2 and "not a data set; make one with protdiff data build" in err
    assert len(err.splitlines()) == 1


def test_bad_weights_are_one_line(run, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"junk")
    out = tmp_path / "d"
    code, _, err = run("generate", "--length", 20, "--out", out, weights=tmp_path / "w.safetensors")
    assert code == 2 and "w.safetensors" in err and len(err.splitlines()) == 1
    assert not out.exists()


def test_doctor_passes_on_good_weights(run, tiny_weights):
    code, out, _ = run("doctor", "--weights", tiny_weights)
    assert code == 0 and "FAILED" not in out and "checksum correct" in out


def test_version(run):
    assert run("--version")[1].strip() == f"protdiff {protdiff.__version__}"


def test_samplers_of_the_command_line_are_those_of_the_library(run, tmp_path):
    from protdiff.cli._shared.options import Sampler
    from protdiff.sampling.settings import SAMPLER_NAMES

    assert tuple(Sampler) == SAMPLER_NAMES
    code, _, err = run(
        "generate", "--length", 12, "--sampler", "multistep", "--diffusion", 0.5,
        "--out", tmp_path / "d",
    )  # fmt: skip
    assert code == 0, err
    [row] = csv.DictReader((tmp_path / "d" / "manifest.csv").open())
    assert row["sampler"] == "multistep diffusion=0.5"
    code, _, err = run("generate", "--length", 12, "--diffusion", 0.5, "--out", tmp_path / "e")
    assert code == 2 and "--diffusion: goes with --sampler multistep" in err


def test_paragraphs_of_the_help_do_not_break_in_sentences(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, text, _ = run("extend", "--help")
    lines = [line.strip() for line in text.splitlines()]
    start = next(k for k, line in enumerate(lines) if line.startswith("New residues are ALA"))
    assert code == 0 and len(lines[start]) > 60


@pytest.mark.parametrize(
    ("options", "designed"),
    [
        (("--motif", "source.pdb", "--contig", "4,A1-30,4"), 8),
        (("--motif", "source.pdb", "--contig", "4,A1-30,4", "--symmetry", "C2"), 16),
        (("--in", "source.pdb", "--redesign", "A10-14"), 5),
        (("--in", "source.pdb", "--redesign", "A10-14", "--length-change", "2"), 7),
    ],
)
def test_what_comes_next_designs_what_is_new(
    run, console, tiny_types, tmp_path, monkeypatch, options, designed
):
    """Also where most residues have names, and where the new ones have those of the file."""
    monkeypatch.chdir(tmp_path)
    protdiff.write(protdiff.read(ROOT / "data/examples/1tpk.pdb")[:40], "source.pdb")
    code, text, err = run("generate", *options, "--out", "made")
    assert code == 0, err
    words = shlex.split(text.split("next: protdiff ")[1].split(" (sequences)")[0])
    code, _, err = console(*words, "--num", 1, "--weights", tiny_types)
    assert code == 0, err
    rows = list(csv.DictReader(Path("sequences/designs.csv").read_text().splitlines()))
    assert {row["designed"] for row in rows} == {str(designed)}


def test_the_last_lines_say_what_to_do_with_the_folder(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    protdiff.write(protdiff.read(ROOT / "data/examples/1tpk.pdb")[:40], "source.pdb")
    found = {}
    for out, options in {
        "free": ("--length", 12),
        "kept": ("--motif", "source.pdb", "--contig", "4,A1-10,4"),
        "beside": ("--length", 12, "--target", "source.pdb"),
        "trimer": ("--length", 12, "--symmetry", "C3"),
        "letters": ("--length", 12, "--sequence", "AAAAAXAAAAAA"),
        "all": ("--length", 12, "--sequence", "AKAKAKAKAKAK"),
    }.items():
        code, text, err = run("generate", *options, "--out", out)
        assert code == 0, err
        found[out] = text[text.index("next: ") :].strip()
    assert found["free"].splitlines() == [
        "next: protdiff design free (sequences)",
        "next: protdiff score free (beside real chains)",
        "next: protdiff report free (a page to look at)",
    ]
    assert "protdiff design kept --keep-known (sequences)" in found["kept"]
    assert 'protdiff design beside --fixed "A:*" (sequences)' in found["beside"]
    assert "protdiff design trimer --tied A,B,C (sequences)" in found["trimer"]
    assert found["letters"].startswith("next: the same command with --sequences 8 (sequences)\n")
    assert found["all"].startswith("next: protdiff score all ")
    _, text, _ = run("generate", "--length", 12, "--out", "part", "--shard", "1/2")
    assert text.count("next:") == 1 and "protdiff merge part" in text
