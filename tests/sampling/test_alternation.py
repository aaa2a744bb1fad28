"""Co-design: what is fixed stays, what is drawn depends on seed and number alone, both are seen."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import CoDesign, Energy, Redesign
from protdiff.network import Denoiser
from protdiff.sampling import sample as sample_module
from protdiff.sampling.plan import plan_requests
from protdiff.sampling.settings import SAMPLER_NAMES, SamplingSettings
from protdiff.sequence import type_walk
from protdiff.structure.backbone import joined

from ..conftest import ROOT

#: Residues A15-22, beside chain B.
REGION, PLACES = "A15-22", np.arange(14, 22)


@pytest.fixture(scope="module")
def source():
    """Chains B and A of 30 and 40 residues, numbered from 1, side by side."""
    chain = protdiff.read(ROOT / "data/examples/1tpk.pdb").chain("A")[10:50]
    a = replace(chain, residue_numbers=np.arange(1, 41), insertion_codes=np.full(40, ""))
    b = replace(a[:30], coords=a.coords[:30] + np.array([9.0, 0, 0]), chain_ids=np.full(30, "B"))
    return joined([b, a])


@pytest.fixture
def draw(tiny_weights, tiny_types):
    """Co-designs of the region with tiny networks, types at temperature 1."""

    def call(source, mode="both", num=1, regions=REGION, seed=3, steps=5, more=None, **options):
        keys = ("length_change", "strength", "chain")
        given = {key: options.pop(key) for key in keys if key in options}
        condition = CoDesign(source, regions, mode, weights=tiny_types, temperature=1.0, **given)
        if more is not None:
            condition = condition + more
        return protdiff.generate(
            num=num, condition=condition, weights=tiny_weights, steps=steps, seed=seed, **options
        )

    return call


def rows(count=8):
    return 30 + 14 + np.arange(count)


def outside():
    return np.delete(np.arange(70), rows())


def test_both_change_and_all_else_stays(draw, source):
    for made in draw(source, num=3):
        np.testing.assert_array_equal(made.ca[outside()], source.ca[outside()])
        inner = np.setdiff1d(outside(), [43, 52])  # atoms of the two links to the region move
        np.testing.assert_array_equal(made.coords[inner], source.coords[inner])
        np.testing.assert_array_equal(
            made.residue_names[outside()], source.residue_names[outside()]
        )
        assert np.linalg.norm(made.ca - source.ca, axis=1)[rows()].min() > 0.01
        assert "UNK" not in made.residue_names
    assert len({made.sequence for made in draw(source, num=3)}) == 3


def test_sequence_moves_no_atom_and_is_that_of_design(draw, source, tiny_types):
    fixed = np.ones(70, bool)
    fixed[rows()] = False
    designs = protdiff.design(source, 3, fixed=fixed, seed=3, temperature=1.0, weights=tiny_types)
    drawn = draw(source, "sequence", num=3)
    for made, one in zip(drawn, designs, strict=True):
        assert made.coords.tobytes() == source.coords.tobytes()
        assert made.sequence == one.sequence != source.sequence


def test_structure_keeps_the_types_as_a_redesign_does(draw, source, tiny_weights):
    [made] = draw(source, "structure")
    [plain] = protdiff.generate(
        condition=Redesign(source, REGION), weights=tiny_weights, steps=5, seed=3
    )
    assert made.coords.tobytes() == plain.coords.tobytes()
    assert made.sequence == source.sequence


@pytest.mark.parametrize("mode", ["structure", "sequence", "both"])
def test_samples_depend_on_seed_and_number_alone(draw, source, mode):
    many = draw(source, mode, num=4)
    for batch_size in (1, 3):
        some = draw(source, mode, num=3, batch_size=batch_size)
        for a, b in zip(some, many, strict=False):
            assert a.sequence == b.sequence
            np.testing.assert_allclose(a.coords, b.coords, atol=1e-3)
    same = draw(source, mode, num=4)
    assert [a.coords.tobytes() + a.sequence.encode() for a in many] == [
        a.coords.tobytes() + a.sequence.encode() for a in same
    ]
    assert draw(source, mode, seed=4)[0].sequence != many[0].sequence or mode == "structure"


@pytest.mark.parametrize("strength", [None, 0.4])
def test_a_turned_complex_gives_the_turned_sample(
    source, tiny_denoiser, tiny_types, monkeypatch, strength
):
    """With the noise turned, too: atoms to 1e-4 Å, and equal types.

    In double precision: where chains touch, the search for the least energy enlarges rounding.
    """
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turn *= np.linalg.det(turn)
    denoiser, plain_noise = copy.deepcopy(tiny_denoiser).double(), sample_module.noise_source

    def made(backbone):
        condition = CoDesign(backbone, REGION, strength=strength, weights=tiny_types)
        requests = plan_requests(1, 3, condition=condition)
        return sample_module.sample(denoiser, requests, SamplingSettings(steps=6), seed=3)[0]

    plain = made(source).backbone

    def turned_noise(*arguments):
        noise = plain_noise(*arguments)
        return lambda: noise() @ torch.tensor(turn).mT

    monkeypatch.setattr(sample_module, "noise_source", turned_noise)
    turned = made(replace(source, coords=source.coords @ turn.T + 7.0)).backbone
    np.testing.assert_allclose(turned.coords, plain.coords @ turn.T + 7.0, atol=1e-4)
    assert turned.sequence == plain.sequence


@pytest.mark.parametrize("mode", ["structure", "both"])
def test_no_strength_returns_the_input(draw, source, mode):
    [made] = draw(source, mode, strength=1e-4)
    assert np.linalg.norm(made.coords - source.coords, axis=2).max() < 0.2
    assert made.sequence == source.sequence


def test_strength_decides_how_far_a_region_goes(draw, source):
    """Backbone and types both: the more noise, the less is left of them."""
    far, kept = [], []
    for strength in (0.02, 0.3, 0.9):
        drawn = draw(source, num=4, strength=strength)
        moved = [np.linalg.norm(m.ca - source.ca, axis=1)[rows()].mean() for m in drawn]
        same = [(m.residue_names == source.residue_names)[rows()].mean() for m in drawn]
        far.append(np.mean(moved))
        kept.append(np.mean(same))
        for made in drawn:
            np.testing.assert_array_equal(made.ca[outside()], source.ca[outside()])
    assert far[0] < far[1] < far[2] and far[0] < 0.2
    assert kept[0] == 1 and kept[1] > kept[2] + 0.2


def test_each_sees_the_estimate_of_the_other(draw, source, monkeypatch):
    """The structure network the types drawn so far; the type network all chains, as estimated."""
    types, files, others = [], [], []
    estimate, graph_of, draw_types = Denoiser.estimate, type_walk.graph_of, type_walk.draw_types

    def seen(self, x, u, lengths, flow, conditions=None, previous=None, beads=None):
        types.append((float(u[0]), conditions[0, :, :20].sum(1).numpy()))
        return estimate(self, x, u, lengths, flow, conditions, previous, beads)

    def graph(backbone):
        files.append(backbone)
        return graph_of(backbone)

    def drawn(network, graph, known, *rest):
        others.append(known[:30].tolist())
        return draw_types(network, graph, known, *rest)

    monkeypatch.setattr(type_walk, "draw_types", drawn)
    monkeypatch.setattr(Denoiser, "estimate", seen)
    monkeypatch.setattr(type_walk, "graph_of", graph)
    [made] = draw(source, steps=12)
    for u, given in types:
        known = int(given[PLACES].sum())
        assert given.sum() - known == 32  # the rest of the chain
        assert known <= round((1 - u) * 8)  # drawn before this time
    assert types[0][1][PLACES].sum() == 0 and max(g[PLACES].sum() for _, g in types) >= 5
    assert all(row == type_walk.numbers_of(source.sequence[:30]).tolist() for row in others)
    for file in files:
        assert len(file) == 70
        np.testing.assert_array_equal(file.coords[:30], source.coords[:30])
        np.testing.assert_array_equal(file.ca[outside()], source.ca[outside()])
    moved = [np.abs(file.ca[rows()] - made.ca[rows()]).max() for file in files]
    assert moved[0] > 0.1 and moved[-1] == 0  # the last pass is on the finished backbone


def test_letters_of_the_user_stay(draw, source):
    letters = "X" * 15 + "WY" + "X" * 23
    for mode in ("both", "sequence"):
        for made in draw(source, mode, num=3, sequence=letters):
            assert made.sequence[45:47] == "WY"
            assert (made.residue_names == source.residue_names)[outside()].all()
    with pytest.raises(ValueError, match="39 letters, but the condition gives 40 residues"):
        draw(source, sequence=letters[:-1])


def test_growing_regions_and_several_of_them(draw, source):
    made = draw(source, num=4, regions="A10-13,A25-27", length_change=(-1, 2))
    assert len({len(one) for one in made}) > 1
    for one in made:
        chain = one.chain("A")
        assert chain.sequence[:9] == source.sequence[30:39]
        assert chain.sequence[-13:] == source.sequence[-13:]
        assert one.chain("B").sequence == source.sequence[:30]
        assert "X" not in one.sequence


def test_unobserved_residues_are_bridged_and_get_no_type(draw, source):
    part = source[np.setdiff1d(np.arange(70), [58, 59, 60])]  # A29-31
    for strength in (None, 0.3):
        [made] = draw(part, strength=strength)
        np.testing.assert_array_equal(made.residue_numbers, part.residue_numbers)
        kept = np.setdiff1d(np.arange(67), rows())
        np.testing.assert_array_equal(made.ca[kept], part.ca[kept])
        assert (made.residue_names == part.residue_names)[kept].all()


@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
def test_every_sampler_draws_both(draw, source, sampler):
    more = {"diffusion": 0.5} if sampler == "multistep" else {}
    [made] = draw(source, sampler=sampler, **more)
    assert "UNK" not in made.residue_names and np.isfinite(made.coords).all()
    np.testing.assert_array_equal(made.ca[outside()], source.ca[outside()])


def test_energies_and_secondary_structure_go_with_both(draw, source):
    pull = Energy(lambda ca: 2 * (ca[14:22, 2] - ca[:, 2].mean() - 8).square().mean())
    [free], [pulled] = draw(source), draw(source, more=pull)
    np.testing.assert_array_equal(pulled.ca[outside()], source.ca[outside()])
    assert np.abs(pulled.ca - free.ca).max() > 0.1
    [helix] = draw(source, secondary_structure="-" * 14 + "H" * 8 + "-" * 18)
    assert np.abs(helix.ca - free.ca).max() > 0.01
