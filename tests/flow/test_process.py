"""The forward process and the preconditioning (docs/theory.md 1.3, 4; test T8)."""

import pytest
import torch

from protdiff import flows
from protdiff.flow import RG, VP, Flow, gaussian_oracle


@pytest.fixture
def fixed(chain64):
    """chain64 at α = 0.6, σ² = 0.64 c."""
    gamma = float(torch.log(torch.tensor(0.64 / 0.36, dtype=torch.float64)))
    return chain64.flow(VP(gamma, gamma))


def test_kernel_of_a_known_time(fixed):
    k = fixed.kernel(torch.zeros(1))
    assert torch.allclose(k.alpha, torch.full_like(k.alpha, 0.6), rtol=1e-12)
    assert torch.allclose(k.sigma**2, 0.64 * fixed.prior, rtol=1e-12)
    assert torch.allclose(k.total, 0.36 * fixed.variance + 0.64 * fixed.prior, rtol=1e-12)


@pytest.mark.parametrize("name", ["vp", "img", "prot"])
def test_the_target_has_unit_variance_and_no_correlation_with_the_input(chain64, name):
    """Exactly: F* = (x0 - c_skip x)/c_out is linear in x0 and the noise."""
    flow = chain64.flow(chain64.schedules[name], 21)
    k = flow.kernel(torch.linspace(0, 1, 21))
    from_clean = (1 - k.c_skip * k.alpha) / k.c_out
    from_noise = -k.c_skip * k.sigma / k.c_out
    variance = from_clean**2 * flow.variance + from_noise**2
    correlation = k.c_in * (from_clean * k.alpha * flow.variance + from_noise * k.sigma)
    # 1 - c_skip α cancels at small noise, where it is about e^γ >= 1e-11 before rounding.
    assert (variance - 1).abs().max() < 1e-3 and correlation.abs().max() < 1e-3
    noisy = flow.gamma(torch.linspace(0, 1, 21)) > -9
    assert (variance - 1)[noisy].abs().max() < 1e-11
    assert correlation[noisy].abs().max() < 1e-11
    assert ((k.c_in**2 * k.total) - 1).abs().max() < 1e-12


def test_the_target_has_unit_variance_in_samples(fixed):
    generator = torch.Generator().manual_seed(0)
    draw = torch.randn(2, 20000, 63, 3, generator=generator, dtype=torch.float64)
    clean = fixed.variance.sqrt()[..., None] * draw[0]
    u = torch.zeros(1)
    noisy, k = fixed.noise(clean, u, draw[1]), fixed.kernel(u)
    target = (clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
    # 60,000 numbers per mode: standard error 0.6 %, the largest of 63 is below 4 of them.
    assert (target.square().mean((0, 2)) - 1).abs().max() < 0.024
    assert abs(target.square().mean() - 1) < 0.003
    correlation = (target * noisy * k.c_in[..., None]).mean((0, 2))
    assert correlation.abs().max() < 0.018


def test_one_sigma_data_for_all_modes_leaves_uneven_targets(chain64, fixed, printed):
    k = fixed.kernel(torch.zeros(1))
    spread = chain64.variance.mean()
    total = 0.36 * spread + k.sigma**2
    c_skip, c_out = 0.6 * spread / total, k.sigma * (spread / total).sqrt()
    clean, noise = (1 - 0.6 * c_skip) ** 2 * chain64.variance, (c_skip * k.sigma) ** 2
    variance = (clean + noise) / c_out**2
    assert variance.min() == pytest.approx(
        0.749, abs=0.01
    )  # docs/theory.md 4 has samples: 0.5 % noise
    assert variance.max() == pytest.approx(29.622, rel=0.01)


@pytest.mark.parametrize("name", ["vp", "img", "prot"])
def test_a_zero_output_is_the_exact_denoiser(chain64, name):
    """Against the posterior mean as precision-weighted average, not written as in the package."""
    flow = chain64.flow(chain64.schedules[name], 5)
    u = torch.linspace(0, 1, 5)
    k = flow.kernel(u)
    x = torch.randn(5, 63, 3, dtype=torch.float64)
    weight = (k.alpha / k.sigma) ** 2
    expected = (weight / (weight + 1 / flow.variance) / k.alpha)[..., None] * x
    assert torch.allclose(k.c_skip[..., None] * x, expected, rtol=1e-10)
    assert torch.allclose(gaussian_oracle(flow)(x, u), expected, rtol=1e-10)


def test_noise_and_prior_are_linear_and_masked(fixed):
    mask = torch.arange(63)[None] < 40
    flow = Flow(fixed.momenta, fixed.variance, fixed.prior, mask, fixed.schedule)
    ones, u = torch.ones(1, 63, 3), torch.zeros(1)
    signal, noise = flow.noise(ones, u, 0 * ones), flow.noise(0 * ones, u, ones)
    assert torch.allclose(signal[0, :40], torch.full((40, 3), 0.6), rtol=1e-6)
    assert torch.allclose(noise[0, :40, 0].double(), 0.8 * flow.prior[0, :40].sqrt(), rtol=1e-6)
    prior = flow.prior_sample(ones)
    assert torch.allclose(prior[0, :40, 1].double(), flow.prior[0, :40].sqrt(), rtol=1e-6)
    assert all((x[0, 40:] == 0).all() and x.dtype == ones.dtype for x in (signal, noise, prior))


def test_variances_must_be_positive(fixed):
    broken = fixed.variance.clone()
    broken[0, 3] = 0
    with pytest.raises(ValueError, match="variance"):
        Flow(fixed.momenta, broken, fixed.prior, fixed.mask, fixed.schedule)
    masked = fixed.mask.clone()
    masked[0, 3] = False  # a component that does not exist may hold anything
    Flow(fixed.momenta, broken, fixed.prior, masked, fixed.schedule)


@pytest.mark.parametrize(
    ("first", "last"),
    [(30.0, torch.tensor([0.1, 0.2, 0.3])), (torch.tensor([9.0, 10, 11]), 0.1),
     (torch.tensor(9.0), torch.tensor(0.1)), (9.0, 0.1)],
)  # fmt: skip
def test_rows_of_a_flow_keep_their_schedule(chain64, first, last):
    flow = chain64.flow(RG(first, last), 3)
    u = torch.tensor([0.1, 0.5, 0.9])
    rows = torch.tensor([2, 0])
    # Rounding only: vectorised functions differ by one unit in the last place with the shape.
    assert torch.allclose(flow[rows].gamma(u[rows]), flow.gamma(u)[rows], atol=1e-12)


@pytest.mark.parametrize("name", ["rg-harmonic", "edm"])
def test_from_one_time_to_a_later_one(name):
    """By way of u the process comes to the law that `noise` gives at s, exactly."""
    flow = flows.get(name, length=24)
    u, s = (torch.tensor([t], dtype=torch.float64) for t in (0.3, 0.45))
    zeros, ones = torch.zeros(1, 48, 3).double(), torch.ones(1, 48, 3).double()
    for clean in (zeros, ones):
        drift = flow.onward(flow.noise(clean, u, zeros), u, s, zeros)
        torch.testing.assert_close(drift, flow.noise(clean, s, zeros))
    early = flow.onward(flow.noise(zeros, u, ones), u, s, zeros)
    fresh = flow.onward(zeros, u, s, ones)
    torch.testing.assert_close(early**2 + fresh**2, flow.noise(zeros, s, ones) ** 2)
    torch.testing.assert_close(
        flow.onward(ones, u, u, ones), ones.masked_fill(~flow.mask[..., None], 0)
    )
