"""The score network alone: symmetries, padding, what it starts from (T14, T15, T16)."""

from dataclasses import replace

import pytest
import torch

from protdiff.network import ScoreNetwork
from protdiff.network.bead_features import NEAR, node_features
from protdiff.network.beads import Beads


@pytest.fixture(scope="module")
def network(make_denoiser):
    return make_denoiser().network


@pytest.fixture
def beads(make_beads):
    """Two random chains of 14 beads, the second with 5 beads of padding."""
    return make_beads([14, 9])


def changed(beads, change):
    """Beads with all vectors changed."""
    vectors = {name: change(getattr(beads, name)) for name in ("position", "signal", "links")}
    return replace(beads, **vectors)


def relative(result, expected):
    scale = torch.cat([t.flatten() for t in expected]).abs().max()
    return max(float((a - b).abs().max() / scale) for a, b in zip(result, expected, strict=True))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
@pytest.mark.parametrize("seed", range(4))
def test_rotations(make_denoiser, beads, rotation, dtype, tolerance, seed):
    network, turn = make_denoiser(seed, dtype).network, rotation(seed)
    single = replace(changed(beads, lambda v: v.to(dtype)), conditions=beads.conditions.to(dtype),
                     ends=beads.ends.to(dtype), time=beads.time.to(dtype))  # fmt: skip
    turned = changed(single, lambda v: (v.double() @ turn.T).to(dtype))
    expected = [v.double() @ turn.T for v in network(single)]
    assert relative([v.double() for v in network(turned)], expected) < tolerance


def test_translations(network, beads):
    moved = replace(beads, position=beads.position + torch.tensor([3.0, -5.0, 2.0]))
    # Padded beads are moved too: they must not matter either.
    assert relative(network(moved), network(beads)) < 1e-10


def test_a_mirrored_chain_is_not_answered_by_the_mirror_image(network, beads):
    plain, mirrored = network(beads), network(changed(beads, lambda v: -v))
    assert relative([-v for v in mirrored], plain) > 0.05


def test_pseudoscalars_of_the_local_chain_see_the_hand(network, beads):
    """Triple products of neighbouring steps change sign, and no other invariant does."""
    plain, vectors = node_features(beads)
    mirrored, turned = node_features(changed(beads, lambda v: -v))
    assert torch.equal(turned, -vectors)
    odd = mirrored != plain
    assert odd.flatten(0, 1).any(0).sum() == len(NEAR) - 2
    assert torch.equal(mirrored[odd], -plain[odd]) and plain[odd].abs().max() > 0.1


def test_padding_neither_acts_nor_answers(network, beads):
    plain = network(beads)
    assert all((v[1, 9:] == 0).all() for v in plain)
    short = Beads(**{n: getattr(beads, n)[1:, :9] for n in
                     ("position", "signal", "links", "conditions", "mask", "ends")},
                  time=beads.time[1:])  # fmt: skip
    assert relative(network(short), [v[1:, :9] for v in plain]) < 1e-10


def test_every_input_matters(network, beads):
    plain = network(beads)
    for name in ("position", "signal", "links", "conditions", "ends", "time"):
        other = replace(beads, **{name: 1.3 * getattr(beads, name)})
        assert relative(network(other), plain) > 1e-4, name


def test_an_untrained_network_returns_zero(tiny, beads):
    network = ScoreNetwork(tiny).double()
    assert all((v == 0).all() for v in network(beads))
    loss = sum(v.sum() for v in network(beads))
    loss.backward()
    assert network.head.weight.grad.abs().max() > 0  # and can leave zero


def test_single_precision_agrees_with_double(make_denoiser, beads):
    single, double = (make_denoiser(1, d).network for d in (torch.float32, torch.float64))
    inputs = {n: getattr(beads, n).float() for n in
              ("position", "signal", "links", "conditions", "ends", "time")}  # fmt: skip
    result = single(Beads(**inputs, mask=beads.mask))
    # Two layers of sums over about 100 products: some tens of rounding errors of 6e-8.
    assert relative([v.double() for v in result], double(beads)) < 1e-4
