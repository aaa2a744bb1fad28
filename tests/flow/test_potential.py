"""The Franz-Parisi potential against closed forms (docs/theory.md 7)."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import chi2, gamma

from protdiff.flow import gaussian_oracle
from protdiff.flow.clones import clone
from protdiff.flow.oracles import mixture_oracle
from protdiff.flow.potential import (
    gaussian_potential,
    pair_distances,
    posterior_variance,
    sampled_potential,
)

from .test_clones import MU, S2, cloning_curve
from .test_thermodynamics import ou_flow


def test_two_variances_against_a_convolution():
    """8 components of 2τ = 1 and 5 of 2τ = 0.3: a convolution of two gamma laws."""
    tau = torch.tensor([0.5] * 8 + [0.15] * 5 + [0.0] * 3, dtype=torch.float64)
    for q in (12.0, 28.0, 60.0):
        density, _ = quad(
            lambda x, q=q: chi2.pdf(x, 24) * gamma.pdf(q - x, 7.5, scale=0.6), 0, q, epsabs=1e-14
        )
        found = gaussian_potential(tau, torch.tensor([q], dtype=torch.float64))
        assert float(found) == pytest.approx(-np.log(density), abs=1e-8)


def test_the_density_has_the_mass_and_the_mean_of_the_posterior(chain64):
    """Mean q = 6 Σ τ, in the mode basis of a chain."""
    flow = chain64.flow(chain64.schedules["img"])
    tau = posterior_variance(flow, 0.5)[0]
    q = torch.linspace(0.5, 1500, 3000, dtype=torch.float64)
    density = (-gaussian_potential(tau, q)).exp()
    assert float(torch.trapezoid(density, q)) == pytest.approx(1, abs=1e-6)
    assert float(torch.trapezoid(density * q, q)) == pytest.approx(float(6 * tau.sum()), rel=1e-5)


def test_too_few_components_are_refused():
    for tau in (torch.zeros(4), torch.tensor([1.0, 1e-9])):
        with pytest.raises(ValueError, match="`tau`"):
            gaussian_potential(tau.double(), torch.ones(1).double())


def test_clones_of_a_gaussian_have_its_potential(chain64):
    """Every bin within four standard errors of the exact density, integrated over the bin."""
    rows = 1500
    flow = chain64.flow(chain64.schedules["prot"], rows=rows)
    generator = torch.Generator().manual_seed(0)

    def noise():
        return torch.randn(rows, 63, 3, generator=generator, dtype=torch.float64)

    clean = flow.variance.sqrt()[..., None] * noise()
    ends = clone(gaussian_oracle(flow), flow, clean, 0.6, noise, count=3, steps=6)
    distances = pair_distances(ends).sum(-1)
    edges = torch.from_numpy(np.quantile(distances, [0.001, 0.1, 0.35, 0.6, 0.85, 0.99]))
    potential, error = sampled_potential(distances, edges)
    tau = posterior_variance(flow, 0.6)[0]
    for k, (low, high) in enumerate(pairwise(edges)):
        q = torch.linspace(float(low), float(high), 101, dtype=torch.float64)
        share = torch.trapezoid((-gaussian_potential(tau, q)).exp(), q) / (high - low)
        assert abs(float(potential[k] + share.log())) < 4 * float(error[k])
        assert float(error[k]) < 0.08


def test_two_classes_make_two_wells_and_the_far_one_holds_what_the_cloning_curve_lacks():
    """Pairs beyond the barrier are pairs of different classes: 1 - φ of them."""
    rows, t = 3000, 0.8
    flow = ou_flow(S2, rows=rows)
    means = torch.tensor([[[MU, 0, 0]], [[-MU, 0, 0]]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)

    def noise():
        return torch.randn(rows, 1, 3, generator=generator, dtype=torch.float64)

    clean = means[torch.randint(0, 2, (rows,), generator=generator)] + S2**0.5 * noise()
    ends = clone(mixture_oracle(flow, means), flow, clean, t / flow.schedule.span, noise, steps=60)
    distances = pair_distances(ends).sum(-1)
    edges = torch.tensor([0.0, 1.0, 6.0, 9.0, 14.0, 20.0], dtype=torch.float64)
    potential, error = sampled_potential(distances, edges)
    near, _, barrier, _, far = potential.tolist()
    assert near < barrier and far < barrier - 3 * float(error[2])
    beyond = (distances > 7.5).double().mean()
    spread = float((beyond * (1 - beyond) / rows) ** 0.5)
    assert float(beyond) == pytest.approx(1 - cloning_curve(t), abs=4 * spread)


def test_an_empty_bin_is_infinitely_high():
    potential, error = sampled_potential(
        torch.tensor([[0.5, 0.5, 1.5]]).double(), torch.tensor([0, 1, 2, 3]).double()
    )
    assert potential.tolist()[:2] == pytest.approx([-np.log(2 / 3), -np.log(1 / 3)])
    assert potential[2] == torch.inf and torch.isnan(error[2])
