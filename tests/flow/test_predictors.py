"""Noise predictor and score: Tweedie's identities on a Gaussian, a mixture and a network."""

import pytest
import torch

import protdiff
from protdiff.flow import (
    denoiser_from_noise,
    denoiser_from_score,
    gaussian_oracle,
    matched,
    mixture_oracle,
    noise_predictor,
    score_function,
    uniform_times,
)

from .test_thermodynamics import ou_flow


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", ["rg", "vp", "gud", "edm"])
def test_a_gaussian_has_both_in_closed_form(name):
    """ε* = σX/v and s = -X/v, for variance-preserving and -exploding flows."""
    flow, u = protdiff.flows.get(name, length=20), torch.tensor([0.3])
    x, k = normal(1, 40, 3).masked_fill(~flow.mask[..., None], 0), flow.kernel(u)
    oracle = gaussian_oracle(flow)
    noise, score = noise_predictor(oracle, flow)(x, u), score_function(oracle, flow)(x, u)
    torch.testing.assert_close(noise, (k.sigma / k.total)[..., None] * x, rtol=1e-8, atol=1e-11)
    torch.testing.assert_close(score, -x / k.total[..., None], rtol=1e-8, atol=1e-8)
    assert not noise[~flow.mask].any() and not score[~flow.mask].any()


def two_gaussians(rows, mu=1.5, s2=0.3):
    flow = ou_flow(s2, rows=rows)
    means = torch.tensor([[[mu, 0, 0]], [[-mu, 0, 0]]], dtype=torch.float64)
    return flow, means, mixture_oracle(flow, means)


def test_the_score_of_a_mixture_is_the_gradient_of_its_log_density():
    flow, means, oracle = two_gaussians(rows=50)
    u = torch.full((50,), 0.2, dtype=torch.float64)
    x, k = 2 * normal(50, 1, 3).requires_grad_(), flow.kernel(u)
    gap = x[:, None] - k.alpha[:, None, :, None] * means
    energy = gap.square().flatten(2).sum(-1) / k.total
    (gradient,) = torch.autograd.grad(torch.logsumexp(-energy / 2, 1).sum(), x)
    torch.testing.assert_close(score_function(oracle, flow)(x.detach(), u), gradient)


def test_the_noise_of_a_mixture_is_the_mean_of_the_noise_in_a_bin():
    """E[ε | X in a bin] of 400,000 draws, by counting."""
    rows = 400_000
    flow, means, oracle = two_gaussians(rows)
    sign = torch.randint(0, 2, (rows,), generator=torch.Generator().manual_seed(0))
    clean = means[sign] + 0.3**0.5 * normal(rows, 1, 3, seed=1)
    u, epsilon = torch.full((rows,), 0.2, dtype=torch.float64), normal(rows, 1, 3, seed=2)
    noisy = flow.noise(clean, u, epsilon)
    predicted = noise_predictor(oracle, flow)(noisy, u)
    for low in (-1.5, -0.4, 0.0, 0.7):
        inside = (noisy[:, 0, 0] > low) & (noisy[:, 0, 0] < low + 0.2)
        gap = (epsilon - predicted)[inside, 0, 0]
        assert abs(float(gap.mean())) < 4 * float(gap.std()) / float(inside.sum()) ** 0.5


def test_all_forms_of_a_network_are_one(tiny_denoiser):
    flow, denoise = tiny_denoiser.bind([16, 20])
    u = torch.tensor([0.3, 0.7], dtype=torch.float64)
    x = flow.noise(flow.prior_sample(normal(2, 40, 3)), u, normal(2, 40, 3, seed=1))
    expected = denoise(x, u).double()
    assert not torch.allclose(expected, gaussian_oracle(flow)(x, u))  # the network says something
    for there, back in (
        (noise_predictor, denoiser_from_noise),
        (score_function, denoiser_from_score),
    ):
        torch.testing.assert_close(
            back(there(denoise, flow), flow)(x, u), expected, rtol=1e-9, atol=1e-9
        )
    # Beyond the Gaussian chain's: ε* - ε*_G = -(α/σ) c_out F, with F the network's output.
    k = flow.kernel(u)
    output, _ = tiny_denoiser(x, u, [16, 20], flow)
    beyond = noise_predictor(denoise, flow)(x, u) - noise_predictor(gaussian_oracle(flow), flow)(
        x, u
    )
    torch.testing.assert_close(
        beyond, -(k.alpha / k.sigma * k.c_out)[..., None] * output.double(), rtol=1e-9, atol=1e-9
    )  # fmt: skip


def test_a_noise_predictor_walks_through_a_sampler(tiny_denoiser):
    """The same structures, whether the network is known by its estimate or by its noise."""
    flow, denoise = tiny_denoiser.bind([16, 20])
    by_noise = denoiser_from_noise(noise_predictor(denoise, flow), flow)
    draws = []
    for form in (denoise, by_noise):
        numbers = iter(normal(9, 2, 40, 3))
        draws.append(matched(form, flow, uniform_times(8), lambda n=numbers: next(n)).double())
    torch.testing.assert_close(*draws, rtol=1e-4, atol=1e-4)  # the network is in single precision
