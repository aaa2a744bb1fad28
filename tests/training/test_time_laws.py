"""Laws of the times of training, against their densities in closed form."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from scipy import stats

import protdiff
from protdiff.flow.zoo import recipe
from protdiff.training.batch_draws import draw, stratified
from protdiff.training.config import TrainingConfig
from protdiff.training.time_laws import CELLS, TimeLaw, draw_times
from protdiff.training.trainer import Trainer

from .conftest import SIZES


def drawn(name, law, number=2000, length=60):
    """Times and densities of many draws for one chain."""
    flow = recipe(name)([length])
    quantiles = torch.from_numpy(stratified(number, np.random.default_rng(0)))
    return flow, *draw_times(law, flow, quantiles)


@pytest.mark.parametrize("length", [40, 100])
def test_edms_noise_levels_are_lognormal(length):
    """ln σ ~ N(P_mean, P_std²) where the data have σ_data = 0.5 (arXiv 2206.00364, table 1)."""
    flow, u, _ = drawn("edm", TimeLaw("lognormal"), length=length)
    data = flow.variance[0, 1:length].mean().sqrt()  # the prior of edm is 1
    found, low, high = (
        ((flow.schedule.sigma(time) / data).log() - log(1 / 0.5))
        for time in (u, torch.zeros_like(u), torch.ones_like(u))
    )
    ends = [(float(end[0]) + 1.2) / 1.2 for end in (low, high)]  # truncated where the flow ends
    law = stats.truncnorm(*ends, loc=-1.2, scale=1.2)
    assert stats.kstest(found.numpy(), law.cdf).statistic < 3e-3


def test_the_debiased_density_is_that_of_the_closed_form():
    """DDPM: γ = ln(e^b - 1), b = 0.1 v + 9.95 v², so g²/σ² ∝ b' e^b/(e^b - 1)."""
    flow = recipe("ddpm")([60])
    schedule = flow.schedule
    from protdiff.flow.schedule import PROFILES

    ends = [PROFILES["linear"].time(torch.as_tensor(g)) for g in (schedule.low, schedule.high)]
    u = torch.linspace(0.003, 0.997, 40).double()
    v = ends[0] + u * (ends[1] - ends[0])
    b = 0.1 * v + 9.95 * v**2
    expected = (0.1 + 19.9 * v) * b.exp() / b.expm1() * (ends[1] - ends[0])
    expected /= float(schedule.high - schedule.low)  # its integral
    quantiles = torch.linspace(1e-6, 1 - 1e-6, 5001).double()
    found_u, found = draw_times(TimeLaw("debiased", truncation=0), flow, quantiles)
    found = torch.from_numpy(np.interp(u, found_u, found))
    assert torch.allclose(found, expected, rtol=0.02)


def test_the_debiased_density_does_not_rise_below_the_truncation():
    _, u, density = drawn("ddpm", TimeLaw("debiased", truncation=0.05))
    early = density[u < 0.049]
    assert len(early) > 50 and float(early.max() / early.min()) < 1 + 1e-9
    assert density.max() == pytest.approx(float(early.max()))


@pytest.mark.parametrize("name", ["rg", "ddpm", "edm", "gud"])
@pytest.mark.parametrize("law", ["clock", "time", "lognormal", "debiased"])
def test_densities_are_those_of_the_draws(name, law):
    """E[1/q] over draws is the width of the interval in which there are any."""
    if law == "lognormal" and name in ("rg", "gud"):
        with pytest.raises(ValueError, match="lognormal is for flows with one noise level"):
            drawn(name, TimeLaw(law), 2)
        return
    _, u, density = drawn(name, TimeLaw(law), 20 * CELLS)
    assert ((u >= 0) & (u <= 1)).all()
    for low, high in ((0.2, 0.5), (0.4, 0.7)):
        inside = (u > low) & (u < high)
        assert float((inside / density).mean()) == pytest.approx(high - low, rel=0.03)


def test_the_clock_is_uniform_as_without_a_law():
    flow, u, _ = drawn("vp", TimeLaw("clock"), 200)
    clock = flow.schedule.log_cutoff(u)
    low, high = (flow.schedule.log_cutoff(torch.full_like(u, end)) for end in (1.0, 0.0))
    share = ((clock - low) / (high - low)).sort().values
    assert torch.allclose(share, (torch.arange(200) + 0.5).double() / 200, atol=1 / 200)


def test_batches_have_the_times_of_the_law(chains, config):
    values = config.recorded() | {"flow": "edm", "times": {"law": "lognormal", "std": 0.1}}
    narrow = TrainingConfig(data=config.data, out=config.out, **values)
    some = draw(chains, narrow.flow.recipe(), narrow, 0)
    levels = -2 * some.log_cutoff  # ln σ
    assert levels.std() < 0.6 and (some.density > 1).any()
    plain = draw(chains, narrow.flow.recipe(), config, 0)
    assert (plain.density == 1).all() and (-2 * plain.log_cutoff).std() > 1.5


def test_weights_trained_as_edm_are_drawn_by_its_sampler(config, quick, tmp_path):
    """Lognormal levels and unit weights, then Heun with churn: as the commands do it."""
    values = config.recorded() | {
        "flow": "edm", "times": {"law": "lognormal"}, "loss": "unit", "steps": 2, "network": SIZES,
    }  # fmt: skip
    path = Trainer(TrainingConfig(data=config.data, out=config.out, **values)).fit(lambda _: None)
    [plain], [churned] = (
        protdiff.generate(length=12, steps=6, weights=path, sampler="heun", churn=churn)
        for churn in (0.0, 40.0)
    )
    assert np.isfinite(churned.coords).all()
    assert np.abs(plain.coords - churned.coords).max() > 1e-3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"std": 0.0}, "`std` 0: must be 0.05 to 10"),
        ({"mean": 11.0}, "`mean` 11: must be"),
        ({"truncation": 0.9}, "`truncation` 0.9: must be"),
    ],
)
def test_numbers_out_of_range(values, message):
    with pytest.raises(ValueError, match=message):
        replace(TimeLaw(), **values)
