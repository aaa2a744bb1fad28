"""Data sets of backbones that are in memory."""

import numpy as np
import pytest

import protdiff
from protdiff.dataset.memory import chain_set

from ..conftest import ROOT


def test_chains_of_backbones():
    backbone = protdiff.read(ROOT / "data" / "examples" / "1a8o.pdb.gz")
    short = backbone[:10]
    chains, rejected = chain_set([backbone, short])
    assert [chain.name for chain in chains] == ["0_A"] and rejected[0].name == "1_A"
    ca = chains[0].backbone().ca
    np.testing.assert_allclose(ca, backbone.ca - backbone.ca.mean(0), atol=0.01)
    with pytest.raises(ValueError, match="no chain was kept, 1 rejected; the first: 0_A: longest"):
        chain_set([short])
