"""The fit of the composition, on a random network: drawn types become as frequent as real ones."""

import numpy as np
import pytest
import torch

from protdiff.dataset import read_chains
from protdiff.sequence.network import SequenceConfig, SequenceNetwork
from protdiff.training import composition_fit
from protdiff.training.composition_fit import fit_composition


@pytest.fixture
def network():
    torch.manual_seed(3)
    return SequenceNetwork(SequenceConfig(16, 8, 1, 1)).eval().requires_grad_(False)


def off(network, chains, temperature):
    """Largest difference of shares, percent."""
    count = composition_fit.counts(network, chains, temperature, np.zeros(20), 999)
    natural, drawn = (100 * part / part.sum() for part in count)
    return np.abs(natural - drawn).max()


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_drawn_and_natural_types_are_equally_frequent(network, tiny_archive, temperature):
    chains = read_chains(tiny_archive, "train")
    before = off(network, chains, temperature)
    lines = []
    network.composition = fit_composition(network, chains, [temperature], lines.append)
    assert len(lines) == composition_fit.ROUNDS
    # A few hundred residues are drawn: the largest of twenty errors is some three points.
    after = off(network, chains, temperature)
    assert before > 10 and after < before / 4
    with pytest.raises(ValueError, match="already"):
        fit_composition(network, chains)
