"""Jumps: exact on a Gaussian chain, whatever their length; what the network is told of them."""

import pytest
import torch

from protdiff.flow import (
    ChainFlow,
    ancestral,
    gaussian_oracle,
    jump,
    jumps,
    landing,
    sampling_times,
)
from protdiff.flow.reference import real_spectrum

LENGTHS = [24, 17]
TIMES = [(1.0, 0.6), (0.7, 0.5), (0.55, 0.2), (0.4, 0.39), (0.3, 0.1)]


@pytest.fixture(params=["harmonic", "calibrated"])
def flow(request):
    return ChainFlow(spectrum=real_spectrum(), prior=request.param)(LENGTHS)


def at(*times):
    return (torch.full((2,), u, dtype=torch.float64) for u in times)


def source(flow, seed=0):
    generator, shape = torch.Generator().manual_seed(seed), (*flow.mask.shape, 3)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("u", "s"), TIMES)
def test_a_gaussian_chain_keeps_its_law(flow, u, s):
    step, before, after = jump(flow, *at(u, s)), *(flow.kernel(t) for t in at(u, s))
    slope = step.own + step.gain * step.skip
    variance = slope**2 * before.total[..., None] + step.width
    assert torch.allclose(variance, after.total[..., None], rtol=1e-10)
    assert torch.equal(step.skip[..., 0], before.c_skip)
    assert torch.equal(step.skip_after[..., 0], after.c_skip)


def test_two_jumps_are_one(flow):
    whole, first, second = (jump(flow, *at(*ends)) for ends in ((0.7, 0.3), (0.7, 0.5), (0.5, 0.3)))
    slopes = [step.own + step.gain * step.skip for step in (whole, first, second)]
    assert torch.allclose(slopes[1] * slopes[2], slopes[0], rtol=1e-9)
    width = slopes[2] ** 2 * first.width + second.width
    assert torch.allclose(width, whole.width, rtol=1e-9)


def test_the_last_jump_lands_in_the_estimate(flow):
    x = source(flow)()
    step = jump(flow, *at(0.1))
    assert not step.own.any() and not step.width.any() and (step.gain == 1).all()
    expected = flow.kernel(*at(0.1)).c_skip[..., None] * x
    assert torch.equal(landing(step, x, torch.zeros_like(x)), expected)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_with_an_exact_estimate_the_sampler_is_ancestral(flow, temperature):
    exact, times = gaussian_oracle(flow), sampling_times(flow, 7)
    one = jumps(lambda x, u, _: exact(x, u), flow, times, source(flow), temperature=temperature)
    other = ancestral(exact, flow, times, source(flow), temperature=temperature)
    assert torch.allclose(one, other, atol=1e-10)


def test_the_network_is_told_where_a_gaussian_chain_will_land(flow):
    """It is shown the estimate at the next state, exact if the chain is Gaussian."""
    exact, times, told, made = gaussian_oracle(flow), sampling_times(flow, 6), [], []

    def denoise(x, u, ahead):
        told.append(ahead)
        made.append(exact(x, u))
        return made[-1]

    x = jumps(denoise, flow, times, source(flow))
    for ahead, after in zip(told, made[1:], strict=False):
        assert torch.allclose(ahead[flow.mask], after[flow.mask], atol=1e-9)
    assert torch.allclose(told[-1], made[-1]) and torch.equal(x[flow.mask], made[-1][flow.mask])
    assert not x[~flow.mask].any()


def test_a_walk_may_start_later(flow):
    times, seen = sampling_times(flow, 6)[3:], []
    start = flow.prior_sample(source(flow, 1)())
    exact = gaussian_oracle(flow)
    jumps(
        lambda x, u, _: exact(x, u), flow, times, source(flow), start=start,
        callback=lambda index, u, x, clean: seen.append((index, u, x)),
    )  # fmt: skip
    assert [row[0] for row in seen] == [0, 1, 2] and torch.equal(seen[0][2], start)
    assert [row[1] for row in seen] == times.tolist()
