"""`protdiff flow show`, `coarsen` and `report` as a user runs them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.dataset import read_chains
from protdiff.flow.zoo import FLOWS, recipe

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


def test_the_help_names_every_flow(console):
    _, out, _ = console("flow", "show", "--help")
    assert all(name in out for name in FLOWS)


@pytest.mark.parametrize("name", FLOWS)
def test_every_flow_is_shown(console, name):
    code, out, _ = console("flow", "show", name, "--length", 30, "--steps", 12, "--rows", 4)
    assert code == 0
    assert FLOWS[name][0] in out
    table = [line.split() for line in out.splitlines() if line[:5].strip().isdigit()]
    rows = [row for row in table if len(row) == 7]
    assert ("no link vectors" in out) == (not recipe(name).links)
    same = recipe(name).prior == "measured"  # then nothing was measured at the start
    assert ("the prior has its variances" in out) == same
    assert ("nats from the noised Gaussian chain of real variances" in out) == (not same)
    assert ("needs `component_clocks`" in out) == (name in ("rg-haar", "gud-residues"))
    assert [int(row[0]) for row in rows] == [0, 4, 7, 11]
    assert float(rows[0][1]) == 1 and float(rows[-1][1]) == 0
    assert float(rows[0][5]) < 0.01 and float(rows[-1][5]) > 0.99  # signal of the slowest


def test_a_changed_flow_is_shown_from_options_or_a_configuration(console, tmp_path):
    code, by_options, _ = console("flow", "show", "gud", "--steepness", 4, "--prior", "rgdm")
    assert code == 0 and "here prior = rgdm, steepness = 4.0\n" in by_options
    path = tmp_path / "training.toml"
    path.write_text(
        'data = "x"\nout = "y"\n[flow]\nname = "gud"\nsteepness = 4.0\nprior = "rgdm"\n'
    )
    assert console("flow", "show", path) == (0, by_options, "")
    _, plain, _ = console("flow", "show", "gud", "--prior", "rgdm")
    table = by_options[by_options.index("step ") :]
    assert table != plain[plain.index("step ") :]
    path.write_text('data = "x"\nout = "y"\n[sequence]\nhidden = 8\n')
    code, _, error = console("flow", "show", path)
    assert code == 2 and "is about the network of residue types, which has no flow" in error


def test_the_shipped_flow_costs_less_than_its_calls(console, tmp_path):
    code, out, _ = console("flow", "show", "--length", 100, "--plot", tmp_path / "flow.png")
    assert code == 0
    assert "91 steps, each mode 42 of them in the shell" in out  # docs/theory.md 2.1
    cost = float(out.split("cost as much as")[1].split()[0])
    assert 30 < cost < 40
    assert (tmp_path / "flow.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF-1.")])
def test_pictures_for_print(console, tmp_path, ending, start):
    code, *_ = console("flow", "show", "--plot", tmp_path / f"flow.{ending}")
    assert code == 0 and (tmp_path / f"flow.{ending}").read_bytes().startswith(start)


def test_coarsen_writes_levels_and_a_picture(console, tmp_path):
    out = tmp_path / "coarse"
    code, text, _ = console(
        "flow", "coarsen", EXAMPLES / "1a8o.pdb.gz", "--levels", 3, "--out", out
    )
    assert code == 0
    names = sorted(p.name for p in out.iterdir())
    assert names == ["coarsen.png", *(f"level_{i:02d}.pdb" for i in range(3))]
    assert text.splitlines()[-1] == (
        "regulator lognormal; the shipped weights have another, --regulator heat"
    )
    original = protdiff.read(EXAMPLES / "1a8o.pdb.gz")
    radii = []
    for i in range(3):
        level = protdiff.read(out / f"level_{i:02d}.pdb", ca_only=True)
        assert level.sequence == original.sequence
        assert (level.residue_numbers == original.residue_numbers).all()
        np.testing.assert_allclose(level.ca.mean(0), original.ca.mean(0), atol=2e-3)
        radii.append(math.sqrt(np.square(level.ca - level.ca.mean(0)).sum(1).mean()))
    assert radii == sorted(radii, reverse=True)
    assert "level_02.pdb" in text


def test_film_of_a_structure(console, tmp_path):
    film, page = tmp_path / "film.gif", tmp_path / "film.html"
    chain = EXAMPLES / "1a8o.pdb.gz"
    code, text, err = console("flow", "film", chain, "--out", film, "--levels", 3)
    assert code == 0, err
    assert "film.gif: 3 frames, " in text and film.read_bytes().startswith(b"GIF89a")
    words = ("flow", "film", chain, "--out", page, "--levels", 3, "--regulator", "heat")
    code, text, _ = console(*words)
    assert "regulator heat, as the shipped weights" in text
    assert code == 0 and "film.html: 3 frames, " in text
    assert "<title>1a8o</title>" in page.read_text(encoding="utf-8")


def test_film_of_a_generation(console, tiny_weights, tmp_path):
    code, _, err = console(
        "generate", "--weights", tiny_weights, "--steps", 4, "--length", 16, "--out", tmp_path,
        "--trajectory", "every:1,xtc",
    )  # fmt: skip
    assert code == 0, err
    frames = tmp_path / "trajectories" / "backbone_0000.xtc"
    code, text, _ = console("flow", "film", frames, "--out", tmp_path / "x.html")
    assert code == 0 and "x.html: 4 frames" in text
    for option in (("--levels", 4), ("--regulator", "heat")):
        code, _, err = console("flow", "film", frames, *option)
        assert code == 2 and f"{option[0]}: {frames} is a trajectory, which has its own" in err


def test_report(console, tiny_weights, tiny_archive, tmp_path):
    folder = tmp_path / "chains"
    folder.mkdir()
    for k, chain in enumerate(read_chains(tiny_archive, "train")):
        backbone = chain.backbone()
        for part in range(0, len(backbone) - 40, 3):  # unbroken pieces of one length
            protdiff.write(backbone[part : part + 40], folder / f"{k}_{part}.pdb")
    run = tmp_path / "run"
    run.mkdir()
    rows = [f"{step},{1 + 30 / step}" for step in range(20, 800, 20)]
    (run / "training.csv").write_text("\n".join(["step,loss", *rows]))
    (run / "validation.csv").write_text("step,loss\n780,1.5\n")
    code, out, error = console(
        "flow", "report", "--data", folder, "--weights", tiny_weights, "--length", 40,
        "--calls", 6, 12, "--samples", 2, "--out", tmp_path / "report.json",
        "--schedules", "--history", run,
    )  # fmt: skip
    assert code == 0, error
    assert "6 calls" in out and "12 calls" in out
    numbers = json.loads((tmp_path / "report.json").read_text())
    split = numbers["history"][str(run)]
    assert abs(split["floor"] - 1) < 2e-3 and split["held_out"] == 1.5
    assert "left to gain by steps alike" in out and "over the training loss" in out
    assert set(numbers["grids"]) == {"equal", "default", "fitted", "by bound"}
    assert all(losses["12"] < losses["6"] for losses in numbers["grids"].values())
    assert sum(numbers["steps"]["12"]) < sum(numbers["steps"]["6"])
    # What is enough is decided by samples, and two of untrained weights show nothing.
    assert "say nothing of how many calls the network needs" in " ".join(out.split())
    assert numbers["samples"]["recommended"] is None and "shown to be enough" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "rgmd"], "unknown flow 'rgmd': did you mean 'rgdm'?"),
        (["show", "--steepness", 3], "--steepness: goes with --schedule gud, not rg"),
        (["show", "gud", "--steepness", 99], "--steepness 99.0: must be 0 to 64"),
        (["show", "--basis", "x"], "unknown basis 'x': choose from cosine, "),
        (["show", "none.toml"], "none.toml: cannot be read (No such file or directory)"),
        (["show", "--steps", 0], "--steps"),
        (["show", "--length", 2], "--length"),
        (["show", "--plot", "x.pdb"], "--plot x.pdb: must be a file that ends in .png, .svg or "),
        (["show", "--plot", "none/x.png"], "none/x.png: No such file"),
        (["report", "--data", EXAMPLES, "--out", "x"], "--out x: must be a file that ends in"),
        (["coarsen", "absent.pdb"], "absent.pdb: no such file"),
        (["coarsen", EXAMPLES / "1a8o.pdb.gz", "--regulator", "x"], "--regulator x: choose from"),
        (["film", "absent.pdb"], "absent.pdb: no such file"),
        (["film", "absent.xtc"], "absent.pdb: no such file"),
        (["film", EXAMPLES / "1a8o.pdb.gz", "--out", "x.mp4"], "must be a file that ends in .gif"),
        (["film", EXAMPLES / "1a8o.pdb.gz", "--out", "none/x.gif"], "none/x.gif: No such file"),
        (["film", EXAMPLES / "1a8o.pdb.gz", "--regulator", "x"], "--regulator x: choose from"),
        (["report", "--data", "absent"], "--data absent: not a folder"),
        (
            ["report", "--data", EXAMPLES, "--history", "absent"],
            "--history absent: no training.csv in it; give the folder of a run",
        ),
        (["report", "--data", EXAMPLES, "--calls", "2147483648"], "'--calls'"),
        (["thermo", "--data", EXAMPLES, "--shells", "2147483648"], "'--shells'"),
        (["thermo", "--data", EXAMPLES, "--steps", "2147483648"], "'--steps'"),
        (["report", "--data", EXAMPLES, "--calls"], "--calls: no value given"),
        (["report", "--data", EXAMPLES, "--calls", "8", "many"], "Invalid value for '--calls'"),
    ],
)
def test_bad_input(console, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, error = console("flow", *arguments)
    assert code == 2
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
