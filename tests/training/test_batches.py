"""Batches: chains keep their geometry."""

import numpy as np

from protdiff.training.batches import make_batch


def test_batches_keep_the_geometry(chains, recipe, config):
    full = (make_batch(chains, recipe, config, step) for step in range(20))
    batch = next(b for b in full if b.level == "full")
    size = batch.clean.shape[1] // 2
    links = batch.clean[0, size : size + batch.lengths[0] - 1]
    np.testing.assert_allclose(links.norm(dim=-1), 1, atol=1e-5)  # rotations are orthogonal
    assert not batch.clean[:, 0].any()  # no centroid
