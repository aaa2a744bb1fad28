"""RGDM's published constants and the error of its own sampler (docs/theory.md 2.1, 3.3)."""

from math import exp, floor

import pytest
import torch

from protdiff.flow import RG, ancestral, rgdm

TABLE = {  # N: T_fl, T, Λ_0
    32: (37, 79, "30.358"), 64: (44, 86, "30.847"), 100: (49, 91, "31.024"),
    128: (52, 94, "31.092"), 200: (57, 99, "31.180"), 256: (59, 101, "31.215"),
    300: (61, 103, "31.233"), 512: (67, 109, "31.276"), 1000: (74, 116, "31.306"),
}  # fmt: skip


def test_end_points_of_ddpm(printed):
    first, last = rgdm.end_points()
    assert printed(first, "9999.000000") and printed(last, "4.0359926512e-5")
    assert printed(rgdm.inverse_regulator(first), "0.010050419610")
    assert printed(rgdm.inverse_regulator(last), "23.06684947")
    assert printed(rgdm.decay_time(80), "10.817093236")


@pytest.mark.parametrize("length", TABLE)
def test_steps_and_first_cutoff(length, printed):
    down_chain, total, cutoff = TABLE[length]
    assert rgdm.shell_steps(length) == (42, down_chain)
    assert rgdm.steps(length) == total
    assert printed(rgdm.initial_cutoff(length), cutoff)


@pytest.mark.parametrize(("t32", "total"), [(200, 218), (400, 438)])
def test_steps_of_slower_flows(t32, total):
    assert rgdm.steps(64, t32) == total


def test_every_mode_follows_the_profile_of_the_fastest():
    fastest = torch.tensor([torch.pi * 63 / 64], dtype=torch.float64)
    for shift in (1, 7.5, 30):
        slower = fastest * exp(-shift / rgdm.decay_time())
        for t in (30, 40.25, 70):
            direct = rgdm.alpha_bar(t, slower, 64)
            assert torch.allclose(direct, rgdm.alpha_bar(t - shift, fastest, 64), rtol=1e-10)


def test_alpha_bar_is_the_formula_and_the_flow_of_the_package(chain64):
    tau, cutoff = rgdm.decay_time(), rgdm.initial_cutoff(64)
    steps = rgdm.steps(64)
    schedule = RG(cutoff, cutoff * exp(-steps / tau))
    for t in (0, 20, 60):
        signal = rgdm.alpha_bar(t, chain64.momenta, 64)
        x = (chain64.momenta / (cutoff * exp(-t / tau))) ** 2
        assert torch.allclose(signal, torch.exp(-(torch.log1p(x) ** 2)), rtol=1e-12)
        gamma = schedule.gamma(chain64.momenta, torch.tensor([t / steps], dtype=torch.float64))
        # The package clamps γ at 30, where α² is 1e-13.
        assert torch.allclose(torch.sigmoid(-gamma), signal, rtol=1e-10, atol=1e-12)
    assert abs(rgdm.alpha_bar(0, chain64.momenta[0, -1], 64) - 0.9999) < 1e-12  # DDPM's first


class ShellClock:
    """Time in RGDM's steps: a mode waits at its prior, runs through the shell, and then rests."""

    def __init__(self, momenta, t32):
        tau = rgdm.decay_time(t32)
        self.steps, (in_shell, _) = rgdm.steps(64, t32), rgdm.shell_steps(64, t32)
        fastest = momenta.max()
        self.delay = torch.tensor([floor(tau * float((fastest / k).log())) for k in momenta[0]])
        signal = torch.stack([rgdm.alpha_bar(t, fastest, 64, t32) for t in range(in_shell)])
        clean = torch.tensor([-60.0], dtype=torch.float64)
        self.profile = torch.cat([clean, torch.log((1 - signal) / signal)])

    def gamma(self, momenta, u):
        step = (u * self.steps).round().long()[:, None] - self.delay
        return self.profile[step.clamp(0, len(self.profile) - 1)]


@pytest.mark.parametrize(
    ("t32", "variance", "expected"),
    [(80, "beta", "0.102"), (80, "posterior", "1.249"), (200, "beta", "0.016"),
     (200, "posterior", "0.211")],
)  # fmt: skip
def test_error_of_the_published_sampler(
    chain64, output_variance, impulses, kl, printed, t32, variance, expected
):
    clock = ShellClock(chain64.momenta, t32)
    flow = chain64.flow(clock, clock.steps + 1)
    unit, calls = impulses(flow), iter(range(clock.steps + 1))

    def noise():
        # RGDM adds nothing in the last step of a mode: call n is the step to time steps - n.
        last = clock.delay == clock.steps - next(calls)
        return unit().masked_fill(last[None, :, None], 0)

    out = output_variance(ancestral, flow, clock.steps, noise, variance=variance)
    assert printed(kl(out, chain64.variance[0]), expected)
