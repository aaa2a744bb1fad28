"""`protdiff generate --target` as a user runs it."""

import csv

import numpy as np
import pytest

import protdiff
from protdiff.cli._shared.design_picture import roles_of
from protdiff.conditioning import Target
from protdiff.plots.ribbons import NEW, OTHER

FILE = "data/examples/1tpk.pdb"
TARGET = ("--target", f"{FILE}:A", "--hotspots", "A26,A42A")


@pytest.fixture
def run(console, tiny_weights):
    def call(*arguments):
        return console(
            "generate", "--weights", str(tiny_weights), "--steps", "4", *map(str, arguments)
        )

    return call


def test_files_and_manifest(run, tmp_path):
    """Every shard, number of samples and process gives the same files."""
    out = tmp_path / "whole"
    options = (*TARGET, "--length", "16-20", "--num", 2, "--batch-size", 1, "--out")
    code, stdout, _ = run(*options, out)
    assert code == 0 and "with all hotspots within 8 Å" in stdout
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    for row in rows:
        made = protdiff.read(out / row["file"])
        new = made.chain("B")
        assert made.chains == ("B", "A") and len(new) == int(row["length"])
        gaps = np.linalg.norm(new.ca[:, None] - made.chain("A").ca, axis=-1)
        assert row["target_clashes"] == str((gaps < 3.6).sum())
        assert [part.split("=")[0] for part in row["hotspots"].split()] == ["A26", "A42A"]
    half = tmp_path / "half"
    for shard in ("1/2", "2/2"):
        run(*options, half, "--shard", shard)
    for row in rows:
        assert (out / row["file"]).read_bytes() == (half / row["file"]).read_bytes()


def test_contig_of_rfdiffusion_and_kept_types(run, tmp_path):
    out = tmp_path / "out"
    code, *_ = run(
        "--motif", FILE, "--contig", "A20-60/0 16", "--out", out, "--sequences", 1,
        "--trajectory", "every:2",
    )  # fmt: skip
    assert code == 0
    made = protdiff.read(out / "backbone_0000.pdb")
    assert made.residue_numbers[16:].tolist()[:3] == [20, 21, 22]
    [path] = (out / "sequences").glob("*.fasta")
    text = path.read_text()
    assert made[16:].sequence in text.replace("\n", "")
    assert any((out / "trajectories").iterdir())


def test_a_picture_has_the_target_in_grey(run, tmp_path):
    picture = ("--plot", tmp_path / "x.png")
    code, text, err = run(*TARGET, "--length", 16, "--out", tmp_path / "out", *picture)
    assert code == 0, err
    assert "blue to red: new, dark: kept, grey: other chains" in text
    made = protdiff.read(tmp_path / "out" / "backbone_0000.pdb")
    condition = Target(FILE, "A").for_sample(16, np.random.default_rng(0))
    assert (roles_of(made, condition) == np.where(made.chain_ids == "B", NEW, OTHER)).all()


def test_brackets_of_rfdiffusion_around_hotspots(run, tmp_path):
    out = tmp_path / "out"
    code, _, error = run(
        "--target", f"{FILE}:A", "--hotspots", "[A26, A42A]", "--length", 16, "--out", out
    )
    assert code == 0, error
    [row] = csv.DictReader((out / "manifest.csv").open())
    assert [part.split("=")[0] for part in row["hotspots"].split()] == ["A26", "A42A"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*TARGET,), "--length"),
        (("--target", f"{FILE}:Q", "--length", 20), "no chain Q"),
        (("--target", f"{FILE}:", "--length", 20), "name the chain after the colon"),
        (("--target", f"{FILE}:A", "--hotspots", "A900", "--length", 20), "no residue 900"),
        (("--target", f"{FILE}:A", "--hotspots", " ", "--length", 20), "--hotspots is empty"),
        (("--target", f"{FILE}:A", "--hotspots", "[]", "--length", 20), "--hotspots is empty"),
        (("--hotspots", "A30", "--length", 20), "--hotspots: needs --target"),
        ((*TARGET, "--symmetry", "C2", "--length", 20), "--target and --symmetry"),
        ((*TARGET, "--motif", FILE, "--length", 20), "--target and --motif"),
        ((*TARGET, "--in", FILE, "--redesign", "A30-35"), "--target and --in"),
        (("--target", FILE, "--contig", "A20-60/5/0 16"), "new from end to end"),
    ],
)
def test_bad_input_is_one_line(run, tmp_path, options, message):
    code, _, error = run(*options, "--out", tmp_path / "out")
    assert code == 2 and message in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()
