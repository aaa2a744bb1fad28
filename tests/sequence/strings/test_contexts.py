"""Contexts beside a direct search over all endings of the past; counts beside the strings."""

import itertools
import math
from collections import Counter

import numpy as np
import torch

from protdiff.sequence.strings import Fit, log_prob
from protdiff.sequence.strings.contexts import context_counts, contexts
from protdiff.sequence.strings.contraction import log_weight, one_hot
from protdiff.sequence.strings.fitting import first_state


def log_likelihood(afters):
    counts = Counter(afters)
    return sum(n * math.log(n / len(afters)) for n in counts.values())


def rows_of(strings, labels):
    return np.array([labels, *itertools.chain(*((*s, labels) for s in strings))])


def test_the_best_leaf_is_divided_first():
    """The third label of the past decides: gains by enumeration, of one tree after the other."""
    generator = np.random.default_rng(0)
    strings = []
    for _ in range(30):
        string = generator.integers(2, size=3).tolist()
        for _ in range(20):
            string.append(string[-3] ^ int(generator.random() < 0.1))
        strings.append(string)
    row = rows_of(strings, 2)
    leaves = contexts(row, 2, 40)
    assert sorted(np.concatenate(leaves).tolist()) == list(range(len(row) - 1))
    begins = np.maximum.accumulate(np.where(row == 2, np.arange(len(row)), 0))
    pasts = [{tuple(row[max(p - 2, begins[p]) : p + 1]) for p in places} for places in leaves]
    # A context knows three labels of the past, or all back to the start.
    assert all(len(past) == 1 for past in pasts)
    last = [row[:-1] == label for label in range(3)]
    gain = sum(log_likelihood(row[1:][here]) for here in last) - log_likelihood(row[1:])
    halves = contexts(row, 2, 3)
    found = sum(log_likelihood(row[p + 1]) for p in halves) - log_likelihood(row[1:])
    assert math.isclose(gain, found) and len(halves) == 3
    assert len(contexts(row, 2, 2)) == 1


def test_counts_of_a_markov_chain_are_its_transitions():
    strings = [torch.tensor(s) for s in ([0, 1, 1, 0, 2], [1, 1, 2, 2], [2])]
    left, sites, right = context_counts(strings, 3, 4)
    # Four contexts: the last symbol, or the start.
    start = int(left.argmax())
    assert left[start] == 1 and sites[:, start].sum(-1).allclose(torch.ones(3).double() / 3)
    uses = Counter(itertools.chain(*(itertools.pairwise(s.tolist()) for s in strings)))
    for (a, b), n in uses.items():
        here = int(sites[a, start].argmax())
        assert math.isclose(float(sites[b, here].sum()), n / 3)
    assert math.isclose(float(sites.sum() * 3), 10) and math.isclose(float(right.sum()), 1)


def test_labels_are_what_contexts_remember():
    """Symbols 0 to 5, labels 0 and 1: the same contexts as those of the labels alone."""
    generator = torch.Generator().manual_seed(0)
    strings = [torch.randint(6, (12,), generator=generator) for _ in range(40)]
    parity = torch.arange(6) % 2
    _, wide, _ = context_counts(strings, 6, 5, parity)
    _, narrow, _ = context_counts([s % 2 for s in strings], 2, 5)
    torch.testing.assert_close(wide.view(3, 2, 5, 5).sum(0), narrow)


def test_the_first_state_has_the_likelihood_of_the_contexts():
    """But for the share of random steps; all strings are possible, and spare states are states."""
    generator = torch.Generator().manual_seed(0)
    strings = [(torch.rand(30, generator=generator) > 0.9).long().cumsum(0) % 2 for _ in range(60)]
    state = first_state(strings, 2, Fit(bond=5))
    rows = state.sites.sum((0, 2)) + state.right
    torch.testing.assert_close(rows, torch.ones(5).double(), rtol=0, atol=1e-9)
    batch = torch.stack(strings)
    nats = -log_weight(state, one_hot(state, batch)).mean() / 31
    steps = (batch.diff(dim=1) != 0).double().mean()
    entropy = -float(torch.special.xlogy(steps, steps) + torch.special.xlogy(1 - steps, 1 - steps))
    assert abs(float(nats) - entropy) < 0.2
    assert torch.isfinite(log_prob(state, torch.tensor([[0, 1, 0, 1, 0, 1]]))).all()
