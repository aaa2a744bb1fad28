"""`protdiff flow thermo` as a user runs it."""

import json

import torch

from protdiff.flow.zoo import recipe
from protdiff.network import Denoiser
from protdiff.network.weights import save_weights

from ..conftest import TINY


def test_thermo_of_tiny_weights(console, designs, tiny_weights, tmp_path):
    code, text, _ = console(
        "flow", "thermo", "--data", designs, "--weights", tiny_weights, "--length", 60,
        "--chains", 3, "--shells", 6, "--steps", 3, "--replicas", 3, "--out", tmp_path / "thermo",
    )  # fmt: skip
    assert code == 0
    assert "trajectories of the network part" in text and "one fold" in text
    numbers = json.loads((tmp_path / "thermo" / "thermo.json").read_text())
    assert len(numbers["shells"]) == 6
    assert numbers["weights"] == "tiny"
    assert all(shell["bound"] >= 0 for shell in numbers["shells"])
    assert "Crooks' slope in shells" in " ".join(text.split())
    assert numbers["trajectories"]["effective"] > 0
    assert all(r["between"] > 0 for r in numbers["replicas"])
    assert all(0 <= r["same_fold"] <= 1 for r in numbers["replicas"])
    assert len(numbers["replicas"][0]["potential"]["q"]) == 10
    speciation = numbers["network_speciation"]
    assert len(speciation["eigenvalues"]) == speciation["chains"] == numbers["chains"]
    assert (tmp_path / "thermo" / "thermo.png").read_bytes().startswith(b"\x89PNG")


def test_theorems_that_hold_by_construction_test_nothing(console, designs, tmp_path):
    """An untrained network with a prior of the chain's variances: S is 0 on every trajectory."""
    said = {}
    for name in ("vp", "rg-harmonic"):
        save_weights(tmp_path / f"{name}.safetensors", Denoiser(TINY, recipe(name)))
        code, text, _ = console(
            "flow", "thermo", "--data", designs, "--weights", tmp_path / f"{name}.safetensors",
            "--length", 60, "--chains", 3, "--shells", 4, "--steps", 3, "--replicas", 3,
            "--out", tmp_path / name,
        )  # fmt: skip
        assert code == 0
        said[name] = "nothing was tested" in text
    assert said == {"vp": True, "rg-harmonic": False}


def test_thermo_without_fitting_chains(console, tiny_archive, tiny_weights, tmp_path):
    code, _, err = console(
        "flow", "thermo", "--data", tiny_archive, "--weights", tiny_weights, "--length", 400,
        "--out", tmp_path / "thermo",
    )  # fmt: skip
    assert code == 2
    assert "0 unbroken chains within 10 % of 400 residues" in err


def test_a_flow_without_a_fixed_point(console, designs, tmp_path):
    """Entropy production is not defined for variance-exploding flows."""
    torch.manual_seed(0)
    save_weights(tmp_path / "edm.safetensors", Denoiser(TINY, recipe("edm")))
    code, out, err = console(
        "flow", "thermo", "--data", designs, "--weights", tmp_path / "edm.safetensors",
        "--length", 60, "--out", tmp_path / "thermo",
    )  # fmt: skip
    assert code == 2 and not out
    assert "variance exploding: it has no fixed point" in err and "edm.safetensors" in err
    assert err.count("\n") == 1 and not (tmp_path / "thermo").exists()
