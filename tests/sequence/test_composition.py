"""The composition of sequences: nats by type and temperature, in draws and in weights files."""

import numpy as np
import pytest
import torch

from protdiff.sequence.composition import Composition
from protdiff.sequence.decode import coloured_order, draw_types
from protdiff.sequence.network import N_TYPES, UNKNOWN_TYPE, SequenceConfig, SequenceNetwork
from protdiff.sequence.sequence_weights import load_sequence_network, save_sequence_network

from .test_network import compact_coords, graph_of

TABLE = Composition((0.0, 0.1), (tuple(np.linspace(-1, 1, 20)), tuple(np.linspace(-2, 2, 20))))


@pytest.fixture
def network():
    torch.manual_seed(1)
    return SequenceNetwork(SequenceConfig(16, 8, 1, 1)).eval().requires_grad_(False)


def drawn(network, temperature, bias=None):
    graph = graph_of(compact_coords(80))
    nobody = torch.zeros(80, dtype=torch.bool)
    order = coloured_order(graph.neighbours, nobody, np.random.default_rng(0))
    unknown = torch.full((80,), UNKNOWN_TYPE)
    rngs = [np.random.default_rng(k) for k in range(3)]
    return draw_types(network, graph, unknown, rngs, order, temperature, bias)


def test_values_between_temperatures_are_linear_and_vanish_at_one():
    np.testing.assert_allclose(TABLE.at(0.1), np.linspace(-2, 2, 20))
    np.testing.assert_allclose(TABLE.at(0.05), np.linspace(-1.5, 1.5, 20))
    np.testing.assert_allclose(TABLE.at(0.55), np.linspace(-1, 1, 20), atol=1e-12)
    assert not TABLE.at(1.0).any() and not TABLE.at(3.0).any()


@pytest.mark.parametrize("temperature", [0.0, 0.1, 0.4, 1.0])
def test_draws_add_it_to_the_log_probabilities(network, temperature):
    """Equal to a bias of these values; log-probabilities stay those of the network."""
    bias = torch.from_numpy(TABLE.at(temperature))[None]
    given = drawn(network, temperature, bias)
    network.composition = TABLE
    added = drawn(network, temperature)
    assert torch.equal(given.types, added.types)
    torch.testing.assert_close(given.log_prob, added.log_prob)
    both = drawn(network, temperature, bias)
    network.composition = None
    torch.testing.assert_close(both.types, drawn(network, temperature, 2 * bias).types)


def test_weights_files_keep_it(network, tmp_path):
    save_sequence_network(tmp_path / "free.safetensors", network)
    network.composition = TABLE
    save_sequence_network(tmp_path / "kept.safetensors", network)
    assert load_sequence_network(tmp_path / "free.safetensors").composition is None
    assert load_sequence_network(tmp_path / "kept.safetensors").composition == TABLE
    assert len(TABLE.bias[0]) == N_TYPES
