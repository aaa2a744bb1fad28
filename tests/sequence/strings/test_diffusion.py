"""Noise and its reverse beside enumeration: posterior, semigroup, detailed balance."""

import math

import pytest
import torch

from protdiff.sequence.strings import (
    add_noise,
    log_prob,
    marginals,
    noise,
    noised,
    one_hot,
    posterior,
    reverse_trajectory,
)
from protdiff.sequence.strings.contraction import log_weight

from .conftest import LENGTH, random_mps

EXACT = {"rtol": 0, "atol": 1e-12}


def kernel_of_strings(kernel, everything):
    """P(noisy | clean) of all strings, shape (729, 729): a product over the sites."""
    out = torch.ones(729, 729, dtype=torch.float64)
    for site in range(LENGTH):
        out *= kernel[everything[:, None, site], everything[None, :, site]]
    return out


def test_noised_state(mps, everything, chances, frequencies):
    kernel = noise(0.7, frequencies)
    expected = kernel_of_strings(kernel, everything) @ chances
    found = noised(mps, kernel)
    assert found.bond == mps.bond
    torch.testing.assert_close(log_prob(found, everything).exp(), expected, **EXACT)


def test_posterior_of_every_clean_and_every_intermediate_string(
    mps, everything, chances, frequencies
):
    noisy, t = torch.tensor([[0, 2, 2, 1, 0, 1]]), 0.9
    row = int((everything == noisy).all(1).nonzero())
    for u in (0.0, 0.4, 0.9):
        before = kernel_of_strings(noise(u, frequencies), everything) @ chances
        after = kernel_of_strings(noise(t - u, frequencies), everything)[row]
        expected = before * after / (before * after).sum()
        state, weights = posterior(mps, noisy, t, frequencies, u)
        # The sum over one string alone, beside the sum over all.
        single = log_weight(state, one_hot(state, everything) * weights)
        found = (single - log_weight(state, weights)).exp()
        torch.testing.assert_close(found, expected, **EXACT)
        sums = torch.stack([(expected[:, None] * (everything == k)).sum(0) for k in range(3)], -1)
        torch.testing.assert_close(marginals(state, weights)[0], sums, **EXACT)


def test_semigroup_and_stationary_frequencies(frequencies):
    for t, u in ((0.9, 0.4), (2.0, 0.0), (math.inf, 1.0)):
        both = noise(t - u, frequencies) @ noise(u, frequencies)
        torch.testing.assert_close(both, noise(t, frequencies), **EXACT)
    torch.testing.assert_close(noise(0.7, frequencies) @ frequencies, frequencies, **EXACT)
    for t in (-0.1, math.nan):
        with pytest.raises(ValueError, match="`t`"):
            noise(t, frequencies)


def test_noise_and_denoising_keep_detailed_balance(mps, everything, chances, frequencies):
    """P(s) K(s'|s) is symmetric, where K noises a string and denoises it."""
    forward = kernel_of_strings(noise(0.5, frequencies), everything)
    reverse = chances[:, None] * forward.T / (forward @ chances)
    flow = (reverse @ forward) * chances
    assert float((flow - flow.T).abs().max()) < 1e-12


def test_noise_is_drawn_as_the_kernel_says(frequencies):
    generator = torch.Generator().manual_seed(0)
    strings = torch.ones(1, 40_000, dtype=torch.long)
    uniforms = torch.rand(strings.shape, generator=generator, dtype=torch.float64)
    kernel = noise(0.5, frequencies)
    shares = torch.bincount(add_noise(strings, kernel, uniforms)[0]).double() / 40_000
    # Four standard errors of a share.
    assert float((shares - kernel[:, 1]).abs().max()) < 4 * 0.5 / 200


def test_reverse_trajectories_end_in_the_distribution_of_the_data(frequencies):
    """From noise alone, in steps: the marginals are within four standard errors."""
    mps, generator, num = random_mps("sites"), torch.Generator().manual_seed(2), 4000
    times = [8.0, 2.0, 1.0, 0.5, 0.2, 0.0]
    noisy = torch.multinomial(frequencies, num * 6, True, generator=generator).view(num, 6)
    path = reverse_trajectory(mps, noisy, times, frequencies, generator)
    assert len(path) == 6 and path[0] is noisy
    exact = marginals(mps, one_hot(mps, torch.full((1, 6), -1)))[0]
    drawn = torch.stack([(path[-1] == k).double().mean(0) for k in range(3)], -1)
    assert float((drawn - exact).abs().max()) < 4 * 0.5 / num**0.5 + math.exp(-8)
    with pytest.raises(ValueError, match="`u` 2"):
        posterior(mps, noisy, 1.0, frequencies, 2.0)
