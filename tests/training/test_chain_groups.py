"""Which chains are held out."""

import numpy as np
import pytest

from protdiff.training.chain_groups import hold_out_chains
from protdiff.training.chains import load_chains


@pytest.fixture
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


def test_clusters_are_held_out_whole(chains):
    chains.table["cluster"] = np.arange(len(chains)) // 2
    train, held_out, one_sequence = hold_out_chains(chains, 0.2)
    assert not one_sequence and len(train) + len(held_out) == len(chains)
    assert not set(train.table["cluster"]) & set(held_out.table["cluster"])
    chains.table["cluster"] = 5
    train, held_out, one_sequence = hold_out_chains(chains, 0.2)
    # A family of similar sequences is one cluster, and still not an ensemble.
    assert not one_sequence and len(held_out) >= 1
    chains.table["sequence"] = 7
    assert hold_out_chains(chains, 0.2)[2]
    with pytest.raises(ValueError, match="too few"):
        hold_out_chains(chains.take(np.arange(1)), 0.2)
