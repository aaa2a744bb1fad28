"""Linear maps and cross products against those of e3nn and torch."""

import pytest
import torch
from e3nn import o3

from protdiff.network.linear import Linear, VectorLinear, cross

from .features import IRREPS, attention_inputs, split

pytestmark = pytest.mark.usefixtures("seeded")


def test_linear_is_that_of_e3nn():
    layer = Linear(IRREPS, "4x0e + 7x1e").double()
    features, *_ = attention_inputs()
    s, v = layer(*split(features))
    plain = o3.Linear(IRREPS, "4x0e + 7x1e").double()
    plain.load_state_dict(layer.state_dict())
    assert torch.allclose(torch.cat([s, v.mT.flatten(-2)], -1), plain(features), atol=1e-14)


def test_first_weights_are_those_of_e3nn():
    """Also of a second layer of the same shape, which is another one."""
    torch.manual_seed(5)
    layers = [Linear(IRREPS, "4x0e + 7x1e") for _ in range(2)]
    torch.manual_seed(5)
    for layer in layers:
        plain = o3.Linear(IRREPS, "4x0e + 7x1e")
        assert torch.equal(layer.weight, plain.weight)
        assert list(layer.state_dict()) == list(plain.state_dict())
    with torch.no_grad():
        layers[0].weight.zero_()
    assert layers[1].weight.all()


def test_vectors_are_mixed_as_by_e3nn():
    layer, plain = VectorLinear("5x1e", "7x1e").double(), o3.Linear("5x1e", "7x1e").double()
    plain.load_state_dict(layer.state_dict())
    v = torch.randn(2, 9, 3, 5, dtype=torch.float64)
    assert torch.allclose(layer(v), plain(v.mT.flatten(-2)).unflatten(-1, (7, 3)).mT, atol=1e-14)


def test_cross_product():
    a, b = torch.randn(2, 5, 3, 4, dtype=torch.float64)
    assert torch.allclose(cross(a, b), torch.linalg.cross(a, b, dim=-2), atol=1e-14)
