"""Exact states of energies: Fredkin's paths and the Ising model on a cylinder."""

import itertools
import math

import pytest
import torch

from protdiff.sequence.strings import born, log_norm, log_weight, one_hot, sample
from protdiff.sequence.strings.compression import compressed
from protdiff.sequence.strings.exact_states import (
    CRITICAL,
    fredkin,
    fredkin_energy,
    fredkin_norm,
    ising,
    ising_energy,
)
from protdiff.sequence.strings.metropolis import metropolis


@pytest.mark.parametrize(("q", "total"), [(0.5, 0.0496992539), (1, 132), (1.2, 7233.0973876)])
def test_fredkin_paths_of_12_steps(q, total):
    strings = torch.tensor(list(itertools.product((0, 1), repeat=12)))
    enumerated = float((-fredkin_energy(strings, q)).exp().sum())
    state = fredkin(12, q)
    assert state.bond == 7
    for z in (enumerated, float(log_norm(state, 12).exp()), math.exp(fredkin_norm(12, q))):
        assert z == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("t", [0.5, math.inf])
def test_every_move_of_the_exact_state_is_accepted(t):
    generator = torch.Generator().manual_seed(0)
    state = fredkin(12, 1.2)
    start = sample(state, 12, 50, generator)
    walk = metropolis(state, lambda s: fredkin_energy(s, 1.2), start, t, 10, generator=generator)
    assert walk.acceptance == 1
    assert bool(torch.isfinite(walk.energies).all())


@pytest.mark.parametrize("q", [0.5, 1, 1.2])
def test_long_fredkin_paths(q):
    """128 steps, by the recursion over first returns; samples are paths."""
    state = fredkin(128, q)
    assert float(log_norm(state, 128)) == pytest.approx(fredkin_norm(128, q), rel=1e-12)
    drawn = sample(state, 128, 20, torch.Generator().manual_seed(0))
    assert bool(torch.isfinite(fredkin_energy(drawn, q)).all())


@pytest.mark.parametrize(
    ("width", "rings", "log_z"), [(4, 6, 22.0419880435), (6, 8, 43.9211877338)]
)
def test_ising_on_a_cylinder(width, rings, log_z):
    state, length = ising(width, rings), width * rings
    assert float(log_norm(state, length)) == pytest.approx(log_z, abs=5e-11)
    strings = torch.randint(2, (20, length), generator=torch.Generator().manual_seed(0))
    weights = log_weight(state, one_hot(state, strings))
    torch.testing.assert_close(weights, -ising_energy(strings, width), rtol=0, atol=1e-12)


def test_a_bond_that_is_enough_loses_nothing():
    amplitude = compressed(ising(4, 6, CRITICAL / 2), 16)
    strings = torch.randint(2, (20, 24), generator=torch.Generator().manual_seed(0))
    state = born(amplitude)
    found = log_weight(state, one_hot(state, strings)) - log_norm(state, 24)
    expected = -ising_energy(strings, 4) - log_norm(ising(4, 6), 24)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)
