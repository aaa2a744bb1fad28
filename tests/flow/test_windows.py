"""A window of a noisy chain as a state of the window's own flow."""

from dataclasses import replace

import pytest
import torch

from protdiff.flow import cosine_modes, zoo
from protdiff.flow.windows import time_in_window, window_state

N, START, STOP = 300, 80, 208


def springs(length):
    """A chain of springs, of which the prior of the flow is the law."""
    flow = zoo.get("rg-harmonic", length=length)
    return replace(flow, variance=flow.prior)


def test_a_chain_without_noise_is_cut_exactly():
    generator = torch.Generator().manual_seed(0)
    ca, links = torch.randn(2, N, 3, generator=generator, dtype=torch.float64)
    links[-1] = 0
    modes = cosine_modes(N) @ ca
    part = window_state(torch.cat([modes, links]), START, STOP)
    size = STOP - START
    centred = ca[START:STOP] - ca[START:STOP].mean(0)
    torch.testing.assert_close(cosine_modes(size).mT @ part[:size], centred)
    torch.testing.assert_close(part[size:-1], links[START : STOP - 1])
    assert (part[-1] == 0).all()


@pytest.mark.parametrize("u", [0.5, 0.6])
def test_inside_the_window_the_noise_is_that_of_its_own_flow(u):
    """Covariance of differences of positions, away from the cuts, and of the links."""
    whole, own = springs(N), springs(STOP - START)
    time = time_in_window(whole, u, own)
    u, time = torch.tensor([[u], [time]], dtype=torch.float64)
    torch.testing.assert_close(whole.schedule.log_cutoff(u), own.schedule.log_cutoff(time))
    size = STOP - START
    state = torch.diag(whole.kernel(u).sigma[0] * whole.mask[0])
    part = window_state(state, START, STOP)
    expected = own.kernel(time).sigma[0].square() * own.mask[0]
    torch.testing.assert_close((part @ part.mT)[size:, size:], torch.diag(expected[size:]))
    steps = cosine_modes(size).mT.diff(dim=0)
    made = (steps @ part[:size]) @ (steps @ part[:size]).mT
    wanted = (steps * expected[:size]) @ steps.mT
    middle = slice(size // 4, -size // 4)
    scale = float(wanted.diagonal().mean())
    assert (made - wanted)[middle, middle].abs().max() < 0.01 * scale
    shifted = own.kernel(time + 0.05).sigma[0].square() * own.mask[0]
    off = (steps * shifted[:size]) @ steps.mT
    assert (made - off)[middle, middle].abs().max() > 0.03 * scale  # the test of the test
