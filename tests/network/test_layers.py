"""Layers: equivariance by e3nn's own test, and attention against a sum over pairs."""

import pytest
import torch
from e3nn.util.test import assert_equivariant

from protdiff.network.layers import Attention, EquivariantNorm, FeedForward, PairBias, split
from protdiff.network.neighbours import separations

SCALARS, VECTORS, HEADS = 6, 5, 2
IRREPS = f"{SCALARS}x0e + {VECTORS}x1e"
#: float64: sums of about 50 products of numbers of order one round to 1e-13.
TOLERANCE = 1e-11


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def attention_inputs(size=7):
    features = torch.randn(1, size, SCALARS + 3 * VECTORS, dtype=torch.float64)
    x = 2 * torch.randn(1, size, 3, dtype=torch.float64)
    bias = torch.randn(1, HEADS, size, size, dtype=torch.float64)
    return features, x, bias


def inverse_distance(x):
    return (1 / (1 + (x[:, None] - x[:, :, None]).norm(dim=-1)))[:, None]


def run(layer, features, x, bias):
    return layer(features, x, bias, inverse_distance(x))


def test_attention_is_equivariant():
    layer = Attention(SCALARS, VECTORS, HEADS).double()
    features, x, bias = attention_inputs()
    # All irreps are even, so positions stay as they are under inversion: x is 1e here.
    assert_equivariant(
        lambda f, x: run(layer, f, x, bias),
        args_in=[features, x],
        irreps_in=[IRREPS, "1e"],
        irreps_out=[IRREPS],
        tolerance=TOLERANCE,
    )


def test_feed_forward_is_equivariant():
    layer = FeedForward(SCALARS, VECTORS, hidden=11, products=3).double()
    features, *_ = attention_inputs()
    assert_equivariant(layer, [features], [IRREPS], [IRREPS], tolerance=TOLERANCE)
    assert layer(features)[..., SCALARS:].abs().max() > 0.01


def test_norm_is_equivariant_and_normalises():
    layer = EquivariantNorm(SCALARS, VECTORS, conditioning=4).double()
    features, *_ = attention_inputs()
    embedding = torch.randn(1, 4, dtype=torch.float64)
    assert_equivariant(
        lambda f: layer(f, embedding), [features], [IRREPS], [IRREPS], tolerance=TOLERANCE
    )
    s, v = split(layer(100 * features, 0 * embedding), SCALARS)
    assert torch.allclose(s.square().mean(-1), torch.ones(1, 7).double(), atol=1e-3)
    assert torch.allclose(v.square().sum(-1).mean(-1), torch.ones(1, 7).double(), atol=1e-3)


def test_a_wrong_layer_would_be_caught():
    """e3nn's test sees a layer that treats a vector's coordinates as scalars."""
    features, *_ = attention_inputs()
    with pytest.raises(AssertionError, match="equivariance error"):
        assert_equivariant(torch.sin, [features], [IRREPS], [IRREPS], tolerance=TOLERANCE)


def test_attention_is_a_sum_over_pairs():
    """The factorised layer against explicit messages along every edge."""
    layer = Attention(SCALARS, VECTORS, HEADS).double()
    features, x, bias = attention_inputs()
    size = x.shape[1]
    s, v = split(layer.project(features[0]), HEADS * sum(layer.scalar_sizes))
    s = s.view(size, HEADS, -1).split(layer.scalar_sizes, -1)
    v = v.view(size, HEADS, -1, 3).split(layer.vector_sizes, -2)
    (q, k, value, along), (vq, vk, f, g, vvalue, vedge) = s, v
    expected = run(layer, features, x, bias)[0]
    for i in range(size):
        scalars, vectors = [], []
        for h in range(HEADS):
            edge = x[0] - x[0, i]
            inverse = 1 / (1 + edge.norm(dim=-1))
            logits = (q[i, h] * k[:, h]).sum(-1) + (vq[i, h] * vk[:, h]).sum((-1, -2))
            frame = (edge * f[i, h, 0]).sum(-1) + (edge * g[:, h, 0]).sum(-1)
            weight = (logits * layer.scale + bias[0, h, i] + frame * inverse).softmax(-1)
            short = weight * inverse
            dot = (short[:, None] * (edge[:, None] * vedge[:, h]).sum(-1)).sum(0)
            scalars += [weight @ value[:, h], dot]
            turned = torch.linalg.cross(edge[:, None].expand_as(vedge[:, h]), vedge[:, h])
            vectors += [
                torch.einsum("j,jed->ed", weight, vvalue[:, h]).flatten(),
                torch.einsum("j,jd,je->ed", short, edge, along[:, h]).flatten(),
                torch.einsum("j,jed->ed", short, turned).flatten(),
            ]
        assert torch.allclose(layer.out(torch.cat(scalars + vectors)), expected[i], atol=1e-11)


def test_attention_ignores_the_origin_and_blocked_beads():
    layer = Attention(SCALARS, VECTORS, HEADS).double()
    features, x, bias = attention_inputs()
    plain = run(layer, features, x, bias)
    assert torch.allclose(run(layer, features, x + 10, bias), plain, atol=1e-10)
    bias[..., 5:] = -1e9
    blocked = run(layer, features, x, bias)
    features[:, 5:], x[:, 5:] = 9, -3
    assert torch.allclose(run(layer, features, x, bias)[:, :5], blocked[:, :5], atol=1e-12)


def test_pair_bias_depends_on_distance_and_separation_only():
    layer = PairBias(layers=3, heads=HEADS, max_separation=4).double()
    distance = 3 * torch.rand(1, 12, 12, dtype=torch.float64)
    apart = separations(12, None)
    near = layer(distance, apart)
    assert len(near) == 3 and near[0].shape == (1, HEADS, 12, 12)
    moved = layer(distance.roll((2, 2), (1, 2)), apart)
    for a, b in zip(near, moved, strict=True):
        assert torch.allclose(a[..., :10, :10], b[..., 2:, 2:], atol=1e-12)
    forward, back = near[0][0, 0, 2, 5], layer(distance.mT, apart)[0][0, 0, 5, 2]
    assert abs(forward - back) > 1e-3  # the chain has a direction


def test_heads_start_from_local_to_global():
    layer = PairBias(layers=1, heads=4)
    far, near = (layer(torch.full((1, 2, 2), d), separations(2, None))[0] for d in (40.0, 20.0))
    far, near = far[0, :, 0, 0], near[0, :, 0, 0]  # both beyond the radial functions
    slopes = (near - far) / 20
    assert torch.allclose(slopes, torch.tensor([2, 1, 0.5, 0.25]), atol=1e-5)
