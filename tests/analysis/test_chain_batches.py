"""Batches of chains."""

import numpy as np

from protdiff.analysis import chain_batches as module
from protdiff.analysis.chain_batches import chain_batches

from .conftest import OtherLaw


def test_batches_change_no_chain(chains, monkeypatch):
    """Chains one by one, and all together, give the same components and sizes."""
    together = chain_batches(OtherLaw(1.0), chains)
    monkeypatch.setattr(module, "MAX_PAIRS", 1)
    alone = chain_batches(OtherLaw(1.0), chains)
    assert (len(together), len(alone)) == (1, len(chains))
    for row, (chain, batch) in enumerate(zip(chains, alone, strict=True)):
        assert batch.residues.tolist() == [len(chain)] == [together[0].residues[row]]
        size, wide = len(chain), together[0].clean.shape[1] // 2
        for part, whole in ((0, 0), (size, wide)):
            np.testing.assert_allclose(
                batch.clean[0, part : part + size],
                together[0].clean[row, whole : whole + size],
                atol=1e-12,
            )
