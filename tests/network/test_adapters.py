"""Adapters: nothing before training, equivariant after it, and the same when merged or loaded."""

import copy

import pytest
import torch
from e3nn import o3

from protdiff.network import Denoiser
from protdiff.network.adapters import (
    adapter_tensors,
    add_adapters,
    linears,
    load_adapters,
    merge_adapters,
)

from ..conftest import TINY

N = 24


@pytest.fixture
def denoiser(tiny_denoiser):
    fresh = Denoiser(TINY, tiny_denoiser.recipe)
    fresh.load_state_dict(tiny_denoiser.state_dict())
    return fresh.double()


def estimate(denoiser, x):
    """Clean estimate at a time when trace and links are both active."""
    _, denoise = denoiser.bind([N])
    with torch.no_grad():
        return denoise(x, torch.tensor([0.2], dtype=torch.float64))


@pytest.fixture
def noisy():
    return torch.randn(1, 2 * N, 3, generator=torch.Generator().manual_seed(0)).double()


def disturb(network):
    for name, parameter in network.named_parameters():
        if ".up." in name:
            torch.nn.init.normal_(parameter, std=0.5)


def test_untrained_adapters_change_nothing(denoiser, noisy):
    before = estimate(denoiser, noisy)
    weights = [module.weight.detach().clone() for _, module in linears(denoiser.network)]
    trained = add_adapters(denoiser.network, 3)
    for weight, (_, module) in zip(weights, linears(denoiser.network), strict=True):
        assert torch.equal(module.weight, weight)
    torch.testing.assert_close(estimate(denoiser, noisy), before, atol=1e-12, rtol=0)
    assert {id(p) for p in denoiser.parameters() if p.requires_grad} == {id(p) for p in trained}


@pytest.mark.parametrize("rank", [1, 2, 4, 8])
def test_the_rank_does_not_scale_the_first_step(denoiser, rank):
    """AdamW moves every entry of B by the rate: weights then move by the rate, rms, at any rank.

    The entries of A have variance 1/r, which is the factor α/r of the adapters, and AB sums r of
    them. Tolerance: five standard errors of the mean square of A.
    """
    layers = [module for _, module in linears(denoiser.network)]
    before = torch.cat([module.weight.detach().flatten() for module in layers])
    add_adapters(denoiser.network, rank)
    signs, entries = torch.Generator().manual_seed(0), 0
    for name, parameter in denoiser.network.named_parameters():
        parameter.data = parameter.double()
        if ".up." in name:
            parameter.data = 0.01 * (torch.randint(2, parameter.shape, generator=signs) * 2.0 - 1)
            parameter.data = parameter.double()
        entries += parameter.numel() * (".down." in name)
    after = torch.cat([module.weight.detach().flatten() for module in layers])
    mean_square = float((after - before).square().mean())
    assert mean_square == pytest.approx(0.01**2, rel=5 * (2 / entries) ** 0.5)


def test_every_irrep_of_every_linear_layer_has_its_own_pair(denoiser):
    paths = {name: [i.path_shape for i in m.instructions] for name, m in linears(denoiser.network)}
    add_adapters(denoiser.network, 3)
    shapes = {name: tuple(t.shape) for name, t in adapter_tensors(denoiser.network).items()}
    assert len(shapes) == 2 * sum(map(len, paths.values()))
    for name, of_layer in paths.items():
        for k, (rows, columns) in enumerate(of_layer):
            rank = min(3, rows, columns)
            assert shapes[f"{name}.down.{k}"] == (rows, rank)
            assert shapes[f"{name}.up.{k}"] == (rank, columns)


def test_the_correction_is_the_product_of_the_two(denoiser):
    linear = denoiser.network.layers[0].attention.out
    before = linear.weight.detach().clone()
    add_adapters(denoiser.network, 2)
    disturb(denoiser.network)
    tensors = adapter_tensors(denoiser.network)
    name = "layers.0.attention.out"
    expected = torch.cat(
        [(tensors[f"{name}.down.{k}"] @ tensors[f"{name}.up.{k}"]).flatten() for k in (0, 1)]
    )
    torch.testing.assert_close(linear.weight.detach() - before, expected)


def test_equivariance_with_adapters(denoiser, noisy):
    add_adapters(denoiser.network, 3)
    before = estimate(denoiser, noisy)
    disturb(denoiser.network)
    after = estimate(denoiser, noisy)
    assert (after - before).abs().max() > 0.01
    rotation = o3.rand_matrix(dtype=torch.float64)
    turned = estimate(denoiser, noisy @ rotation.T)
    torch.testing.assert_close(turned, after @ rotation.T, atol=1e-9, rtol=0)


def test_merged_and_loaded_adapters_are_the_same(denoiser, noisy):
    other = copy.deepcopy(denoiser)
    names = denoiser.state_dict().keys()
    add_adapters(denoiser.network, 3)
    disturb(denoiser.network)
    expected = estimate(denoiser, noisy)
    load_adapters(other.network, adapter_tensors(denoiser.network))
    torch.testing.assert_close(estimate(other, noisy), expected, atol=1e-12, rtol=0)
    merge_adapters(other.network)
    assert other.state_dict().keys() == names
    torch.testing.assert_close(estimate(other, noisy), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("how", ["missing", "size"])
def test_adapters_that_do_not_fit(denoiser, how):
    other = copy.deepcopy(denoiser)
    add_adapters(denoiser.network, 3)
    tensors = dict(adapter_tensors(denoiser.network))
    first = next(iter(tensors))
    if how == "missing":
        del tensors[first]
    else:
        tensors[first] = tensors[first][:-1]
    with pytest.raises(ValueError, match=r"layers are not those|another size"):
        load_adapters(other.network, tensors)
