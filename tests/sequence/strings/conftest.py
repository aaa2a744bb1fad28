"""Small states whose strings can all be enumerated."""

import itertools

import pytest
import torch

from protdiff.sequence.strings import MPS, born

LENGTH, SYMBOLS, BOND = 6, 3, 3


def random_mps(kind, seed=0):
    """Non-negative or Born, the same matrices at all sites or not."""
    generator = torch.Generator().manual_seed(seed)
    shape = (SYMBOLS, BOND, BOND) if "bulk" in kind else (LENGTH, SYMBOLS, BOND, BOND)
    left, sites, right = (
        torch.rand(size, generator=generator, dtype=torch.float64)
        for size in ((BOND,), shape, (BOND,))
    )
    if "born" not in kind:
        return MPS(left, sites, right)
    return born(MPS(left - 0.5, sites - 0.5, right - 0.5))


@pytest.fixture(params=["bulk", "sites", "born bulk", "born sites"])
def mps(request):
    return random_mps(request.param)


@pytest.fixture(scope="session")
def everything():
    """All strings, 729 of them."""
    return torch.tensor(list(itertools.product(range(SYMBOLS), repeat=LENGTH)))


@pytest.fixture
def frequencies():
    return torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


def products(mps, strings):
    """Weights of strings, by products of their matrices."""
    vector = mps.left.expand(len(strings), -1)
    for site, matrix in enumerate(mps.matrices(strings.shape[1])):
        vector = torch.bmm(vector[:, None], matrix[strings[:, site]])[:, 0]
    return vector @ mps.right


@pytest.fixture
def chances(mps, everything):
    """Probability of every string."""
    weights = products(mps, everything)
    return weights / weights.sum()
