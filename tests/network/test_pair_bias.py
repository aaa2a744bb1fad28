"""Attention bias: what it depends on, what it starts from, and its radial functions."""

import pytest
import torch

from protdiff.network.attention_blocks import separations
from protdiff.network.pair_bias import PairBias

from .features import HEADS

pytestmark = pytest.mark.usefixtures("seeded")


def test_pair_bias_depends_on_distance_and_separation_only():
    layer = PairBias(layers=3, heads=HEADS, max_separation=4).double()
    distance = 3 * torch.rand(1, 12, 12, dtype=torch.float64)
    apart = separations(12, None)
    near = layer(distance, apart)
    assert len(near) == 3 and near[0].shape == (HEADS, 1, 12, 12)
    moved = layer(distance.roll((2, 2), (1, 2)), apart)
    for a, b in zip(near, moved, strict=True):
        assert torch.allclose(a[..., :10, :10], b[..., 2:, 2:], atol=1e-12)
    forward, back = near[0][0, 0, 2, 5], layer(distance.mT, apart)[0][0, 0, 5, 2]
    assert abs(forward - back) > 1e-3  # the chain has a direction


def test_heads_start_from_local_to_global():
    layer = PairBias(layers=1, heads=4)
    far, near = (layer(torch.full((1, 2, 2), d), separations(2, None))[0] for d in (40.0, 20.0))
    far, near = far[:, 0, 0, 0], near[:, 0, 0, 0]  # both beyond the radial functions
    slopes = (near - far) / 20
    assert torch.allclose(slopes, torch.tensor([2, 1, 0.5, 0.25]), atol=1e-5)


def test_blocked_keys_and_earlier_distances(draw):
    """Keys that are not there get the same large negative bias from every query."""
    layer = PairBias(layers=2, heads=HEADS, previous=True).double()
    torch.nn.init.normal_(layer.previous.weight)
    distance, before = (3 * draw(2, 5, 5, seed=k).abs() for k in (1, 2))
    apart, blocked = separations(5, None), torch.zeros(2, 1, 5, dtype=torch.float64)
    blocked[1, 0, 3:] = -1e9
    plain, hidden = layer(distance, apart, before), layer(distance, apart, before, blocked)
    for a, b in zip(plain, hidden, strict=True):
        assert torch.allclose(a + blocked, b, atol=1e-6)
    other = layer(distance, apart, before + 1)[0] - layer(distance + 1, apart, before)[0]
    assert other.abs().max() > 0.01


def test_radial_functions_are_gaussians_that_vanish_for_far_pairs():
    """Cut off at e^-60, which no sum of ordinary numbers notices."""
    layer = PairBias(layers=1, heads=1)
    distance = torch.linspace(0, 40, 200)
    centres = torch.linspace(0, 8, 16).double()[:, None]
    exact = torch.exp(-2 * (distance.double() - centres) ** 2)
    result = layer._radial_functions([distance, distance + 1]).double()
    assert torch.allclose(result[:16], exact, rtol=1e-3, atol=1e-25)
    near = exact > 1e-3
    assert torch.allclose(result[:16][near], exact[near], rtol=3e-5)
    moved = torch.exp(-2 * (distance.double() + 1 - centres) ** 2)
    assert torch.allclose(result[16:], moved, rtol=1e-3, atol=1e-25)
