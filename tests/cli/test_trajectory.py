"""`protdiff generate --trajectory`."""

import csv

import numpy as np
import pytest

import protdiff
from protdiff.structure.io import read_trajectory


@pytest.fixture
def generate(console, tiny_weights):
    """Run `protdiff generate` with few steps; returns exit code, stdout, stderr."""

    def call(*options):
        return console(
            "generate", "--weights", tiny_weights, "--steps", 4, "--length", 16, *options
        )

    return call


def designs_of(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.pdb")}


def test_designs_are_the_same_with_trajectories(generate, console, tmp_path):
    out, plain = tmp_path / "d", tmp_path / "plain"
    assert generate("--num", 3, "--out", plain)[0] == 0
    code, text, _ = generate("--num", 3, "--out", out, "--trajectory", "every:2")
    assert code == 0
    assert f"protdiff flow film {out}/trajectories/backbone_0000.pdb" in text
    assert designs_of(out) == designs_of(plain)
    rows = list(csv.DictReader((out / "manifest.csv").open()))
    assert [row["trajectory"] for row in rows] == [
        f"trajectories/backbone_{k:04d}.pdb" for k in range(3)
    ]
    assert {row["frames"] for row in rows} == {"every:2 clean"}
    for row in rows:
        trajectory, design = (
            read_trajectory(out / row["trajectory"]),
            protdiff.read(out / row["file"]),
        )
        assert trajectory is not None and len(trajectory) == 3
        np.testing.assert_array_equal(trajectory.coords[-1], design.coords)
    # Verbs that read the folder see designs alone.
    assert console("score", out, "--out", tmp_path / "s.csv")[0] == 0
    assert len(list(csv.DictReader((tmp_path / "s.csv").open()))) == 3


def test_what_is_missing_is_drawn_and_the_rest_stays(generate, tmp_path):
    out = tmp_path / "d"
    assert generate("--num", 2, "--out", out)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.pdb")}
    code, text, _ = generate("--num", 3, "--out", out, "--trajectory", "every:2")
    assert code == 0 and "already" not in text  # all three lacked a trajectory
    assert {path: path.stat().st_mtime_ns for path in before} == before
    whole = {path.name: path.read_bytes() for path in (out / "trajectories").iterdir()}
    assert len(whole) == 3
    (out / "trajectories" / "backbone_0001.pdb").unlink()
    code, text, _ = generate("--num", 3, "--out", out, "--trajectory", "every:2")
    assert code == 0 and "2 were there already" in text
    assert {p.name: p.read_bytes() for p in (out / "trajectories").iterdir()} == whole
    # Other frames take the place of the old ones, in a file of another format beside them.
    code, text, _ = generate("--num", 3, "--out", out, "--trajectory", "every:1")
    assert code == 0 and "already" not in text
    trajectory = read_trajectory(out / "trajectories" / "backbone_0000.pdb")
    assert trajectory is not None and len(trajectory) == 4
    code, text, _ = generate("--num", 3, "--out", out)
    assert code == 0 and "3 were there already" in text


@pytest.mark.parametrize("format", ["cif", "bcif", "xtc"])
def test_formats(generate, tmp_path, format):
    assert generate("--out", tmp_path, "--trajectory", f"every:1,{format}")[0] == 0
    trajectory = read_trajectory(tmp_path / "trajectories" / f"backbone_0000.{format}")
    assert trajectory is not None and len(trajectory) == 4
    if format == "xtc":  # the .pdb file beside it names the same frames
        other = read_trajectory(tmp_path / "trajectories" / "backbone_0000.pdb")
        assert other is not None and (other.coords == trajectory.coords).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown word ''"),
        ("all", "unknown word 'all'; write every:N"),
        ("2", "unknown word '2'; write every:N"),
        ("every:", "unknown word 'every:'"),
        ("every:x", "unknown word 'every:x'"),
        ("every:-1", "unknown word 'every:-1'"),
        ("every:0", "every 0: must lie between 1 and 10,000"),
        ("every:2,dcd", "unknown word 'dcd'"),
        ("every:2,every:3", "one choice of each kind"),
        ("every:2,noisy,clean", "one choice of each kind"),
    ],
)
def test_bad_choices_are_one_line_and_leave_nothing(generate, tmp_path, text, message):
    code, _, err = generate("--out", tmp_path / "d", "--trajectory", text)
    assert code == 2 and f"--trajectory {text}: {message}" in err
    assert len(err.splitlines()) == 1 and not (tmp_path / "d").exists()
