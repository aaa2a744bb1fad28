"""The shipped weights give the backbone that they always gave, and backbones like real ones.

After a change that is meant to change samples (other weights, another default), look at the new
numbers and store the new sample: ``python -m tests.sampling.test_shipped_weights``.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.metrics import quality
from protdiff.network.weights import file_digest, find_weights, load_weights, save_weights

GOLDEN = Path(__file__).with_name("golden_sample.json")


@dataclass(frozen=True)
class Limits:
    """Highest or lowest means over residues. Eight short samples vary: every limit leaves about
    twice the distance that four seeds have from each other, real chains are well inside.
    """

    bonds: float = 0.98  # share of CA-CA bonds within 0.1 Å; four seeds: 1.000
    clashes: float = 1.5  # CA pairs under 3.6 Å per 100 residues; 0 to 0.5
    right_handed: float = 0.98  # share of helical windows; 1.00
    chirality: float = 0.89  # share of residues but glycine with phi < 0; 0.93 to 0.96
    angles: float = 3.0  # N-CA-C, rms off the ideal in degrees; 1.8 to 2.3
    outliers: float = 0.025  # share of residues outside the Ramachandran regions; 0.003 to 0.010
    hydrogen_bonds: float = 0.45  # per residue; 0.56 to 0.64


def failures(backbones, limits=Limits()):
    """Measures of the backbones that miss their limit."""
    rows, weights = [quality(b) for b in backbones], np.array([len(b) for b in backbones])

    def mean(name):
        values = np.array([row[name] for row in rows])
        there = np.isfinite(values)
        return float(np.average(values[there], weights=weights[there])) if there.any() else np.nan

    passed = {
        "bonds": mean("ca_bonds") >= limits.bonds,
        "clashes": mean("clashes_3.6") <= limits.clashes,
        "right_handed": mean("right_handed") >= limits.right_handed,
        "chirality": mean("phi_negative") >= limits.chirality,
        "angles": mean("rms_n_ca_c") <= limits.angles,
        "outliers": mean("rama_outliers") <= limits.outliers,
        "hydrogen_bonds": mean("hydrogen_bonds") >= limits.hydrogen_bonds,
    }
    return {name for name, good in passed.items() if not good}


def draw(weights=None):
    return protdiff.generate(length=range(40, 57, 2), num=8, seed=0, weights=weights, device="cpu")


def golden_backbone():
    [backbone] = protdiff.generate(length=40, seed=0, device="cpu")
    return backbone


@pytest.fixture(scope="module")
def backbones():
    return draw()


def test_sample_of_a_seed_is_the_stored_one():
    stored = json.loads(GOLDEN.read_text())
    assert file_digest(find_weights()) == stored["weights_sha256"], "see the top of this file"
    np.testing.assert_allclose(golden_backbone().ca, stored["ca"], atol=0.01)


def test_samples_look_like_real_chains(backbones):
    assert failures(backbones) == set()


def test_mirrored_samples_fail(backbones):
    mirrored = [replace(backbone, coords=-backbone.coords) for backbone in backbones]
    assert failures(mirrored) == {"right_handed", "chirality", "outliers"}


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        ("embed_scalars.weight", {"bonds", "angles"}),
        ("head.weight", {"angles", "outliers", "hydrogen_bonds"}),
    ],
)
def test_samples_of_broken_weights_fail(tensor, expected, tmp_path):
    """One tensor of both networks with noise twice as large as its entries."""
    denoiser = load_weights()
    generator = torch.Generator().manual_seed(0)
    for name in (tensor, f"coarse.{tensor}"):
        weight = denoiser.network.get_parameter(name).requires_grad_(False)
        weight += 2 * weight.std() * torch.randn(weight.shape, generator=generator)
    save_weights(tmp_path / "broken.safetensors", denoiser)
    assert expected <= failures(draw(tmp_path / "broken.safetensors"))


if __name__ == "__main__":
    backbones = draw()
    print("misses:", ", ".join(failures(backbones)) or "none")
    sample = {
        "weights_sha256": file_digest(find_weights()),
        "ca": golden_backbone().ca.round(3).tolist(),
    }
    GOLDEN.write_text(json.dumps(sample) + "\n")
