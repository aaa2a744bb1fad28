"""Likelihoods against closed forms: T9, T9b of the specification (docs/theory.md 6)."""

from itertools import pairwise
from math import e, log, pi

import pytest
import torch

from protdiff.flow import VP, Flow, gaussian_oracle, uniform_times
from protdiff.flow.likelihood import gaussian_log_density, ode_log_density, path_weights

MODES = (1, 6, 21, 61)
PATHS = 100_000


def source(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.fixture(scope="module")
def four(chain64):
    """Four modes of chain64, γ from -6 to 6, and a denoiser from the score -1.07 X/v."""
    index = [n - 1 for n in MODES]

    def make(rows):
        parts = (
            t[:, index].expand(rows, -1) for t in (chain64.momenta, chain64.variance, chain64.prior)
        )
        flow = Flow(*parts, torch.ones(rows, 4, dtype=bool), VP(-6, 6))

        def denoise(x, u):
            k = flow.kernel(u)
            factor = (1 - 1.07 * k.sigma**2 / k.total) / k.alpha
            return factor.reshape(*factor.shape, *(1,) * (x.ndim - 2)) * x

        return flow, denoise

    return make


def sampler_variance(flow, steps):
    """Variance of the ancestral sampler's law at u = 0 with the score -1.07 X/v; (D,)."""
    v, times = flow.prior[0].clone(), uniform_times(steps + 1)
    for u, s in pairwise(times):
        at_u, at_s = flow.kernel(u[None]), flow.kernel(s[None])
        a = (at_u.alpha / at_s.alpha)[0] ** 2
        m = (1 - 1.07 * (1 - a) * flow.prior[0] / at_u.total[0]) / a.sqrt()
        h = (flow.gamma(u[None]) - flow.gamma(s[None]))[0] / 2
        v = m**2 * v + at_s.sigma[0] ** 2 * -torch.expm1(-2 * h)
    return v


def log_normal(x, variance):
    return -0.5 * (x**2 / variance + (2 * pi * variance).log())


def test_bound_below_importance_weights_below_the_exact_density(four):
    flow, denoise = four(20_000)
    model = sampler_variance(flow, 24)
    for seed in range(3):
        point = source((1, 4), seed)() * flow.kernel(torch.zeros(1)).total[:1].sqrt()
        weights = path_weights(
            denoise, flow, point.expand(20_000, 4), uniform_times(25), source((20_000, 4), seed)
        ).sum(1)
        exact = log_normal(point[0], model).sum()
        iwae = weights.logsumexp(0) - log(20_000)
        assert abs(iwae - exact) < 0.05
        assert weights.mean() < iwae


def test_jarzynski_per_mode(four, printed):
    flow, denoise = four(PATHS)
    start = flow.kernel(torch.zeros(PATHS)).total
    state = start.sqrt() * source((PATHS, 4), 1)()
    weights = path_weights(denoise, flow, state, uniform_times(25), source((PATHS, 4), 2))
    work = log_normal(state, start) - weights
    estimate = (-work).exp()
    error = estimate.std(0) / PATHS**0.5
    assert bool(((estimate.mean(0) - 1).abs() < 3 * error).all())
    # ⟨A⟩ of the specification, from 4e5 paths.
    expected = torch.tensor([0.700, 0.746, 0.752, 0.602], dtype=torch.float64)
    assert bool(((work.mean(0) - expected).abs() < 4 * work.std(0) / PATHS**0.5 + 0.002).all())
    ratio = start[0] / sampler_variance(flow, 24)
    kl = 0.5 * (ratio - 1 - ratio.log())
    for value, text in zip(kl.tolist(), ("0.0427", "0.0427", "0.0427", "0.0425"), strict=True):
        assert printed(value, text)
    assert bool((work.mean(0) > kl).all())


def test_i_mmse_identity(chain64):
    """NLL of mode 6 as prior KL, integral over SNR and decoder; γ from -16 to 14."""
    lam, c = chain64.variance[0, 5], chain64.prior[0, 5]
    gamma = torch.linspace(-16, 14, 60_001, dtype=torch.float64)
    alpha2, sigma2 = torch.sigmoid(-gamma), c * torch.sigmoid(gamma)
    snr = alpha2 / sigma2
    tau = lam * sigma2 / (alpha2 * lam + sigma2)
    integral = 0.5 * torch.trapezoid(tau * snr, gamma)  # dSNR = -SNR dγ
    a2, s2 = alpha2[-1], sigma2[-1]
    prior = 0.5 * ((a2 * lam + s2) / c - 1 - (s2 / c).log())
    decoder = 0.5 * (2 * pi * e * tau[0]).log()
    assert float(prior + integral + decoder) == pytest.approx(3.5411063449551, abs=2e-8)
    assert float(0.5 * (2 * pi * e * lam).log()) == pytest.approx(3.5411063449551, abs=1e-12)


@pytest.mark.parametrize("factor", [1.0, 0.6])
def test_probability_flow_density_of_a_gaussian(chain64, factor):
    flow = chain64.flow(VP(-13, 9), rows=2)
    variance = flow.variance * factor
    k0, k1 = (flow.kernel(torch.full((2,), float(u))) for u in (0, 1))
    state = source((2, 63, 3))() * (k0.alpha**2 * variance + k0.sigma**2).sqrt()[..., None]
    density = ode_log_density(
        gaussian_oracle(flow, variance), flow, state, uniform_times(400),
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    v0, v1 = (k.alpha**2 * variance + k.sigma**2 for k in (k0, k1))
    # The flow scales every mode by sqrt(v1/v0); the start law of the model is the prior.
    moved = state * (v1 / v0).sqrt()[..., None]
    exact = gaussian_log_density(moved, flow.prior, flow.mask).sum(1)
    exact = exact + 1.5 * (v1 / v0).log().sum(1)
    assert float((density - exact).abs().max()) < 1e-6
