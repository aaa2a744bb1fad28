"""Conditional sampling of Gaussian chains as commands do it: how exact it is (docs/theory.md 5).

Commands draw with `matched` and put the conditional mean in place of every estimate; nothing is
drawn from the conditional in between. What a network needs besides (wider corrections, bonds) is
left out here.
"""

from functools import partial

import pytest
import torch

from protdiff.conditioning.bonds import HELD_FROM
from protdiff.conditioning.known import NOISE as CA_NOISE
from protdiff.conditioning.known import Known, Observations
from protdiff.flow import Flow, cosine_modes, matched, sampling_times, zoo
from protdiff.flow.conditional import conditional_mean, observation_precision

from .test_conditional import KNOWN, LONG, WINDOW, N, exact, kl, law_of_samples, law_of_windows


@pytest.fixture(scope="module")
def shipped_chain():
    """The flow of the shipped weights, N = 24, and the noise with which commands observe CA."""
    one = zoo.get("rg-harmonic", length=N)
    exists = one.mask[0]
    rows = torch.zeros(KNOWN, 2 * N, dtype=torch.float64)
    rows[:, 1:N] = cosine_modes(N)[1:, :KNOWN].T

    def flow(batch):
        parts = (one.momenta, one.variance, one.prior, one.mask)
        return Flow(*(t[:, exists].expand(batch, -1) for t in parts), one.schedule)

    noise = torch.full((KNOWN,), CA_NOISE.ca**2, dtype=torch.float64)
    return flow, one.variance[0, exists], rows[:, exists], noise


@pytest.mark.parametrize(("calls", "nats"), [(8, 2.602), (10, 0.0974), (30, 0.02097)])
def test_what_commands_draw_is_exact_in_the_mean_and_nearly_in_the_spread(
    shipped_chain, calls, nats
):
    """`matched` at the default times, with the conditional mean in place of the estimate.

    The KL that docs/concepts/conditions.md prints. All of it is of the covariance: the mean given
    the known residues is exact, whatever the number of calls.
    """
    make, variance, rows, noise = shipped_chain
    grid = partial(sampling_times, zoo.get("rg-harmonic", length=N))

    def correct(clean, k, values, draw):
        tau = variance * k.sigma[0] ** 2 / k.total[0]
        return conditional_mean(clean, tau, rows, values, observation_precision(tau, rows, noise))

    gain, covariance = law_of_samples(
        make, len(variance), KNOWN, calls - 1, correct, sampler=matched, grid=grid
    )
    exact_gain, exact_covariance = exact(shipped_chain, float(grid(calls)[-1]))
    known = torch.randn(KNOWN, 3, generator=torch.Generator().manual_seed(0)).double() * 5
    error = kl(gain @ known, covariance, exact_gain @ known, exact_covariance)
    assert error == pytest.approx(nats, rel=2e-3)
    zero = torch.zeros(len(variance), 3, dtype=torch.float64)
    assert error - kl(zero, covariance, zero, exact_covariance) < 1e-6


def test_the_condition_of_commands_is_that_mean(shipped_chain):
    """`Known`, which commands call for one chain at a time, when bonds are not yet held."""
    make, variance, rows, noise = shipped_chain
    generator = torch.Generator().manual_seed(0)
    clean = (
        torch.randn(1, len(variance), 3, generator=generator).double() * variance[:, None].sqrt()
    )
    values = torch.randn(KNOWN, 3, generator=generator).double() * 5
    fixed = torch.zeros(KNOWN, dtype=torch.bool)  # positions of a chain whose place is known
    known = Known(Observations(rows, values, noise, fixed), fixed.long(), turn=False)
    for u in torch.linspace(HELD_FROM + 0.01, 1, 5).tolist():
        k = make(1).kernel(torch.tensor([u], dtype=torch.float64))
        tau = variance * k.sigma[0] ** 2 / k.total[0]
        mean = conditional_mean(clean, tau, rows, values, observation_precision(tau, rows, noise))
        torch.testing.assert_close(known(clean[0], tau, u), mean[0])
        assert (mean - clean).abs().max() > 1


def test_windows_of_commands(chain64):
    """T12b with 30 calls and 8 residues in common: 2.6e-3 nats, bonds at the seams 1.3 % short."""
    overlap = 8

    def correct(clean, tau, modes, values, noise, free, draw):
        precision = observation_precision(tau, modes[:overlap], noise, free)
        return conditional_mean(clean, tau, modes[:overlap], values, precision)

    covariance = law_of_windows(chain64, overlap, 29, correct, matched)
    zero = torch.zeros(LONG - 1, 3, dtype=torch.float64)
    error = kl(zero, covariance, zero, torch.eye(LONG - 1, dtype=torch.float64))
    assert error == pytest.approx(2.63e-3, rel=0.01)
    seams = covariance.diagonal()[WINDOW - 1 :: WINDOW - overlap].sqrt() - 1
    assert torch.allclose(seams, torch.full_like(seams, -0.0127), atol=1e-4)
