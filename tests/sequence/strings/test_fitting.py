"""Learning: counts beside the gradient, a likelihood that never falls, a known chain found."""

import math

import torch

from protdiff.sequence.strings import MPS, Fit, born, fit, fit_born, log_norm, log_prob, sample
from protdiff.sequence.strings.contraction import log_weight, one_hot
from protdiff.sequence.strings.fitting import (
    expected_counts,
    maximised,
    padded,
    random_state,
)

from .conftest import random_mps


def markov_strings(num, generator):
    """Strings that end with chance 0.05 and keep their symbol with chance 0.9."""
    strings = []
    for _ in range(num):
        chance = torch.rand((), generator=generator, dtype=torch.float64)
        length = 1 + int(chance.log() / math.log(0.95))
        changes = torch.rand(length, generator=generator) > 0.9
        strings.append(changes.long().cumsum(0) % 2)
    return strings


def test_expected_counts_are_logarithmic_derivatives():
    """The uses of a matrix element: its value times the derivative of ln P."""
    generator = torch.Generator().manual_seed(0)
    strings, lengths = padded(markov_strings(7, generator))
    for one_length in (False, True):
        if one_length:
            strings, lengths = strings[:1], lengths[:1]
        length = strings.shape[1] if one_length else None
        state = random_state(2, 3, seed=1, length=length)
        free = [x.clone().requires_grad_() for x in (state.left, state.sites, state.right)]
        log_weight(MPS(*free), one_hot(state, strings), lengths).mean().backward()
        counts = expected_counts(state, strings, lengths)
        for x, found in zip(free, (counts.left, counts.sites, counts.right), strict=True):
            torch.testing.assert_close(found, x.detach() * x.grad, rtol=1e-10, atol=1e-12)


def test_the_likelihood_never_falls_and_rows_add_up():
    generator = torch.Generator().manual_seed(0)
    strings, lengths = padded(markov_strings(60, generator))
    state, last = random_state(2, 3), -torch.inf
    for _ in range(20):
        value = float(log_weight(state, one_hot(state, strings), lengths).sum())
        assert value > last - 1e-9
        last, state = value, maximised(expected_counts(state, strings, lengths))
        rows = state.sites.sum((0, 2)) + state.right
        torch.testing.assert_close(rows, torch.ones(3).double(), rtol=0, atol=1e-9)


def test_a_markov_chain_is_found():
    """Which keeps a symbol as often as the strings do, but for the first steps of the fit."""
    strings = markov_strings(300, torch.Generator().manual_seed(0))
    state = fit(strings, 2, Fit(bond=2, passes=40))
    kept, changed = (torch.tensor([row]) for row in ([0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 0]))
    ratio = (log_prob(state, changed) - log_prob(state, kept)).exp()
    steps = torch.cat([string.diff() for string in strings])
    assert abs(float(ratio / (1 + ratio)) - float((steps != 0).double().mean())) < 0.015


def test_born_amplitudes_by_gradient(everything):
    """Samples of a Born state are fitted nearly as well as by the state itself."""
    truth = random_mps("born sites")
    generator = torch.Generator().manual_seed(0)
    strings = sample(truth, 6, 300, generator)
    start = random_mps("sites", seed=5)
    state = born(fit_born(start, strings, steps=80, rate=0.05))
    before = log_prob(born(start), strings).mean()
    gap = log_prob(truth, strings).mean() - log_prob(state, strings).mean()
    assert float(log_prob(truth, strings).mean() - before) > 0.5
    assert float(gap) < 0.02
    assert abs(float(log_prob(state, everything).exp().sum()) - 1) < 1e-12
    assert torch.isfinite(log_norm(state, 6))
