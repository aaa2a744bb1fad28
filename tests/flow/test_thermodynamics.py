"""Thermodynamics against closed forms: T9b, T9c of the specification (docs/theory.md 7)."""

from math import exp, log, sqrt

import pytest
import torch

from protdiff.flow import VP, Flow, gaussian_oracle, uniform_times, zoo
from protdiff.flow.oracles import empirical_oracle, mixture_oracle
from protdiff.flow.samplers import SAMPLERS, ancestral
from protdiff.flow.thermodynamics import (
    collapse_time,
    entropy_production,
    entropy_production_rate,
)


class OrnsteinUhlenbeck:
    """α = e^{-t} with t = 3u, for a prior of variance 1."""

    span = 3.0

    def gamma(self, momenta, u):
        t = (self.span * u).clamp_min(1e-12)
        return torch.log(torch.expm1(2 * t))[..., None].expand(momenta.shape)


def ou_flow(variance, components=1, rows=1):
    ones = torch.ones(rows, components, dtype=torch.float64)
    return Flow(ones, ones * variance, ones, ones.bool(), OrnsteinUhlenbeck())


def test_entropy_production_is_the_kl_difference(chain64):
    index = slice(5, 6)
    parts = (t[:, index] for t in (chain64.momenta, chain64.variance, chain64.prior))
    flow = Flow(*parts, torch.ones(1, 1, dtype=bool), VP(-9, 9))
    closed = float(entropy_production(flow)) / 3  # one coordinate
    assert closed == pytest.approx(7.26629189225e-5, rel=1e-8)
    u = torch.linspace(0, 1, 20_001, dtype=torch.float64)
    wide = Flow(
        *(t.expand(len(u), 1) for t in parts_of(flow)),
        torch.ones(len(u), 1, dtype=bool),
        flow.schedule,
    )
    k = wide.kernel(u)
    error = 3 * wide.variance * k.sigma**2 / k.total
    rate = entropy_production_rate(wide, u, error, 3 * wide.variance)[:, 0]
    weight = torch.full_like(u, 2.0)  # Simpson
    weight[1::2], weight[0], weight[-1] = 4, 1, 1
    integral = float((weight * rate).sum() * (u[1] - u[0]) / 3)
    assert integral / 3 == pytest.approx(closed, rel=1e-8)


def test_flows_without_a_fixed_point_are_refused():
    """Variance-exploding flows are not reversible: they have no law to count entropy from."""
    flow, u = zoo.get("edm", length=20), torch.tensor([0.5])
    for measure in (
        lambda: entropy_production(flow),
        lambda: entropy_production_rate(flow, u, flow.variance, flow.variance),
    ):
        with pytest.raises(ValueError, match="variance exploding: it has no fixed point"):
            measure()


def parts_of(flow):
    return flow.momenta, flow.variance, flow.prior


def test_collapse_time_of_isotropic_data():
    """d = 60 scalars are 20 components: t_C = ½ ln(1 + 1 / (n^{2/d} - 1))."""
    flow = ou_flow(1.0, components=20)
    assert 3 * float(collapse_time(flow, 2000)) == pytest.approx(0.7484694123, abs=1e-9)
    assert 0.5 * log(1 + 1 / (2000 ** (2 / 60) - 1)) == pytest.approx(0.7484694123, abs=1e-10)


def test_collapse_is_where_the_true_point_loses_its_weight():
    """Mean softmax weight of the true training point falls through t_C, d = 300, n = 200."""
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(200, 100, 3, generator=generator, dtype=torch.float64)
    flow = ou_flow(1.0, components=100)
    critical = 3 * float(collapse_time(flow, 200))
    assert critical == pytest.approx(1.680, abs=5e-4)
    weights = []
    for t in (critical - 0.3, critical + 0.3):
        alpha, sigma = exp(-t), sqrt(1 - exp(-2 * t))
        noise = torch.randn(200, 100, 3, generator=generator, dtype=torch.float64)
        x = alpha * points + sigma * noise
        gap = (x[:, None] - alpha * points).square().flatten(2).sum(-1)
        weights.append(float(torch.softmax(-gap / (2 * sigma**2), 1).diagonal().mean()))
    assert weights[0] == pytest.approx(0.94, abs=0.06)
    assert weights[1] == pytest.approx(0.21, abs=0.08)


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
def test_start_replaces_the_draw_from_the_prior(chain64, sampler):
    flow = chain64.flow(chain64.schedules["prot"])
    generator = torch.Generator().manual_seed(0)

    def noise():
        return torch.randn(1, 63, 3, generator=generator, dtype=torch.float64)

    given = flow.prior_sample(noise())
    runs = []
    for start in (given, None):
        generator.manual_seed(1)
        if start is None:
            source = _first_then(given / flow.prior.sqrt()[..., None], noise)
        else:
            source = noise
        runs.append(sampler(gaussian_oracle(flow), flow, uniform_times(6), source, start=start))
    torch.testing.assert_close(*runs)


def _first_then(value, noise):
    """Noise source whose first draw is given."""
    pending = [value]
    return lambda: pending.pop() if pending else noise()


def test_mixture_oracle_against_conditional_means():
    """E[x | X in a bin] of many draws, two Gaussians along one coordinate."""
    rows = 400_000
    flow = ou_flow(0.3, rows=rows)
    means = torch.tensor([[[1.5, 0, 0]], [[-1.5, 0, 0]]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    sign = torch.randint(0, 2, (rows,), generator=generator)
    x = means[sign] + 0.3**0.5 * torch.randn(rows, 1, 3, generator=generator, dtype=torch.float64)
    u = torch.full((rows,), 0.2, dtype=torch.float64)
    noisy = flow.noise(x, u, torch.randn(rows, 1, 3, generator=generator, dtype=torch.float64))
    estimate = mixture_oracle(flow, means)(noisy, u)
    first = noisy[:, 0, 0]
    for low in (-1.5, -0.4, 0.0, 0.7):
        inside = (first > low) & (first < low + 0.2)
        gap = (x - estimate)[inside, 0, 0]
        assert abs(float(gap.mean())) < 4 * float(gap.std()) / float(inside.sum()) ** 0.5


def test_empirical_oracle_sampler_returns_training_points():
    flow = ou_flow(1.0, components=5, rows=16)
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(8, 5, 3, generator=generator, dtype=torch.float64)

    def noise():
        return torch.randn(16, 5, 3, generator=generator, dtype=torch.float64)

    made = ancestral(empirical_oracle(flow, points), flow, uniform_times(60), noise)
    gap = (made[:, None] - points).square().flatten(2).sum(-1).min(1).values
    assert float(gap.max()) < 1e-6
