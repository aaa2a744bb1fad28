"""Corrected chains of states that are not exact, and states learned from an energy alone."""

import math

import pytest
import torch

from protdiff.sequence.strings import born, log_norm, log_weight, one_hot, sample
from protdiff.sequence.strings.annealing import Annealing, learn_from_energy
from protdiff.sequence.strings.compression import compressed
from protdiff.sequence.strings.exact_states import CRITICAL, ising, ising_energy
from protdiff.sequence.strings.metropolis import (
    autocorrelation_time,
    metropolis,
    single_flips,
    standard_error,
)

#: Of the 4 × 6 cylinder, by the exact state: mean energy over temperature, mean of the squared
#: magnetisation per spin. The test below computes them.
WIDTH, RINGS = 4, 6
SITES = WIDTH * RINGS


def energy(strings):
    return ising_energy(strings, WIDTH)


def magnetisation(strings):
    """Squared, per spin."""
    return (2.0 * strings - 1).mean(-1).square()


@pytest.fixture(scope="module")
def exact():
    """Exact averages, over the states of the rings one after the other."""
    step, spins = 1e-4, torch.arange(2**WIDTH)
    up, down = (
        float(log_norm(ising(WIDTH, RINGS, CRITICAL * (1 + k * step)), SITES)) for k in (1, -1)
    )
    # <E> = -d ln Z / d ln coupling
    mean_energy = -(up - down) / (2 * step)
    # Counting up spins beside the weights: powers of x in the transfer of rings.
    rows = torch.stack([((spins >> k) & 1) * 2.0 - 1 for k in range(WIDTH)], -1).double()
    ring = (rows * rows.roll(1, -1)).sum(-1)
    transfer = torch.exp(CRITICAL * (rows @ rows.T + ring[None]))
    sums = {}
    for field in (0.0, 1e-3, -1e-3):
        tilt = torch.exp(field * rows.sum(-1))
        vector = torch.exp(CRITICAL * ring) * tilt
        for _ in range(RINGS - 1):
            vector = (vector @ transfer) * tilt
        sums[field] = float(vector.sum().log())
    second = (sums[1e-3] + sums[-1e-3] - 2 * sums[0.0]) / 1e-6
    return {"energy": mean_energy, "magnetisation": second / SITES**2}


@pytest.fixture(scope="module")
def learned():
    """A state of bond 8 that has seen the energy alone."""
    return learn_from_energy(energy, SITES, 2)


def deviations(walk, exact):
    """Energy and magnetisation beside the exact averages, in standard errors.

    Chains do not depend on each other and are in equilibrium from the first move on, so that the
    spread of their means is the error, whatever the autocorrelation.
    """
    expected = torch.tensor([exact["energy"], exact["magnetisation"]], dtype=torch.float64)
    means = walk.values[20:].mean(0)
    return (means.mean(0) - expected) / (means.std(0) / len(means) ** 0.5)


def wrong_state(kind):
    """States of too small a bond: 4, of too high a temperature, and 2, learned in a hurry."""
    if kind == "learned":
        return learn_from_energy(energy, SITES, 2, Annealing(bond=2, rounds=100))
    return born(compressed(ising(WIDTH, RINGS, 0.9 * CRITICAL / 2), 4))


@pytest.mark.parametrize(("kind", "t"), [("cut", 1.0), ("cut", math.inf), ("learned", 1.0)])
def test_the_corrected_chain_is_right_and_the_uncorrected_is_not(exact, kind, t):
    """300 chains from the exact state: accepted by the rule they stay, without it they leave.

    Of 60 runs with other random numbers, 20 of each case, none was three errors off; the largest
    of the 120 deviations was 2.5. The uncorrected ones of the first case were 37 off or more.
    """
    wrong = wrong_state(kind)
    generator = torch.Generator().manual_seed(0)
    start = sample(ising(WIDTH, RINGS), SITES, 300, generator)

    def observe(strings):
        return torch.stack([energy(strings), magnetisation(strings)], -1)

    def own(strings):  # the energy of which the state is exact: everything is accepted
        return -log_weight(wrong, one_hot(wrong, strings))

    walks = [
        metropolis(wrong, target, start, t, 60, observe=observe, generator=generator)
        for target in (energy, own)
    ]
    assert 0.25 < walks[0].acceptance < 0.7 and walks[1].acceptance == pytest.approx(1)
    corrected, uncorrected = (deviations(walk, exact).abs() for walk in walks)
    assert float(corrected.max()) < 3
    assert float(uncorrected.min()) > 6


def test_single_flips_agree(exact):
    generator = torch.Generator().manual_seed(0)
    start = sample(ising(WIDTH, RINGS), SITES, 400, generator)
    walk = single_flips(energy, start, 300, observe=magnetisation, generator=generator)
    for found, name in ((walk.energies, "energy"), (walk.values, "magnetisation")):
        assert abs(float(found.mean()) - exact[name]) < 3 * standard_error(found), name
    assert autocorrelation_time(walk.energies) > 10


def test_a_state_learned_from_the_energy_alone(learned):
    """Bond 8: half of the moves are accepted, and more of the connected ones."""
    generator = torch.Generator().manual_seed(0)
    start = sample(ising(WIDTH, RINGS), SITES, 500, generator)
    connected, disconnected = (
        metropolis(learned, energy, start, t, 20, generator=generator).acceptance
        for t in (0.3, math.inf)
    )
    assert connected > disconnected >= 0.5


def test_autocorrelation_of_a_known_process():
    """x' = a x + noise has the time (1 + a) / (1 - a)."""
    generator, a = torch.Generator().manual_seed(0), 0.8
    values = [torch.zeros(50, dtype=torch.float64)]
    for _ in range(4000):
        noise = torch.randn(50, generator=generator, dtype=torch.float64)
        values.append(a * values[-1] + noise)
    assert autocorrelation_time(torch.stack(values[100:])) == pytest.approx(9, rel=0.05)
    assert math.isnan(autocorrelation_time(torch.ones(10, 2)))
