"""The chain mapping of largest DockQ, beside all mappings, and of large rings."""

from itertools import permutations

import numpy as np
import pytest

from protdiff.metrics.interfaces.dockq import DockQTable, NativeInterface
from protdiff.metrics.interfaces.interface_mapping import best_mapping
from protdiff.metrics.interfaces.residue_contacts import Contacts

NOTHING = Contacts(*np.empty((3, 0)))


def problem(rng, edges, domains):
    """Interfaces and their tables of random values; `domains` are the chains for each place."""
    interfaces, tables = [], []
    for a, b in edges:
        first, second = domains[a], domains[b]
        value = rng.random((len(first), len(second)))
        value[np.equal.outer(first, second)] = -1
        interfaces.append(NativeInterface(a, b, NOTHING, NOTHING))
        tables.append(DockQTable(list(first), list(second), *[np.zeros(value.shape)] * 5, value))
    return interfaces, tables


def worth(chosen, interfaces, tables):
    """Sum of the values of a mapping."""
    return sum(
        table.dockq[table.first.index(chosen[one.first]), table.second.index(chosen[one.second])]
        for one, table in zip(interfaces, tables, strict=True)
        if one.first in chosen and one.second in chosen
    )


@pytest.mark.parametrize("seed", range(6))
def test_best_of_all_mappings(seed):
    """Two kinds of chains; every mapping of five places tried."""
    rng = np.random.default_rng(seed)
    edges = [(0, 1), (1, 2), (0, 3), (2, 4), (3, 4), (1, 4)]
    domains = [(0, 1, 2)] * 3 + [(3, 4)] * 2
    interfaces, tables = problem(rng, edges, domains)
    every = [
        dict(enumerate((*one, *other)))
        for one in permutations(range(3))
        for other in permutations((3, 4))
    ]
    found = best_mapping(interfaces, tables, every[seed], 5)
    best = max(worth(one, interfaces, tables) for one in every)
    assert found.proved and worth(found.chains, interfaces, tables) == pytest.approx(best)
    assert sorted(found.chains.values()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(4))
def test_fewer_chains_than_places(seed):
    """One of four places stays empty, whichever is best."""
    rng = np.random.default_rng(seed)
    interfaces, tables = problem(rng, [(0, 1), (1, 2), (2, 3), (0, 3)], [(0, 1, 2)] * 4)
    every = [dict(zip(places, range(3), strict=True)) for places in permutations(range(4), 3)]
    found = best_mapping(interfaces, tables, {0: 0}, 3)
    best = max(worth(one, interfaces, tables) for one in every)
    assert worth(found.chains, interfaces, tables) == pytest.approx(best) and found.proved


@pytest.mark.parametrize("size", [6, 24])
def test_ring_of_equal_chains(size):
    """Right pairs are worth 0.6 to 1, wrong ones up to 0.2; the start is turned by one place."""
    rng = np.random.default_rng(size)
    order = rng.permutation(size)
    edges = [(k, (k + 1) % size) if k + 1 < size else (0, k) for k in range(size)]
    interfaces, tables = problem(rng, edges, [tuple(range(size))] * size)
    for one, table in zip(interfaces, tables, strict=True):
        table.dockq[table.dockq > 0] *= 0.2
        table.dockq[order[one.first], order[one.second]] = rng.uniform(0.6, 1)
    start = {k: int(order[(k + 1) % size]) for k in range(size)}
    found = best_mapping(interfaces, tables, start, size)
    assert found.chains == {k: int(order[k]) for k in range(size)} and found.proved


def test_of_equal_mappings_the_first_stays():
    interfaces, tables = problem(np.random.default_rng(0), [(0, 1)], [(0, 1)] * 2)
    tables[0].dockq[tables[0].dockq > 0] = 0.5
    for start in ({0: 0, 1: 1}, {0: 1, 1: 0}):
        assert best_mapping(interfaces, tables, start, 2).chains == start


def test_chains_without_an_interface_keep_their_place():
    interfaces, tables = problem(np.random.default_rng(0), [(0, 1)], [(0, 1)] * 2)
    found = best_mapping(interfaces, tables, {0: 0, 1: 1, 2: 2}, 3).chains
    assert found[2] == 2 and best_mapping([], [], {0: 1}, 2).chains == {0: 1}
