"""GUD (T5, T6; docs/theory.md 2.3) on data that its basis does not diagonalise."""

from math import exp, log, pi

import numpy as np
import pytest
import torch

from protdiff.flow import (
    GUD,
    RG,
    Flow,
    correlated_oracle,
    gaussian_oracle,
    ode_2m,
    rgdm,
    uniform_times,
)
from protdiff.flow.schedule import sequential_steepness

MODES = 12
K = pi / MODES * torch.arange(1, MODES + 1, dtype=torch.float64)[None]
PRIOR = 1 / (K**2 + 0.1)
#: KL to the exact marginal at u = 0 after 16, 32, 64, 128, 256, 512, 1024 steps, by a and clipping.
TABLE = {
    (0, False): "1.4e-3 1.1e-4 1.7e-5 1.1e-5 1.1e-5 1.1e-5 1.1e-5",
    (0, True): "1.4e-3 1.1e-4 1.7e-5 1.1e-5 1.1e-5 1.1e-5 1.1e-5",
    (1, False): "4.3e-3 3.4e-4 2.3e-5 1.7e-6 2.6e-7 1.4e-7 1.3e-7",
    (1, True): "4.4e-3 3.5e-4 3.2e-5 1.2e-5 1.1e-5 1.1e-5 1.1e-5",
    (4, False): "1.9e-2 2.9e-3 2.2e-4 1.5e-5 1.1e-6 1.6e-7 8.0e-8",
    (4, True): "1.7e-2 3.0e-3 2.4e-4 2.4e-5 1.1e-5 1.1e-5 1.1e-5",
    # 4.6e-1 at 16 steps in theory; γ beyond 30 is cut off here.
    (16, False): "4.8e-1 2.1e-2 8.3e-3 7.6e-4 5.2e-5 3.6e-6 3.4e-7",
    (16, True): "5.4e-1 8.7e-3 8.4e-3 7.8e-4 6.3e-5 1.4e-5 1.1e-5",
}


def covariance():
    q, _ = np.linalg.qr(np.random.default_rng(2).standard_normal((MODES, MODES)))
    mixed = np.eye(MODES) / 2 + q @ np.diag(np.linspace(0.1, 1.9, MODES)) @ q.T / 2
    root = PRIOR[0].sqrt().numpy()
    return torch.from_numpy(root[:, None] * mixed * root)


def flow_of(steepness, clip, rows=1):
    schedule = GUD(float(K.min()), float(K.max()), steepness, -9.0, 5.0, clip=clip)
    data = covariance().diagonal()[None]
    parts = (t.expand(rows, -1) for t in (K, data, PRIOR))
    return Flow(*parts, torch.ones(rows, MODES, dtype=bool), schedule)


def output_covariance(denoise, flow, steps):
    """Of ode_2m's state at the last time: its response to one impulse per mode."""
    seen = {}
    impulses = torch.eye(MODES, dtype=torch.float64)[..., None]
    ode_2m(
        denoise, flow, uniform_times(steps + 1), lambda: impulses,
        callback=lambda i, u, x, c: seen.update(x=x),
    )  # fmt: skip
    response = seen["x"][..., 0]
    return response.T @ response


def divergence(flow, found):
    """KL of N(0, found) to the exact marginal at u = 0, one coordinate."""
    k = flow.kernel(torch.zeros(len(flow.mask)))
    alpha, sigma = k.alpha[0], k.sigma[0]
    exact = alpha[:, None] * covariance() * alpha + torch.diag(sigma**2)
    ratio = torch.linalg.solve(exact, found)
    return float(0.5 * (ratio.trace() - MODES - torch.linalg.slogdet(ratio)[1]))


@pytest.mark.parametrize(("steepness", "clip"), TABLE)
def test_every_softness_reaches_the_same_law(steepness, clip, printed):
    flow = flow_of(steepness, clip, MODES)
    denoise = correlated_oracle(flow, covariance().expand(MODES, -1, -1))
    columns = TABLE[steepness, clip].split()
    for steps, text in zip((16, 32, 64, 128, 256, 512, 1024), columns, strict=True):
        error = divergence(flow, output_covariance(denoise, flow, steps))
        assert printed(error, text), (steps, error)


def test_a_denoiser_blind_to_correlations_is_stuck():
    """Test of the test: the diagonal of the covariance is not enough."""
    flow = flow_of(1, False, MODES)
    error = divergence(flow, output_covariance(gaussian_oracle(flow), flow, 256))
    assert error == pytest.approx(0.281, abs=0.001)


def test_the_correlated_oracle_without_correlations_is_the_gaussian_one():
    flow = flow_of(4, False, 3)
    flow.mask[1, 5:] = False
    denoise = correlated_oracle(flow, torch.diag_embed(flow.variance))
    x = torch.randn(3, MODES, 3, dtype=torch.float64).masked_fill(~flow.mask[..., None], 0)
    u = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    assert torch.allclose(denoise(x, u), gaussian_oracle(flow)(x, u), rtol=1e-10, atol=1e-14)


def test_ends_of_the_soft_schedule():
    """The fastest component starts at `low`, the slowest ends at `high`; the slope is common."""
    schedule = GUD(0.1, 3.0, 2.5, -7.0, 3.0)
    k = torch.tensor([[0.1, 1.0, 3.0]], dtype=torch.float64)
    first, last = (schedule.gamma(k, torch.tensor([u]).double())[0] for u in (0.0, 1.0))
    assert float(first[2]) == pytest.approx(-7, abs=1e-12)
    assert float(last[0]) == pytest.approx(3, abs=1e-12)
    assert torch.allclose(last - first, torch.full((3,), 10 + 2.5 * 2 * log(30)).double())


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.8, 0.99])
def test_the_sequential_schedule(overlap):
    """γ_i = clip(low + (u - τ_i) Δ / (1 - τ_max)), τ in order from 0 to τ_max."""
    slow, fast, low, high = 0.1, 3.0, -7.0, 3.0
    k = torch.logspace(-1, log(3) / log(10), 9, dtype=torch.float64)[None]
    a = sequential_steepness(overlap, slow, fast)
    schedule = GUD(slow, fast, a, low, high, clip=True)
    start = overlap * (log(fast) - k.log()) / log(fast / slow)
    for u in (0.0, 0.2, 0.5, 0.9, 1.0):
        expected = (low + (u - start) * (high - low) / (1 - overlap)).clamp(low, high)
        found = schedule.gamma(k, torch.tensor([u], dtype=torch.float64))
        assert torch.allclose(found, expected, atol=1e-9)
    with pytest.raises(ValueError, match="must start"):
        sequential_steepness(1.0, slow, fast)


def test_steep_conditioning_is_autoregression():
    """At a large a the windows in which two components dissolve are disjoint."""
    a = sequential_steepness(0.99, 1.0, 2.0)
    schedule = GUD(1.0, 2.0, a, -7.0, 3.0, clip=True)
    k = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    for u in torch.linspace(0, 1, 301, dtype=torch.float64):
        slow, fast = schedule.gamma(k, u[None])[0]
        moving = [-7 < float(g) < 3 for g in (slow, fast)]
        assert not all(moving)


def test_rgdm_for_images_is_soft_conditioning_with_unit_softness():
    """γ = ln((k² + m²)/Λ_0²) + 2t/τ (docs/theory.md 1.5) is a = 1 with l = ln(k² + m²)."""
    k = torch.pi / 64 * torch.arange(1, 64, dtype=torch.float64)[None]
    mass, cutoff, tau, steps = 0.05 * pi, 30.0, 9.0, 80
    order = (k**2 + mass**2).log()
    schedule = rgdm.image_schedule(float(k.min()), float(k.max()), mass, cutoff, steps / tau)
    low = log((float(k.max()) ** 2 + mass**2) / cutoff**2)
    high = log((float(k.min()) ** 2 + mass**2) / cutoff**2) + 2 * steps / tau
    gud = GUD(float(k.min()), float(k.max()), 1.0, low, high, mass_squared=mass**2)
    u = torch.linspace(0, 1, 50, dtype=torch.float64)
    wide = k.expand(50, -1)
    assert torch.equal(schedule.gamma(wide, u), gud.gamma(wide, u))  # bitwise
    rational = RG(cutoff, cutoff * exp(-steps / tau), "rational")
    for t in (0, 13, 80):
        u = torch.tensor([t / steps], dtype=torch.float64)
        published = order - 2 * log(cutoff) + 2 * t / tau
        assert torch.allclose(schedule.gamma(k, u), published, atol=1e-12)
        # and an RG flow whose momenta are sqrt(k² + m²)
        assert torch.allclose(rational.gamma((order / 2).exp(), u), published, atol=1e-12)
