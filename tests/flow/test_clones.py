"""Clones and replicas of one state against closed forms (docs/theory.md 7)."""

from math import exp, pi, sqrt

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from protdiff.flow import Flow, gaussian_oracle
from protdiff.flow.clones import agreement, clone, decision_time, replica_distances
from protdiff.flow.oracles import mixture_oracle

from .test_thermodynamics import ou_flow

MU, S2 = 2.0, 0.2


def cloning_curve(t):
    """φ(t) = ½ ∫ (G₊² + G₋²) / (G₊ + G₋) dy, two Gaussians at ±μ (arXiv 2405.11932)."""
    m, sd = MU * exp(-t), sqrt(1 - exp(-2 * t) + S2 * exp(-2 * t))

    def integrand(y):
        first, second = norm.pdf(y, m, sd), norm.pdf(y, -m, sd)
        return 0.5 * (first**2 + second**2) / (first + second)

    return quad(integrand, -12, 12, points=[-m, 0, m])[0]


def test_the_cloning_curve_of_two_gaussians():
    """0.76928 at t = 0.8 by quadrature, and what clones of the exact denoiser do."""
    assert cloning_curve(0.8) == pytest.approx(0.76928, abs=5e-6)
    rows = 2000
    flow = ou_flow(S2, rows=rows)
    means = torch.tensor([[[MU, 0, 0]], [[-MU, 0, 0]]], dtype=torch.float64)
    denoise = mixture_oracle(flow, means)
    generator = torch.Generator().manual_seed(0)

    def noise():
        return torch.randn(rows, 1, 3, generator=generator, dtype=torch.float64)

    sign = torch.randint(0, 2, (rows,), generator=generator)
    clean = means[sign] + S2**0.5 * noise()
    shares = []
    for t in (0.4, 0.8, 1.2):
        ends = clone(denoise, flow, clean, t / flow.schedule.span, noise, count=3, steps=60)
        share = agreement(ends, lambda x, y: (x > 0)[:, 0, 0] == (y > 0)[:, 0, 0])
        assert ends.shape == (3, rows, 1, 3)
        error = float(share.std()) / rows**0.5
        assert float(share.mean()) == pytest.approx(cloning_curve(t), abs=3.5 * error)
        shares.append(float(share.mean()))
    assert shares == sorted(shares, reverse=True)


def test_pairs_in_one_class():
    """Against counting every pair."""
    classes = np.random.default_rng(0).integers(0, 3, (5, 7))
    for row, share in enumerate(agreement(torch.from_numpy(classes), torch.eq).tolist()):
        ends = classes[:, row]
        equal = [ends[i] == ends[j] for i in range(5) for j in range(i)]
        assert share == pytest.approx(np.mean(equal))
    with pytest.raises(ValueError, match="1 of every state; pairs need at least 2"):
        agreement(torch.zeros(1, 3), torch.eq)


def test_where_a_curve_falls_through_one_half():
    assert decision_time([0.1, 0.3, 0.5], [0.9, 0.6, 0.2]) == pytest.approx(0.35)
    assert decision_time([0.1, 0.3], [0.9, 0.6]) is None  # not yet
    assert decision_time([0.1, 0.3], [0.4, 0.1]) is None  # before
    # The last crossing counts: from there on, towards noise, nothing is decided.
    assert decision_time([0, 1, 2, 3], [1, 0, 1, 0]) == pytest.approx(2.5)


def test_replicas_of_the_exact_denoiser_are_calibrated(chain64):
    """Nishimori: 29.156 = 2 Σ τ for N = 24, schedule "img", u = ½, one coordinate."""
    n, rows = 24, 4000
    k = pi / n * torch.arange(1, n, dtype=torch.float64)[None]
    prior = 3.8**2 / 2.3211 / (k**2 + (pi / 100) ** 2)
    lam = 3.8**2 / 2.3211 / (k**2 + 0.05**2) * torch.where(k > 1.2, 0.35, 1.0)
    flow = Flow(
        *(t.expand(rows, -1) for t in (k, lam, prior)),
        torch.ones(rows, n - 1, dtype=bool),
        chain64.schedules["img"],
    )
    half = flow.kernel(torch.full((rows,), 0.5))
    tau = (flow.variance * half.sigma**2 / half.total)[0]
    assert float(2 * tau.sum()) == pytest.approx(29.156, abs=5e-4)
    generator = torch.Generator().manual_seed(1)

    def noise():
        return torch.randn(rows, n - 1, 3, generator=generator, dtype=torch.float64)

    clean = flow.variance.sqrt()[..., None] * noise()
    between, truth = replica_distances(gaussian_oracle(flow), flow, clean, 0.5, noise, steps=12)
    for distance in (between, truth):
        mean = distance.sum(1) / 3
        # The last estimate is a mean: it lacks the posterior's variance at u = 0, which is small.
        assert float(mean.mean()) == pytest.approx(29.156, rel=0.01)
