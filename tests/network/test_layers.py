"""Layers: equivariance by e3nn's own test, and attention against a sum over pairs."""

import pytest
import torch
from e3nn import o3
from e3nn.nn import Gate
from e3nn.util.test import assert_equivariant

from protdiff.network.attention import Attention, PairBias
from protdiff.network.attention_blocks import separations
from protdiff.network.layers import EquivariantNorm, FeedForward
from protdiff.network.linear import Linear, cross
from protdiff.network.numerics import plain_e3nn

SCALARS, VECTORS, HEADS = 6, 5, 2
IRREPS = f"{SCALARS}x0e + {VECTORS}x1e"
#: float64: sums of about 50 products of numbers of order one round to 1e-13.
TOLERANCE = 1e-11


@pytest.fixture(autouse=True)
def _seed():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def split(features):
    """Scalars (..., S) and vectors (..., 3, V) of e3nn's flat features (..., S + 3V)."""
    return features[..., :SCALARS], features[..., SCALARS:].unflatten(-1, (-1, 3)).mT


def flat(s, v):
    """The inverse of `split`."""
    return torch.cat([s, v.mT.flatten(-2)], -1)


def attention_inputs(size=7):
    features = torch.randn(1, size, SCALARS + 3 * VECTORS, dtype=torch.float64)
    x = 2 * torch.randn(1, size, 3, dtype=torch.float64)
    bias = torch.randn(HEADS, 1, size, size, dtype=torch.float64)
    return features, x, bias


def inverse_distance(x):
    return 1 / (1 + (x[:, None] - x[:, :, None]).norm(dim=-1))


def run(layer, features, x, bias):
    return flat(*layer(*split(features), x, bias, inverse_distance(x)))


def test_linear_is_that_of_e3nn():
    layer = Linear(IRREPS, "4x0e + 7x1e").double()
    features, *_ = attention_inputs()
    s, v = layer(*split(features))
    with plain_e3nn():
        plain = o3.Linear(IRREPS, "4x0e + 7x1e").double()
    plain.load_state_dict(layer.state_dict())
    assert torch.allclose(torch.cat([s, v.mT.flatten(-2)], -1), plain(features), atol=1e-14)


def test_cross_product():
    a, b = torch.randn(2, 5, 3, 4, dtype=torch.float64)
    assert torch.allclose(cross(a, b), torch.linalg.cross(a, b, dim=-2), atol=1e-14)


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
    assert_equivariant(
        lambda f: flat(*layer(*split(f))), [features], [IRREPS], [IRREPS], tolerance=TOLERANCE
    )
    assert layer(*split(features))[1].abs().max() > 0.01


def test_feed_forward_is_gated_like_e3nn():
    """The activations are those of e3nn's `Gate`, on the same irreps."""
    hidden, products = 11, 3
    layer = FeedForward(SCALARS, VECTORS, hidden, products).double()
    gate = Gate(
        f"{hidden + products}x0e", [torch.nn.functional.silu],
        f"{2 * products}x0e", [torch.sigmoid], f"{2 * products}x1e",
    )  # fmt: skip
    features, *_ = attention_inputs()
    s, v = layer.expand(*split(features))
    s, gates = s.split([hidden, 2 * products], -1)
    a, b = v.split(products, -1)
    v = torch.cat([a, torch.linalg.cross(a, b, dim=-2)], -1)
    gated = gate(flat(torch.cat([s, (a * b).sum(-2) / 3**0.5, gates], -1), v))
    expected = gated[..., : hidden + products], gated[..., hidden + products :]
    expected = layer.contract(expected[0], expected[1].unflatten(-1, (-1, 3)).mT)
    assert torch.allclose(flat(*layer(*split(features))), flat(*expected), atol=1e-12)


def test_weights_with_a_gate_load():
    """Files of before carry the empty tensors of e3nn's `Gate`."""
    layer = FeedForward(SCALARS, VECTORS, 11, 3)
    old = {"gate.mul.weight": torch.zeros(0), "gate.mul.output_mask": torch.ones(18)}
    layer.load_state_dict(layer.state_dict() | old)
    with pytest.raises(RuntimeError, match="Unexpected"):
        layer.load_state_dict(layer.state_dict() | {"other.weight": torch.zeros(0)})


def test_norm_is_equivariant_and_normalises():
    layer = EquivariantNorm(SCALARS, VECTORS, conditioning=4).double()
    features, *_ = attention_inputs()
    embedding = torch.randn(1, 4, dtype=torch.float64)
    assert_equivariant(
        lambda f: flat(*layer(*split(f), embedding)), [features], [IRREPS], [IRREPS],
        tolerance=TOLERANCE,
    )  # fmt: skip
    s, v = layer(*split(100 * features), 0 * embedding)
    assert torch.allclose(s.square().mean(-1), torch.ones(1, 7).double(), atol=1e-3)
    assert torch.allclose(v.square().sum(-2).mean(-1), torch.ones(1, 7).double(), atol=1e-3)


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
    s, v = layer.project(*split(features[0]))
    s = s.view(size, HEADS, -1).split(layer.scalar_sizes, -1)
    v = v.mT.view(size, HEADS, -1, 3).split(layer.vector_sizes, -2)
    (q, k, value, along), (vq, vk, f, g, vvalue, vedge) = s, v
    expected = run(layer, features, x, bias)[0]
    for i in range(size):
        scalars, vectors = [], []
        for h in range(HEADS):
            edge = x[0] - x[0, i]
            inverse = 1 / (1 + edge.norm(dim=-1))
            logits = (q[i, h] * k[:, h]).sum(-1) + (vq[i, h] * vk[:, h]).sum((-1, -2))
            frame = (edge * f[i, h, 0]).sum(-1) + (edge * g[:, h, 0]).sum(-1)
            weight = (logits * layer.scale + bias[h, 0, i] + frame * inverse).softmax(-1)
            short = weight * inverse
            dot = (short[:, None] * (edge[:, None] * vedge[:, h]).sum(-1)).sum(0)
            scalars += [weight @ value[:, h], dot]
            turned = torch.linalg.cross(edge[:, None].expand_as(vedge[:, h]), vedge[:, h])
            vectors += [
                torch.einsum("j,jed->ed", weight, vvalue[:, h]).flatten(),
                torch.einsum("j,jd,je->ed", short, edge, along[:, h]).flatten(),
                torch.einsum("j,jed->ed", short, turned).flatten(),
            ]
        vectors = torch.cat(vectors).unflatten(0, (-1, 3)).mT
        out = flat(*layer.out(torch.cat(scalars), vectors))
        assert torch.allclose(out, expected[i], atol=1e-11)


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
    found = layer._radial([distance, distance + 1]).double()
    assert torch.allclose(found[:16], exact, rtol=1e-3, atol=1e-25)
    near = exact > 1e-3
    assert torch.allclose(found[:16][near], exact[near], rtol=3e-5)
    moved = torch.exp(-2 * (distance.double() + 1 - centres) ** 2)
    assert torch.allclose(found[16:], moved, rtol=1e-3, atol=1e-25)
