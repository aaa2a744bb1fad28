"""The residue-type network: what it may see, and what must not matter."""

import numpy as np
import pytest
import torch

from protdiff.sequence.decode import coloured_order, draw_types
from protdiff.sequence.graph import NEIGHBOURS, neighbour_graph
from protdiff.sequence.network import UNKNOWN_TYPE, SequenceConfig, SequenceNetwork

SMALL = SequenceConfig(hidden=16, edge=8, encoder_layers=2, decoder_layers=2)


def compact_coords(length, seed=0):
    """Residues along a random walk that stays compact, so that everyone has many neighbours."""
    rng = np.random.default_rng(seed)
    ca = 0.35 * np.cumsum(rng.normal(size=(length, 1, 3)) * 2.2, 0)
    return torch.tensor(ca + rng.normal(size=(length, 4, 3)), dtype=torch.float32)


def graph_of(coords, chain=None, lengths=None):
    count = len(coords)
    chain = torch.zeros(count, dtype=torch.long) if chain is None else chain
    return neighbour_graph(coords, torch.arange(count), chain, lengths or [count])


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return SequenceNetwork(SMALL).eval().requires_grad_(False)


def test_a_moved_backbone_has_equal_probabilities(network):
    coords = compact_coords(60)
    q, _ = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))
    q = q * torch.linalg.det(q)
    types, rank = torch.arange(60) % 20, torch.randperm(60)
    here = network(graph_of(coords), types, rank)
    there = network(graph_of(coords @ q + 30.0), types, rank)
    torch.testing.assert_close(here, there, atol=1e-4, rtol=0)


def test_a_mirror_image_has_others(network):
    coords = compact_coords(60)
    types, rank = torch.arange(60) % 20, torch.randperm(60)
    here = network(graph_of(coords), types, rank)
    there = network(graph_of(coords * torch.tensor([1.0, 1.0, -1.0])), types, rank)
    assert (here - there).abs().max() > 1e-3


def test_types_of_later_residues_are_not_seen(network):
    graph = graph_of(compact_coords(70))
    rank = torch.randperm(70, generator=torch.Generator().manual_seed(2))
    types = torch.arange(70) % 20
    before = network(graph, types, rank)
    for place in (0, 20, 69):
        changed = torch.where(rank >= place, (types + 7) % 20, types)
        after = network(graph, changed, rank)
        unaffected = rank <= place
        assert torch.equal(before[unaffected], after[unaffected])
    assert not torch.equal(before[rank == 69], after[rank == 69]) or place == 69


def test_types_of_earlier_neighbours_are_seen(network):
    graph, types = graph_of(compact_coords(40)), torch.zeros(40, dtype=torch.long)
    rank = torch.arange(40)
    changed = types.clone()
    changed[0] = 5
    moved = (network(graph, types, rank) - network(graph, changed, rank)).abs().amax(-1)
    assert moved[0] == 0 and moved[1:].max() > 0


def test_structures_of_a_batch_do_not_see_each_other(network):
    first, second = compact_coords(20, 1), compact_coords(50, 2)
    types, rank = torch.arange(70) % 20, torch.randperm(70)
    both = neighbour_graph(
        torch.cat([first, second]), torch.arange(70), torch.zeros(70, dtype=torch.long), [20, 50]
    )
    together = network(both, types, rank)
    alone = network(graph_of(first), types[:20], rank[:20])
    torch.testing.assert_close(together[:20], alone, atol=1e-5, rtol=0)


def test_chains_are_distinguished(network):
    coords, types, rank = compact_coords(30), torch.arange(30) % 20, torch.randperm(30)
    two = graph_of(coords, chain=(torch.arange(30) >= 15).long())
    assert not torch.equal(network(graph_of(coords), types, rank), network(two, types, rank))


def test_a_graph_of_few_residues_is_padded():
    graph = graph_of(compact_coords(5))
    assert graph.neighbours.shape == (5, NEIGHBOURS)
    assert graph.present.sum(1).tolist() == [5] * 5


@pytest.mark.parametrize("count", [2, 9, 40, 200])
def test_neighbours_are_in_different_groups(count):
    graph = graph_of(compact_coords(count))
    known = torch.arange(count) % 4 == 1
    order = coloured_order(graph.neighbours, known, np.random.default_rng(0))
    assert ((order < 0) == known).all() and len(order[known].unique()) == known.sum()
    pairs = (order[:, None] == order[graph.neighbours]) & graph.present
    assert pairs.sum() == count  # every residue is its own first neighbour
    assert order.unique()[order.unique() >= 0].tolist() == list(range(int(order.max()) + 1))


@pytest.mark.parametrize("known_share", [0.0, 0.3])
def test_log_probabilities_of_a_draw_are_those_of_the_order(network, known_share):
    graph = graph_of(compact_coords(80))
    known = torch.full((80,), UNKNOWN_TYPE)
    fixed = torch.rand(80, generator=torch.Generator().manual_seed(3)) < known_share
    known[fixed] = torch.arange(80)[fixed] % 20
    order = coloured_order(graph.neighbours, fixed, np.random.default_rng(1))
    rngs = [np.random.default_rng(k) for k in range(3)]
    drawn = draw_types(network, graph, known, rngs, order, temperature=1.0)
    for types, log_prob in zip(drawn.types, drawn.log_prob, strict=True):
        chances = network(graph, types, order).gather(-1, types[:, None])[:, 0]
        torch.testing.assert_close(log_prob[~fixed], chances[~fixed], atol=1e-5, rtol=1e-5)
        assert torch.equal(types[fixed], known[fixed]) and (log_prob[fixed] == 0).all()


def test_draws_have_the_probabilities_of_enumeration():
    """Two residues: the joint probabilities of the types are those of the chain rule."""
    torch.manual_seed(4)
    network = SequenceNetwork(SMALL).eval().requires_grad_(False)
    network.out.weight.mul_(4)
    graph = graph_of(compact_coords(2))
    order = torch.tensor([1, 0])
    exact = torch.zeros(20, 20)
    for a in range(20):
        for b in range(20):
            log_p = network(graph, torch.tensor([a, b]), order)
            exact[a, b] = (log_p[0, a] + log_p[1, b]).exp()
    assert float(exact.sum()) == pytest.approx(1, abs=1e-5)
    count = 20000
    rngs = [np.random.default_rng(k) for k in range(count)]
    drawn = draw_types(network, graph, torch.full((2,), UNKNOWN_TYPE), rngs, order, temperature=1.0)
    seen = (
        torch.zeros(20, 20).index_put_(tuple(drawn.types.T), torch.ones(count), accumulate=True)
        / count
    )
    error = (seen - exact).abs() / (exact / count).sqrt()
    assert error[exact > 1e-3].max() < 4.5


def test_a_sequence_does_not_depend_on_how_many_are_drawn(network):
    graph = graph_of(compact_coords(50))
    known, none = torch.full((50,), UNKNOWN_TYPE), torch.zeros(50, dtype=torch.bool)
    order = coloured_order(graph.neighbours, none, np.random.default_rng(0))
    many = draw_types(network, graph, known, [np.random.default_rng(k) for k in range(5)], order)
    last = draw_types(network, graph, known, [np.random.default_rng(4)], order)
    assert torch.equal(many.types[4], last.types[0])


def test_tied_residues_have_one_type_from_their_mean_log_probability(network):
    graph = graph_of(compact_coords(40))
    ties = torch.arange(40) % 20
    known, none = torch.full((40,), UNKNOWN_TYPE), torch.zeros(40, dtype=torch.bool)
    order = coloured_order(graph.neighbours, none, np.random.default_rng(0), ties)
    assert torch.equal(order[:20], order[20:])
    rngs = [np.random.default_rng(0)]
    drawn = draw_types(network, graph, known, rngs, order, temperature=0, ties=ties).types[0]
    assert torch.equal(drawn[:20], drawn[20:])
    chances = network(graph, drawn, order)
    assert torch.equal((chances[:20] + chances[20:]).argmax(-1), drawn[:20])
