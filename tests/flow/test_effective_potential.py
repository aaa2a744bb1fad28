"""The flow is Polchinski's equation (T2; docs/theory.md 2.1): integrating out equals noising."""

import numpy as np
import torch

from protdiff.flow import VP, Flow

PRIOR, SIGNAL = 1.7, 0.37


def boltzmann(x):
    return np.exp(-(x**4) / 4 + 0.9 * x**2)


def test_the_noised_law_is_the_integrated_potential():
    """With V = -ln(p/p_GS): e^{-V_t(X)} = E_z e^{-V_0(αX + z)}, z ~ N(0, σ²), up to a constant.

    Left by the forward process on a grid of x, right by Gauss-Hermite over z: two quadratures.
    """
    gamma = np.log((1 - SIGNAL) / SIGNAL)
    prior = torch.full((1, 1), PRIOR, dtype=torch.float64)
    flow = Flow(prior, prior, prior, torch.ones(1, 1, dtype=bool), VP(gamma, gamma + 1))
    k = flow.kernel(torch.zeros(1))
    alpha, sigma = float(k.alpha), float(k.sigma)
    x = np.linspace(-6, 6, 24001)
    p0 = boltzmann(x)
    points = np.linspace(-2, 2, 9)
    noised = np.array(
        [np.trapezoid(p0 * np.exp(-((X - alpha * x) ** 2) / (2 * sigma**2)), x) for X in points]
    )
    left = noised / np.exp(-(points**2) / (2 * PRIOR))
    nodes, weights = np.polynomial.hermite.hermgauss(180)
    z = np.sqrt(2) * sigma * nodes
    field = alpha * points[:, None] + z
    right = (weights * boltzmann(field) / np.exp(-(field**2) / (2 * PRIOR))).sum(1)
    ratio = left / right
    assert np.abs(ratio / ratio[0] - 1).max() < 1e-10
    # the test of the test: a noise that is not c (1 - α²) breaks the identity
    wrong = np.array(
        [np.trapezoid(p0 * np.exp(-((X - alpha * x) ** 2) / (2.2 * sigma**2)), x) for X in points]
    ) / np.exp(-(points**2) / (2 * PRIOR))
    assert np.abs(wrong / right / (wrong / right)[0] - 1).max() > 1e-2
