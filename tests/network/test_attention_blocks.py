"""Attention in blocks: keys by brute force, sums against all pairs with the rest blocked."""

from dataclasses import replace

import pytest
import torch

from protdiff.network import attention_blocks
from protdiff.network.attention import Attention
from protdiff.network.attention_blocks import (
    BLOCK_SIZE,
    KEYS_PER_BLOCK,
    block_keys,
    from_blocks,
    gather_keys,
    into_blocks,
    separations,
)

SIZE = 169  # more than BLOCK_SIZE + KEYS_PER_BLOCK, and no multiple of BLOCK_SIZE


@pytest.fixture
def beads(make_beads):
    """Two random walks, the second with 4 beads of padding."""
    return make_beads([SIZE, SIZE - 4])


@pytest.fixture
def chain(beads):
    return beads.position, beads.mask


def allowed(keys):
    """The pairs of (B, blocks, keys) as a table (B, M, M)."""
    rows = torch.zeros(*keys.shape[:2], SIZE, dtype=torch.bool).scatter_(-1, keys, True)
    return rows.repeat_interleave(BLOCK_SIZE, 1)[:, :SIZE]


def test_keys_are_the_nearest_to_any_bead_of_the_block(chain):
    x, mask = chain
    keys = block_keys(x, mask)
    assert keys.shape == (2, -(-SIZE // BLOCK_SIZE), KEYS_PER_BLOCK)
    assert bool((keys.diff(dim=-1) > 0).all())
    for row, count in enumerate(mask.sum(1).tolist()):
        distance = torch.cdist(x[row, :count], x[row, :count])
        for block, result in enumerate(keys[row]):
            nearest = (
                distance[block * BLOCK_SIZE : (block + 1) * BLOCK_SIZE]
                .amin(0)
                .argsort()[:KEYS_PER_BLOCK]
            )
            assert set(result.tolist()) == set(nearest.tolist())


def test_short_chains_attend_to_all(chain):
    x, mask = chain
    assert (
        block_keys(x[:, : BLOCK_SIZE + KEYS_PER_BLOCK], mask[:, : BLOCK_SIZE + KEYS_PER_BLOCK])
        is None
    )
    assert torch.equal(separations(3, None)[0], torch.tensor([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]]))


def test_beads_come_back_from_blocks(chain, draw):
    keys, tensor = block_keys(*chain), draw(3, 2, SIZE, 5)
    assert torch.equal(from_blocks(into_blocks(tensor, keys), keys, SIZE), tensor)
    places = torch.arange(SIZE).double().view(1, 1, -1, 1).expand(1, 2, -1, -1)
    assert torch.equal(gather_keys(places, keys).flatten(), keys.double().flatten())
    apart = gather_keys(places, keys)[0].mT - into_blocks(places, keys)[0]
    real = into_blocks(torch.ones_like(places), keys)[0] > 0
    assert torch.equal(apart * real, separations(SIZE, keys) * real)


def test_attention_in_blocks_is_attention_with_the_other_pairs_blocked(chain, draw):
    x, mask = chain
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer = Attention(6, 5, 2).double()
    keys = block_keys(x, mask)
    s, v = draw(2, SIZE, 6, seed=5), draw(2, SIZE, 3, 5, seed=7)
    bias = draw(2, 2, SIZE, SIZE, seed=6)
    inverse = 1 / (1 + torch.cdist(x, x))
    hidden = bias.masked_fill(~allowed(keys), -1e9)
    table = keys.repeat_interleave(BLOCK_SIZE, 1)[:, :SIZE]

    def picked(pairs):
        chosen = pairs.gather(-1, table.expand(len(pairs), -1, -1, -1))
        return into_blocks(chosen, keys)

    result = layer(s, v, x, picked(bias), picked(inverse[None])[0], keys)
    expected = layer(s, v, x, hidden, inverse)
    for a, b in zip(result, expected, strict=True):
        assert torch.allclose(a, b, atol=1e-11)


def test_the_network_in_blocks_with_all_keys_is_the_network_without(
    make_denoiser, beads, monkeypatch
):
    network = make_denoiser().network
    whole = replace(beads, mask=torch.ones_like(beads.mask))
    monkeypatch.setattr(attention_blocks, "KEYS_PER_BLOCK", SIZE)
    monkeypatch.setattr(attention_blocks, "attends_in_blocks", lambda beads: True)
    result = network(whole)
    monkeypatch.setattr(attention_blocks, "attends_in_blocks", lambda beads: False)
    for a, b in zip(result, network(whole), strict=True):
        assert torch.allclose(a, b, atol=1e-10)


def test_rotations_and_padding(make_denoiser, beads, rotation):
    network, turn = make_denoiser().network, rotation(3)
    plain = network(beads)
    assert plain[0].abs().max() > 0.1
    turned = {k: getattr(beads, k) @ turn.T for k in ("position", "signal", "links")}
    for a, b in zip(network(replace(beads, **turned)), plain, strict=True):
        assert torch.allclose(a, b @ turn.T, atol=1e-10)
    count = SIZE - 4
    alone = {k: v[1:, :count] for k, v in vars(beads).items() if v is not None and v.dim() > 2}
    short = replace(beads, **alone, mask=beads.mask[1:, :count], time=beads.time[1:])
    for a, b in zip(network(short), plain, strict=True):
        assert torch.allclose(a[0], b[1, :count], atol=1e-10)


def test_a_short_chain_does_not_notice_a_long_one(make_denoiser, draw, tiny):
    """At full resolution a chain of 150 attends to all, whether or not its batch has one of 170."""
    denoiser = make_denoiser()
    lengths = [150, 170]
    flow, denoise = denoiser.bind(lengths)
    x, u = draw(2, 340, 3) * flow.mask[..., None], torch.full((2,), 0.1, dtype=torch.float64)
    both = denoise(x, u)
    alone_flow, alone = denoiser.bind([150])
    row = torch.cat([x[:1, :150], x[:1, 170:320]], 1)
    result = alone(row, u[:1])
    assert bool((alone_flow.kernel(u[:1]).alpha[:, 150:] > 0.1).any())
    expected = torch.cat([both[:1, :150], both[:1, 170:320]], 1)
    assert torch.allclose(result, expected, atol=1e-10)
