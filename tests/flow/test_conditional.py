"""Conditional sampling of Gaussian chains, in closed form (docs/theory.md 5, tests T12a, T12b)."""

from functools import partial
from itertools import pairwise
from math import pi

import pytest
import torch

from protdiff.flow import (
    Flow,
    ancestral,
    cosine_modes,
    free_field,
    gaussian_oracle,
    uniform_times,
)
from protdiff.flow.conditional import (
    conditional_draw,
    conditional_mean,
    observation_precision,
)
from protdiff.flow.spectrum import RGDM_C

N, KNOWN, NOISE = 24, 12, 1e-3


@pytest.fixture(scope="module")
def chain(chain64):
    """chain64's formulas and its "img" schedule, N = 24; the first 12 residues are known."""
    momenta = pi / N * torch.arange(1, N, dtype=torch.float64)[None]
    variance = RGDM_C / (momenta**2 + 0.05**2) * torch.where(momenta > 1.2, 0.35, 1.0)
    rows = cosine_modes(N)[1:, :KNOWN].T.clone()

    def flow(batch):
        parts = (t.expand(batch, -1) for t in (momenta, variance, free_field(momenta)))
        return Flow(*parts, torch.ones(batch, N - 1, dtype=bool), chain64.schedules["img"])

    return flow, variance[0], rows, torch.full((KNOWN,), NOISE**2, dtype=torch.float64)


#: With draws from the conditional in between, and posterior variances: exact in any steps.
WITH_DRAWS = partial(ancestral, variance="posterior")


def exact(chain, u=0.0):
    """Gain and covariance of the data given the known residues; of the state at time u."""
    flow, variance, rows, noise = chain
    precision = observation_precision(variance, rows, noise)
    gain = variance[:, None] * rows.T @ precision
    covariance = torch.diag(variance) - gain @ (rows * variance)
    k = flow(1).kernel(torch.full((1,), u, dtype=torch.float64))
    alpha, sigma = k.alpha[0], k.sigma[0]
    return alpha[:, None] * gain, torch.outer(alpha, alpha) * covariance + torch.diag(sigma**2)


def kl(mean, covariance, target_mean, target):
    """KL of two Gaussians, three equal coordinates with means (D, 3)."""
    gap = target_mean - mean
    inverse = torch.linalg.inv(target)
    trace = (inverse @ covariance).trace() - len(target)
    logs = torch.logdet(target) - torch.logdet(covariance)
    return float(1.5 * (trace + logs) + 0.5 * (gap * (inverse @ gap)).sum())


def law_of_samples(
    make, size, known, steps, correct, what="x", sampler=WITH_DRAWS, grid=uniform_times
):
    """Mean per value and covariance of the last state ("x") or clean draw, by linear response.

    `size` components, `known` values. Row j of the batch has a one in the j-th normal number that
    the sampler asks for; the last rows have it in a known coordinate, and all noise silent.
    """
    numbers = (steps + 1) * size + (steps + 1) * (size + known)
    flow, used = make(numbers + known), [0]

    def draw(count):
        out = torch.zeros(numbers + known, count, 3, dtype=torch.float64)
        out[used[0] + torch.arange(count), torch.arange(count)] = 1
        used[0] += count
        return out

    values = torch.zeros(numbers + known, known, 3, dtype=torch.float64)
    values[numbers + torch.arange(known), torch.arange(known)] = 1
    last, oracle = {}, gaussian_oracle(flow)
    sampler(
        lambda x, u: correct(oracle(x, u), flow.kernel(u), values, draw),
        flow,
        grid(steps + 1),
        lambda: draw(size),
        callback=lambda index, u, x, clean: last.update(x=x[..., 0], clean=clean[..., 0]),
    )
    return last[what][numbers:].T, last[what][:numbers].T @ last[what][:numbers]


@pytest.mark.parametrize("steps", [5, 20])
def test_conditional_samples_are_exact(chain, steps):
    """T12a, with draws in between: the KL is that of the start, whatever the number of steps."""
    _, variance, rows, noise = chain

    def correct(clean, k, values, draw):
        tau = variance * k.sigma[0] ** 2 / k.total[0]
        precision = observation_precision(tau, rows, noise)
        return conditional_draw(clean, tau, rows, values, noise, precision, draw)

    gain, covariance = law_of_samples(chain[0], N - 1, KNOWN, steps, correct)
    exact_gain, exact_covariance = exact(chain)
    known = torch.randn(KNOWN, 3, generator=torch.Generator().manual_seed(0)).double() * 5
    error = kl(gain @ known, covariance, exact_gain @ known, exact_covariance)
    assert error < 1e-5


@pytest.mark.parametrize("steps", [5, 20, 80])
def test_replacing_the_known_residues_is_not_exact(chain, steps):
    """The test of the test: overwriting residues of the clean estimate fails it."""
    modes = cosine_modes(N)[1:]

    def replace(clean, k, values, draw):
        tau = chain[1] * k.sigma[0] ** 2 / k.total[0]
        ca = modes.T @ (clean + tau.sqrt()[:, None] * draw(N - 1))
        draw(KNOWN)
        return modes @ torch.cat([values, ca[:, KNOWN:]], 1)

    gain, covariance = law_of_samples(chain[0], N - 1, KNOWN, steps, replace)
    exact_gain, exact_covariance = exact(chain)
    known = torch.randn(KNOWN, 3, generator=torch.Generator().manual_seed(0)).double() * 5
    assert kl(gain @ known, covariance, exact_gain @ known, exact_covariance) > 0.1


def test_free_shift_is_a_flat_prior(chain):
    """A shift integrated out equals one more variable of enormous variance."""
    _, variance, rows, noise = chain
    free = torch.ones(KNOWN, 1, dtype=torch.float64)
    values = torch.randn(KNOWN, 3, generator=torch.Generator().manual_seed(1)).double()
    clean = torch.zeros(N - 1, 3, dtype=torch.float64)
    precision = observation_precision(variance, rows, noise + 1.0, free)
    mean = conditional_mean(clean, variance, rows, values, precision)
    moved = conditional_mean(clean, variance, rows, values + 7.0, precision)
    torch.testing.assert_close(mean, moved)
    wide = torch.cat([variance, torch.tensor([1e8], dtype=torch.float64)])
    with_shift = torch.cat([rows, free], 1)
    expected = conditional_mean(
        torch.zeros(N, 3, dtype=torch.float64), wide, with_shift, values,
        observation_precision(wide, with_shift, noise + 1.0),
    )[:-1]  # fmt: skip
    torch.testing.assert_close(mean, expected, atol=1e-6, rtol=1e-6)


def test_draws_have_the_conditional_covariance(chain):
    """Linear response of one draw to each of its numbers."""
    _, variance, rows, noise = chain
    precision = observation_precision(variance, rows, noise)
    sizes = list(pairwise([0, N - 1, N - 1 + KNOWN]))
    calls = iter(sizes)

    def draw(count):
        start, stop = next(calls)
        out = torch.zeros(N - 1 + KNOWN, count, 3, dtype=torch.float64)
        out[torch.arange(start, stop), torch.arange(count)] = 1
        return out

    zero = torch.zeros(N - 1, 3, dtype=torch.float64)
    x = conditional_draw(zero, variance, rows, zero[:KNOWN], noise, precision, draw)[..., 0]
    gain = variance[:, None] * rows.T @ precision
    torch.testing.assert_close(x.T @ x, torch.diag(variance) - gain @ (rows * variance))


WINDOW, LONG = 16, 48


def law_of_windows(chain64, overlap, steps, correct, sampler=WITH_DRAWS):
    """Covariance of the bonds of a chain of springs that is made window after window.

    The springs have unit variance, so each window's own law is the same formula. The first window
    is exact; the next ones know `overlap` residues of it up to a shift, in their own modes.
    """
    momenta = pi / WINDOW * torch.arange(1, WINDOW, dtype=torch.float64)[None]
    variance = 1 / (4 * torch.sin(momenta / 2) ** 2)
    modes = cosine_modes(WINDOW)[1:].T  # positions of the components

    def make(batch):
        parts = (t.expand(batch, -1) for t in (momenta, variance, variance))
        return Flow(*parts, torch.ones(batch, WINDOW - 1, dtype=bool), chain64.schedules["img"])

    free = torch.ones(overlap, 1, dtype=torch.float64)
    noise = torch.full((overlap,), NOISE**2, dtype=torch.float64)

    def conditioned(clean, k, values, draw):
        tau = variance[0] * k.sigma[0] ** 2 / k.total[0]
        return correct(clean, tau, modes, values, noise, free, draw)

    gain, covariance = law_of_samples(
        make, WINDOW - 1, overlap, steps, conditioned, "clean", sampler
    )
    values, vectors = torch.linalg.eigh(covariance)
    gain, root = modes @ gain, modes @ (vectors * values.clamp(min=0).sqrt())
    shift = torch.eye(WINDOW, dtype=torch.float64)
    shift[:, :overlap] -= 1 / overlap  # known residues lie on their values, in the mean
    gain = shift @ gain + 1 / overlap
    # Positions of the grown chain over independent numbers: bonds of the first window, then draws.
    positions = torch.tril(torch.ones(WINDOW, WINDOW - 1, dtype=torch.float64), -1)
    while len(positions) < LONG:
        new = slice(overlap, min(WINDOW, LONG - len(positions) + overlap))
        below = torch.cat([gain[new] @ positions[-overlap:], (shift @ root)[new]], 1)
        positions = torch.cat([torch.nn.functional.pad(positions, (0, WINDOW - 1)), below])
    bonds = positions[1:] - positions[:-1]
    return bonds @ bonds.T


@pytest.mark.parametrize(("overlap", "steps"), [(1, 20), (4, 5), (4, 20), (8, 20)])
def test_windows_of_a_markov_chain_are_exact(chain64, overlap, steps):
    """T12b: the covariance of the whole, to KL 1e-3; bonds at the seams to 1 %."""

    def correct(clean, tau, modes, values, noise, free, draw):
        precision = observation_precision(tau, modes[:overlap], noise, free)
        return conditional_draw(clean, tau, modes[:overlap], values, noise, precision, draw)

    covariance = law_of_windows(chain64, overlap, steps, correct)
    zero = torch.zeros(LONG - 1, 3, dtype=torch.float64)
    assert kl(zero, covariance, zero, torch.eye(LONG - 1, dtype=torch.float64)) < 1e-3
    seams = covariance.diagonal()[WINDOW - 1 :: WINDOW - overlap].sqrt()
    torch.testing.assert_close(seams, torch.ones_like(seams), atol=0.01, rtol=0)


@pytest.mark.parametrize("steps", [20, 80])
def test_windows_that_overwrite_are_not_exact(chain64, steps):
    """The test of the test: overwriting the overlap fails T12b."""
    overlap = 4

    def correct(clean, tau, modes, values, noise, free, draw):
        ca = modes @ (clean + tau.sqrt()[:, None] * draw(WINDOW - 1))
        draw(overlap)
        gap = (ca[:, :overlap] - values).mean(1, keepdim=True)
        return modes.T @ torch.cat([values + gap, ca[:, overlap:]], 1)

    covariance = law_of_windows(chain64, overlap, steps, correct)
    zero = torch.zeros(LONG - 1, 3, dtype=torch.float64)
    assert kl(zero, covariance, zero, torch.eye(LONG - 1, dtype=torch.float64)) > 0.05
    assert covariance.diagonal()[WINDOW - 1].sqrt() - 1 > 0.05
