"""RGDM's discrete clock, and its sampler as users get it (docs/theory.md 2.1, 3.3)."""

from math import floor, log

import pytest
import torch

from protdiff.flow import SAMPLERS, Flow, gaussian_oracle, rgdm, sampling_times
from protdiff.flow.zoo import get

LENGTHS = [32, 64, 100, 257]


def at_step(flow, t):
    """Time in the middle of step t of a flow of one chain."""
    return (torch.tensor([t], dtype=torch.float64) + 0.5) / flow.schedule.steps


@pytest.mark.parametrize("length", LENGTHS)
def test_steps_are_the_published_ones(length):
    flow = get("rgdm-shell", length=length)
    total = rgdm.steps(length)
    assert flow.schedule.steps.tolist() == [total]
    u = sampling_times(flow, total)
    assert [int(flow.schedule.step(time[None])) for time in u] == list(range(total))[::-1]


@pytest.mark.parametrize("length", LENGTHS)
def test_every_mode_follows_the_floored_profile(length):
    flow, tau = get("rgdm-shell", length=length), rgdm.decay_time()
    in_shell, _ = rgdm.shell_steps(length)
    momenta = flow.momenta[0, 1:length]
    fastest = momenta.max()
    for t in (0, 20, 41, 42, rgdm.steps(length) - 1):
        alpha = flow.kernel(at_step(flow, t)).alpha[0, 1:length].square()
        for n in (0, 1, length // 2, length - 2):
            j = t - floor(tau * log(float(fastest / momenta[n])) + 1e-9)
            if j < 0:
                assert alpha[n] > 1 - 1e-12
            elif j >= in_shell:
                assert alpha[n] < 1e-12
            else:
                expected = float(rgdm.alpha_bar(j, fastest, length))
                assert float(alpha[n]) == pytest.approx(expected, rel=1e-9)


def test_steps_have_no_rate():
    """So likelihoods and entropies, which integrate it, say so instead of a number."""
    flow = get("rgdm-shell", length=40)
    with pytest.raises(ValueError, match="discrete steps, so densities"):
        flow.rate(torch.tensor([0.5]))


def test_a_batch_has_the_clock_of_each_chain():
    from protdiff.flow.zoo import recipe

    u = torch.tensor([0.31, 0.77], dtype=torch.float64)
    batch = recipe("rgdm-shell")([40, 90])
    for row, n in enumerate((40, 90)):
        alone = recipe("rgdm-shell")([n])
        assert torch.equal(batch.gamma(u)[row, :n], alone.gamma(u[row : row + 1])[0, :n])


def test_its_sampler_has_the_published_error(chain64, kl, printed):
    """0.102 nats with the exact noise predictor, by the sampler that commands call."""
    rows = 120
    parts = (t.expand(rows, -1) for t in (chain64.momenta, chain64.variance, chain64.prior))
    clock = rgdm.ShellClock(torch.full((rows,), 64.0, dtype=torch.float64))
    flow = Flow(*parts, torch.ones(rows, 63, dtype=bool), clock)
    calls = iter(range(rows))

    def impulse():
        unit = torch.zeros(rows, 63, 3, dtype=torch.float64)
        unit[next(calls)] = 1
        return unit

    times = sampling_times(flow, rgdm.steps(64))
    clean = SAMPLERS["rgdm"](gaussian_oracle(flow), flow, times, impulse)
    assert printed(kl(clean[..., 0].square().sum(0), chain64.variance[0]), "0.102")


def test_a_mode_that_enters_the_shell_is_drawn_from_the_prior():
    """What it was before, in the state that a sampler keeps, does not matter."""
    flow = get("rgdm-shell", length=64)
    first, second = at_step(flow, 60), at_step(flow, 59)
    enters = (flow.kernel(first).alpha < 1e-6) & (flow.kernel(second).alpha > 1e-6) & flow.mask
    assert enters.sum() > 0
    shape = (1, 128, 3)
    x, noise = torch.randn(2, *shape, dtype=torch.float64)
    last, seen = at_step(flow, 58), []

    def denoise(x, u):
        seen.append(x)
        return torch.zeros_like(x)

    times = torch.cat([first, second, last])
    SAMPLERS["rgdm"](denoise, flow, times, lambda: noise, start=x)
    drawn = (flow.prior.sqrt()[..., None] * noise)[enters]
    assert torch.allclose(seen[1][enters], drawn, rtol=1e-3, atol=1e-3)
