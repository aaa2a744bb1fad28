"""The reader of sequences: what it fills in, what it leaves, and that the network sees it."""

import copy
from dataclasses import replace

import pytest
import torch

from protdiff.network import ReaderConfig, SequenceReader
from protdiff.network.condition_features import TYPES, condition_features
from protdiff.network.reader import with_reading
from protdiff.network.weights import base_digest, load_weights, read_metadata, save_weights

SIZES = ReaderConfig(width=8, kernel=3, dilations=(1, 2), dropout=0.5)
LENGTHS = [30, 21]


@pytest.fixture(scope="module")
def reader():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return SequenceReader(SIZES).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def reading(tiny_denoiser, reader):
    """The tiny denoiser with the reader."""
    denoiser = copy.deepcopy(tiny_denoiser)
    denoiser.reader = reader
    return denoiser


def types(length, seed=0):
    return torch.randint(20, (length,), generator=torch.Generator().manual_seed(seed))


def test_a_chain_is_read_alone(reader):
    together = condition_features([types(n, n) for n in LENGTHS], [None, None], 40)
    both = reader(together[..., :TYPES], LENGTHS)
    for row, n in enumerate(LENGTHS):
        alone = reader(together[row : row + 1, :n, :TYPES], [n])
        torch.testing.assert_close(both[row : row + 1, :n], alone)
    # A type can tell of residues that the convolutions connect, here three away, not of others.
    changed = together.clone()
    changed[0, 10, :TYPES] = together[0, 10, :TYPES].roll(1)
    moved = (reader(changed[..., :TYPES], LENGTHS) - both)[0].abs().amax(-1) > 1e-7
    assert moved.nonzero()[:, 0].tolist() == list(range(7, 14))


def test_only_what_is_not_told_is_read(reader):
    half = types(30)
    half[20:] = -1
    states = torch.full((30,), -1)
    states[5:8] = torch.tensor([0, 1, 2])
    given = condition_features([half], [states], 30)
    read = with_reading(reader, given, [30])
    assert torch.equal(read[..., :TYPES], given[..., :TYPES])
    filled = [k for k in range(20) if k not in (5, 6, 7)]
    untouched = [5, 6, 7, *range(20, 30)]
    assert torch.equal(read[0, untouched], given[0, untouched])
    odds = reader(given[..., :TYPES], [30])[0, filled]
    torch.testing.assert_close(read[0, filled, TYPES:], odds.softmax(-1))
    assert float(given[0, filled, TYPES:].abs().max()) == 0
    nothing = condition_features([None], [states], 30)
    assert torch.equal(with_reading(reader, nothing, [30]), nothing)


def test_the_network_sees_what_was_read(reading, tiny_denoiser):
    given = condition_features([types(n) for n in LENGTHS], [None, None], 30)
    x = torch.randn(2, 60, 3, generator=torch.Generator().manual_seed(1))
    u = torch.tensor([0.4, 0.6], dtype=torch.float64)
    _, denoise = reading.bind(LENGTHS, given)
    _, plain = tiny_denoiser.bind(LENGTHS, given)
    _, filled = tiny_denoiser.bind(LENGTHS, with_reading(reading.reader, given, LENGTHS))
    assert torch.equal(denoise(x, u), filled(x, u))
    assert (denoise(x, u) - plain(x, u)).abs().max() > 1e-3
    for conditions in (None, torch.zeros_like(given)):
        _, reads = reading.bind(LENGTHS, conditions)
        _, other = tiny_denoiser.bind(LENGTHS, conditions)
        assert torch.equal(reads(x, u), other(x, u))


def test_the_guide_is_told_the_same(reading, guided):
    both = copy.deepcopy(guided)
    both.reader = reading.reader
    given = condition_features([types(30)], [None], 30)
    x = torch.randn(1, 60, 3, generator=torch.Generator().manual_seed(1))
    u = torch.tensor([0.5], dtype=torch.float64)
    result = both.bind([30], given, guidance=2.0)[1](x, u)
    filled = guided.bind([30], with_reading(both.reader, given, [30]), guidance=2.0)[1](x, u)
    assert torch.equal(result, filled)


def test_a_reader_is_saved_with_the_network(reading, tiny_denoiser, tmp_path):
    path, without = tmp_path / "reading.safetensors", tmp_path / "plain.safetensors"
    save_weights(path, reading)
    save_weights(without, tiny_denoiser)
    loaded = load_weights(path)
    assert loaded.reader.config == SIZES and not loaded.reader.training
    for name, value in reading.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name
    # Adapters of the network fit it with or without a reader.
    assert base_digest(path) == base_digest(without) == read_metadata(without)["sha256"]


def test_sizes_of_a_reader_are_its_own():
    wide = SequenceReader(replace(SIZES, width=16, dilations=(1,)))
    assert wide.head.in_features == 16 and len(wide.blocks) == 1
    with pytest.raises(ValueError, match="kernel 4: must be odd"):
        SequenceReader(replace(SIZES, kernel=4))
