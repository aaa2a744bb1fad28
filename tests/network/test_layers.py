"""Layers: equivariance by e3nn's own test, and norms and gates against e3nn."""

import pytest
import torch
from e3nn.nn import Gate
from e3nn.util.test import assert_equivariant

from protdiff.network.layers import EquivariantNorm, FeedForward

from .features import IRREPS, SCALARS, TOLERANCE, VECTORS, attention_inputs, flat, split

pytestmark = pytest.mark.usefixtures("seeded")


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
