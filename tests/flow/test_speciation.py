"""Speciation against closed forms, at the centre and on paths of data (docs/theory.md 7)."""

from math import cosh, log, sqrt

import pytest
import torch
from scipy.optimize import brentq

from protdiff.flow import VP, gaussian_oracle
from protdiff.flow.oracles import mixture_oracle
from protdiff.flow.speciation import (
    gaussian_speciation_time,
    mode_speciation_time,
    path_speciation,
    speciation_time,
    top_eigenvalue,
)

from .test_thermodynamics import ou_flow


@pytest.mark.parametrize(
    ("mu", "s2", "curvature", "biroli"),
    [(1.0, 1.0, 0.346574, 0.346574), (1.0, 0.1, 0.426220, 0.047655), (3.0, 0.5, 1.445571, 1.125646),
     (2.0, 0.2, 1.0446473950, None)],
)  # fmt: skip
def test_speciation_by_both_criteria(mu, s2, curvature, biroli):
    """Two Gaussians at ±mu along one coordinate of three."""
    flow = ou_flow(s2)
    mean = torch.zeros(1, 3, dtype=torch.float64)
    mean[0, 0] = mu
    found = speciation_time(mixture_oracle(flow, torch.stack([mean, -mean])), flow)
    assert 3 * found == pytest.approx(curvature, abs=2e-6 if biroli else 1e-8)
    assert 0.5 * log(mu**2 + sqrt(mu**4 + (1 - s2) ** 2)) == pytest.approx(curvature, abs=1e-6)
    if biroli:
        # Λ e^{-2t} = 1 with Λ the largest eigenvalue of the covariance; data SNR 1 is another law.
        assert 0.5 * log(mu**2 + s2) == pytest.approx(biroli, abs=1e-6)
        snr_one = float(mode_speciation_time(flow, flow.variance * 0 + mu**2 + s2))
        assert 3 * snr_one == pytest.approx(0.5 * log(1 + mu**2 + s2), abs=1e-9)


def test_speciation_of_a_gaussian_is_that_of_its_widest_component(chain64):
    """max(-c/v) = -1/2, wherever the path runs; the path is searched to 0.1 / 2^8."""
    flow = chain64.flow(VP(-13, 5), prior=chain64.prior / 3)  # data wider than the prior
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(2, 1, 63, 3, generator=generator, dtype=torch.float64)

    def largest(u):
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float((-flow.prior / k.total).max()) + 0.5

    found = path_speciation(
        gaussian_oracle(flow),
        flow,
        *draws,
        step=0.1,
        halvings=8,
        iterations=60,
        generator=generator,
    )
    root = brentq(largest, 0, 1)
    assert found.time == pytest.approx(root, abs=2e-4)
    assert gaussian_speciation_time(flow) == pytest.approx(root, abs=1e-9)
    for u, value in zip(found.times, found.eigenvalues, strict=True):
        assert value == pytest.approx(largest(u) - 0.5, abs=1e-8)
    assert found.times[0] == 1 and found.times == sorted(found.times, reverse=True)


def test_a_gaussian_as_narrow_as_its_prior_never_speciates(chain64):
    flow = chain64.flow(VP(-13, 5), prior=chain64.variance)
    zeros = torch.zeros(1, 63, 3, dtype=torch.float64)
    assert path_speciation(gaussian_oracle(flow), flow, zeros, zeros, iterations=8).time is None
    assert gaussian_speciation_time(flow) is None


def test_speciation_on_paths_of_two_gaussians():
    """-1/v + (m²/v²) sech²(m x/v) along the axis of the two, at the state x of the path."""
    mu, s2 = 2.0, 0.2
    flow = ou_flow(s2)
    mean = torch.tensor([[mu, 0, 0]], dtype=torch.float64)
    denoise = mixture_oracle(flow, torch.stack([mean, -mean]))
    for start, epsilon in ((2.1, -1.5), (-1.7, 0.4)):
        clean, noise = torch.zeros(2, 1, 1, 3, dtype=torch.float64)
        clean[..., 0], noise[..., 0] = start, epsilon

        def eigenvalue(u, start=start, epsilon=epsilon):
            k = flow.kernel(torch.tensor([u], dtype=torch.float64))
            alpha, sigma, v = float(k.alpha), float(k.sigma), float(k.total)
            m, x = mu * alpha, alpha * start + sigma * epsilon
            return -1 / v + (m / v / cosh(m * x / v)) ** 2

        found = path_speciation(denoise, flow, clean, noise, step=0.01, halvings=12)
        for u, value in zip(found.times, found.eigenvalues, strict=True):
            # Across the axis it is -1/v.
            k = flow.kernel(torch.tensor([u], dtype=torch.float64))
            assert value == pytest.approx(max(eigenvalue(u), -1 / float(k.total)), abs=1e-8)
        assert found.time is not None
        high = min(u for u in found.times if u > found.time and eigenvalue(u) < -0.5)
        root = brentq(lambda u: eigenvalue(u) + 0.5, found.time - 1e-3, high)
        assert found.time == pytest.approx(root, abs=1e-5)


def test_an_eigenvalue_at_a_state_differs_from_that_at_the_centre():
    flow = ou_flow(0.2)
    mean = torch.tensor([[2.0, 0, 0]], dtype=torch.float64)
    denoise = mixture_oracle(flow, torch.stack([mean, -mean]))
    k = flow.kernel(torch.tensor([0.3], dtype=torch.float64))
    far = top_eigenvalue(denoise, flow, 0.3, state=10 * mean[None])
    assert far == pytest.approx(-1 / float(k.total), abs=1e-8)  # one Gaussian is left
    centre = (2.0 * float(k.alpha) / float(k.total)) ** 2 - 1 / float(k.total)
    assert top_eigenvalue(denoise, flow, 0.3) == pytest.approx(centre, abs=1e-8)
