"""Squares, mixtures and shapes of states."""

import pytest
import torch

from protdiff.sequence.strings import MPS, born, log_prob, mixture

from .conftest import products, random_mps


def test_born_weights_are_squares(everything):
    amplitude = random_mps("bulk")
    amplitude = MPS(amplitude.left - 0.5, amplitude.sites - 0.5, amplitude.right)
    weights = products(born(amplitude), everything[:100])
    torch.testing.assert_close(weights, products(amplitude, everything[:100]).square())


def test_weights_of_a_mixture_add_up(everything):
    parts = [random_mps("bulk", seed) for seed in (0, 1)]
    whole = products(mixture(parts, [0.3, 0.7]), everything[:100])
    first, second = (products(part, everything[:100]) for part in parts)
    torch.testing.assert_close(whole, 0.3 * first + 0.7 * second)
    assert log_prob(mixture(parts, [1, 0]), everything).exp().sum() == pytest.approx(1)


def test_matrices_that_do_not_fit():
    with pytest.raises(ValueError, match=r"`sites`: must have the shape \(symbols, 2, 2\)"):
        MPS(torch.ones(2), torch.ones(3, 3, 3), torch.ones(2))
