"""The variance-matched sampler (docs/theory.md 3.2)."""

import pytest
import torch

from protdiff.flow import gaussian_oracle, matched, sampling_times, sde_2m, uniform_times
from protdiff.flow.matched_weights import MAX_WEIGHT, matched_weights
from protdiff.flow.sampler_error import sampler_error
from protdiff.flow.zoo import recipe

RECIPE = recipe("rg-harmonic")


def states(flow, times, draws, variance=None):
    """States that `matched` visits, fed with unit impulses: rows are the draws of noise."""
    rows = torch.zeros(draws, dtype=torch.long)
    turn, seen = iter(range(draws)), []

    def noise():
        unit = torch.zeros(draws, flow.mask.shape[1], 1, dtype=torch.float64)
        unit[next(turn)] = 1
        return unit

    start = None if variance is None else variance.sqrt()[rows, :, None] * noise()
    matched(
        gaussian_oracle(flow[rows]), flow[rows], times, noise, start=start,
        callback=lambda i, u, x, c: seen.append(x[..., 0]),
    )  # fmt: skip
    return torch.stack(seen)


@pytest.mark.parametrize("from_data", [False, True])
def test_variance_is_exact_at_every_time_but_where_the_weight_is_capped(from_data):
    """Linear responses of the sampler itself, beside the law of the noised Gaussian chain."""
    flow, times = RECIPE([60]), sampling_times(RECIPE([60]), 16)
    begin = flow.kernel(times[:1]).total if from_data else None
    found = states(flow, times, 16, begin).square().sum(1)
    first = flow.start if begin is None else begin
    weights = torch.cat(list(matched_weights(flow, times, first)))
    assert len(weights) == 14 and float(weights.max()) == MAX_WEIGHT
    free = (weights > 0) & (weights < MAX_WEIGHT) & flow.mask
    wanted = torch.cat([flow.kernel(s[None]).total for s in times[2:]])
    assert free.double().mean() > 0.2
    assert torch.allclose(found[2:][free], wanted[free], rtol=1e-9)
    short = (weights == MAX_WEIGHT) & flow.mask
    assert (found[2:][short] <= wanted[short] * (1 + 1e-9)).all()


@pytest.mark.parametrize("length", [60, 120, 300])
def test_few_calls_draw_the_gaussian_chain_exactly(length):
    flow = RECIPE([length])
    errors = {
        (sampler, calls): float(sampler_error(sampler, flow, sampling_times(flow, calls)).sum())
        for sampler in (matched, sde_2m)
        for calls in (16, 32)
    }
    assert errors[matched, 16] < errors[sde_2m, 16] / 100
    assert errors[matched, 32] < 1e-9 < 0.1 < errors[sde_2m, 32]


def test_a_chain_with_another_spectrum_is_drawn_better_too():
    """The weights know the flow's spectrum only; the estimates are those of another one."""
    flow = RECIPE([120])
    other = flow.variance * torch.linspace(0.5, 1.5, flow.variance.shape[1]).double()
    times = sampling_times(flow, 16)
    errors = [float(sampler_error(s, flow, times, other).sum()) for s in (matched, sde_2m)]
    assert errors[0] < errors[1] / 3


def test_figures_of_the_theory():
    """docs/theory.md 3.2: KL of 120 residues, nats, at the default times and at equal ones."""
    flow = RECIPE([120])
    for sampler, times, nats in (
        (matched, sampling_times(flow, 8), 17.5),
        (sde_2m, sampling_times(flow, 8), 41),
        (sde_2m, sampling_times(flow, 16), 2.0),
        (sde_2m, uniform_times(16), 5.5),
        (sde_2m, sampling_times(flow, 25), 0.97),
    ):
        assert float(sampler_error(sampler, flow, times).sum()) == pytest.approx(nats, rel=0.01)
