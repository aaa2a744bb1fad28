"""Attention: equivariance by e3nn's own test, and values against a sum over pairs."""

import pytest
import torch
from e3nn.util.test import assert_equivariant

from protdiff.network.attention import Attention

from .features import HEADS, IRREPS, SCALARS, TOLERANCE, VECTORS, attention_inputs, flat, split

pytestmark = pytest.mark.usefixtures("seeded")


def inverse_distance(x):
    return 1 / (1 + (x[:, None] - x[:, :, None]).norm(dim=-1))


def run(layer, features, x, bias):
    return flat(*layer(*split(features), x, bias, inverse_distance(x)))


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
