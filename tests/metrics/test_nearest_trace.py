"""RMSD of a trace to many others, against one superposition at a time."""

import numpy as np
import pytest
import torch

from protdiff.metrics import rmsd
from protdiff.metrics.nearest_trace import nearest_rmsd, overlap

from .helpers import windows_of_examples


def test_rmsd_of_every_place():
    """Shorter, equal and longer chains."""
    windows = windows_of_examples()
    sample = windows[0]
    chains = [windows[3], windows[4][:36], np.concatenate([windows[5], windows[6][:6]]),
              windows[2][:20]]  # fmt: skip
    distance, offset = nearest_rmsd(sample, chains)
    assert distance[3] == np.inf  # half as long
    for k in range(3):
        short, long = sorted((sample, chains[k]), key=len)
        values = [
            float(rmsd(torch.tensor(short), torch.tensor(long[s : s + len(short)])))
            for s in range(len(long) - len(short) + 1)
        ]
        assert distance[k] == pytest.approx(min(values), abs=1e-9)
        assert values[offset[k]] == pytest.approx(min(values), abs=1e-9)


def test_the_parts_that_are_compared():
    long, short = np.arange(30.0).reshape(10, 3), np.arange(12.0).reshape(4, 3)
    for first, second in ((long, short), (short, long)):
        parts = sorted(overlap(first, second, 5), key=lambda part: part[0, 0])
        np.testing.assert_array_equal(parts[0], short)
        np.testing.assert_array_equal(parts[1], long[5:9])
