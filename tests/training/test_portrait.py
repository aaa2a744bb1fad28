"""Samples beside the chains that weights were tuned to."""

import numpy as np
import pytest

import protdiff
from protdiff.training.portrait import nearest_conformation, portrait


def test_portrait_of_the_chains_themselves(chains):
    backbones = [chain.backbone() for chain in chains]
    numbers = portrait(backbones, chains, ensemble=True)
    assert numbers["frechet"] == pytest.approx(0, abs=1e-3) and numbers["rmsd"] < 1e-3
    for key in ("helix", "strand", "rg_ratio"):
        assert numbers[key] == numbers[f"user_{key}"]


def test_nearest_conformation(chains):
    backbone = chains[0].backbone()
    moved = protdiff.Backbone.from_coords(-backbone.coords)
    same = protdiff.Backbone.from_coords(backbone.coords[:, :, [1, 2, 0]] + 5)
    near = nearest_conformation([same, moved, backbone[:30]], chains)
    assert near[0] < 1e-6 < 1 < near[1] and np.isnan(near[2])
