"""Requests that act together: every one of them holds in the sample."""

from pathlib import Path

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Energy, Motif, RadiusOfGyration, Symmetry
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.metrics.quality import quality
from protdiff.structure.superposition import rmsd

FILE = Path(__file__).parents[2] / "data" / "examples" / "1tpk.pdb"
CONTIG, PLACE = "14,A30-41,14", slice(14, 26)


@pytest.fixture(scope="module")
def motif():
    chain = protdiff.read(FILE).chain("A")
    return chain.ca[[int(n) in range(30, 42) for n in chain.residue_numbers]]


def off(made, motif):
    return float(rmsd(torch.tensor(made.ca[PLACE]), torch.tensor(motif)))


@pytest.mark.parametrize("motif_first", [True, False])
def test_motif_and_symmetry(motif, tiny_weights, motif_first):
    """Every copy holds the motif, and the copies are copies; in whichever order they add up."""
    parts = Motif(FILE, CONTIG), Symmetry("C3")
    both = parts[0] + parts[1] if motif_first else parts[1] + parts[0]
    [made] = protdiff.generate(condition=both, weights=tiny_weights, steps=8)
    assert len(made.chains) == 3 and len(made) == 120
    assert symmetry_error(made, "C3") < 1e-9
    for chain in made.chains:
        assert off(made.chain(chain), motif) < 0.01


def test_motif_and_secondary_structure(motif, tiny_weights):
    """The network sees the string, and the motif stays exact."""
    options = dict(condition=Motif(FILE, CONTIG), weights=tiny_weights, steps=8)
    [free] = protdiff.generate(**options)
    [made] = protdiff.generate(secondary_structure="E" * 14 + "-" * 12 + "H" * 14, **options)
    assert off(free, motif) < 0.01 and off(made, motif) < 0.01
    assert np.abs(made.ca - free.ca).max() > 0.1


def test_motif_and_energy(motif, tiny_weights):
    sizes = []
    for target in (9.0, 14.0):
        both = Motif(FILE, CONTIG) + RadiusOfGyration(target)
        [made] = protdiff.generate(condition=both, weights=tiny_weights, steps=12)
        assert off(made, motif) < 0.01
        sizes.append(quality(made)["rg"])
    assert sizes[0] < 0.85 * sizes[1]


def test_symmetry_and_energy(tiny_weights):
    """An energy that flattens the chain makes all copies flat."""
    flat = Energy(lambda ca: 0.5 * ca[:, 2].square().sum())
    assemblies = [
        protdiff.generate(length=30, condition=c, weights=tiny_weights, steps=8)[0]
        for c in (Symmetry("C3"), Symmetry("C3") + flat)
    ]
    assert all(symmetry_error(assembly, "C3") < 1e-9 for assembly in assemblies)
    free, flattened = (np.std(assembly.chain("A").ca[:, 2]) for assembly in assemblies)
    assert flattened < 0.3 * free
