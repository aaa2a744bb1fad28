"""Weights of the losses: the likelihood's integral is the gap of the bound, in closed form."""

import numpy as np
import pytest
import torch

from protdiff.flow.sampler_error import score_error
from protdiff.flow.zoo import recipe
from protdiff.training.batch_draws import stratified
from protdiff.training.component_weights import Weighting, chain_loss, component_weight
from protdiff.training.time_laws import TimeLaw, draw_times

N = 40
LIKELIHOOD = Weighting("likelihood")


def integrals(name, law, number=3000):
    """Weights w/q of many draws for one chain, (draws, components), and the flow of as many."""
    quantiles = torch.from_numpy(stratified(number, np.random.default_rng(1)))
    u, density = draw_times(law, recipe(name)([N]), quantiles)
    flow = recipe(name)([N])[torch.zeros(number, dtype=torch.long)]
    return flow, component_weight(flow, u, flow.mask, LIKELIHOOD, density)


@pytest.mark.parametrize("law", ["time", "clock", "debiased"])
@pytest.mark.parametrize("name", ["ddpm", "vp", "gud", "rg-harmonic"])
def test_the_likelihood_weight_integrates_to_the_information(name, law):
    """∫ ½ γ' α²λ/(α²λ + σ²) du = ½ ln((1 + λ SNR(0)) / (1 + λ SNR(1))), whatever is drawn."""
    flow, weights = integrals(name, TimeLaw(law))
    one = recipe(name)([N])
    first, last = (
        (one.variance * (k.alpha / k.sigma).square()).log1p()[0, one.mask[0]]
        for k in (one.kernel(torch.full((1,), u)) for u in (0.0, 1.0))
    )
    assert torch.allclose(weights.mean(0)[one.mask[0]], (first - last) / 2, rtol=0.01)
    assert (weights[~flow.mask] == 0).all()


def test_debiased_times_have_the_least_variance():
    """g²/σ² over the density is a constant, and Σ_n w_n/q varies less (arXiv 2106.02808)."""
    spread, flow = {}, recipe("ddpm")([N])
    u, density = draw_times(TimeLaw("debiased"), flow, torch.linspace(0.1, 0.99, 50).double())
    constant = torch.cat([flow.rate(time[None])[:, 1] for time in u]) / density
    assert float(constant.std() / constant.mean()) < 0.02
    for law in ("time", "debiased"):
        total = integrals("ddpm", TimeLaw(law))[1].sum(1)
        spread[law] = float(total.std() / total.mean())
    assert spread["debiased"] < spread["time"] / 1.5


def test_the_likelihood_loss_is_the_error_of_the_score():
    """F = κ c_in x has the excess κ² over a zero output, and ½ dSNR E|D - D_θ|² of it."""
    kappa, flow = 0.3, recipe("ddpm")([N])
    _, weights = integrals("ddpm", TimeLaw("debiased"))
    excess = kappa**2 * weights.mean(0)

    def error(u):
        """E|D_θ - D|² per coordinate: D_θ - D = c_out κ c_in x, and c_in x has variance 1."""
        return (kappa * flow.kernel(u).c_out).square()

    times = torch.linspace(0, 1, 1001, dtype=torch.float64)
    expected = score_error(flow, times, error)[0]
    assert torch.allclose(excess, expected, rtol=0.02, atol=1e-9)


def test_other_weights():
    flow = recipe("edm")([N])
    u = torch.tensor([0.4], dtype=torch.float64)
    unit = component_weight(flow, u, flow.mask, Weighting("unit"))
    assert torch.equal(unit, flow.mask.double())
    k = flow.kernel(u)
    noise = k.sigma.square()
    expected = k.alpha.square() * noise / (noise + 0.2**2) * flow.mask
    assert torch.equal(component_weight(flow, u, flow.mask, Weighting("resolution", 0.2)), expected)


def test_the_mean_of_a_loss_is_over_all_components():
    error, weight = torch.ones(2, 6), torch.tensor([[1.0, 1, 0, 0, 0, 0], [2.0, 0, 0, 0, 0, 0]])
    count = torch.tensor([4, 5])
    assert float(chain_loss(error, weight, "unit", count)) == pytest.approx((2 / 4 + 2 / 5) / 2)
    assert float(chain_loss(error, weight)) == pytest.approx((2 / 6 + 2 / 6) / 2)
