"""Coarse-graining a structure: the mean of the forward process, chain by chain."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.analysis.coarse_graining import coarsen, cutoff_periods
from protdiff.flow import RG, ChainFlow, cosine_modes, rg_cutoff

RNG = np.random.default_rng(0)


def chain_of(n, chain_id="A"):
    coords = np.cumsum(RNG.normal(size=(n, 1, 3)) * 2.2, 0) + RNG.normal(size=(n, 4, 3)) * 0.5
    return protdiff.Backbone.from_coords(coords, chain_ids=chain_id)


def test_coarsen_is_the_mean_of_the_forward_process():
    chain = chain_of(30)
    flow = ChainFlow()([30])
    u = torch.tensor([0.6], dtype=torch.float64)
    modes = cosine_modes(30)
    clean = torch.cat([modes @ torch.tensor(chain.ca), torch.zeros(30, 3)]).masked_fill(
        ~flow.mask[0, :, None], 0
    )
    mean = flow.kernel(u).alpha[0, :, None] * clean
    expected = (modes.T @ mean[:30]).numpy() + chain.ca.mean(0)
    period = 2 * np.pi / float(flow.schedule.log_cutoff(u).exp())
    coarse = coarsen(chain, period)
    np.testing.assert_allclose(coarse.ca, expected, atol=1e-9)
    assert not coarse.mask[:, [0, 2, 3]].any() and coarse.mask[:, 1].all()


@pytest.mark.parametrize("regulator", ["lognormal", "rational", "heat"])
def test_a_single_mode_shrinks_by_the_regulators_square_root(regulator):
    n, mode, period = 40, 7, 9.0
    ca = 5 * cosine_modes(n)[mode].numpy()[:, None] * np.array([1.0, 2.0, -1.0]) + 3
    coords = np.full((n, 4, 3), np.nan)
    coords[:, 1] = ca
    coarse = coarsen(protdiff.Backbone.from_coords(coords), period, regulator).ca
    cutoff = 2 * np.pi / period
    signal = torch.sigmoid(
        -RG(cutoff, cutoff, regulator).gamma(
            torch.tensor([[np.pi * mode / n]]), torch.zeros(1, dtype=torch.float64)
        )
    )
    np.testing.assert_allclose(coarse - 3, (ca - 3) * float(signal.sqrt()), atol=1e-9)
    half = float(rg_cutoff(np.pi * mode / n, 0.25, regulator))  # α² = 1/4: half of the amplitude
    coarse = coarsen(protdiff.Backbone.from_coords(coords), 2 * np.pi / half, regulator).ca
    np.testing.assert_allclose(coarse - 3, (ca - 3) / 2, atol=1e-9)


def test_chains_stay_apart_and_gaps_in_the_atoms_are_dropped():
    a, b = chain_of(20, "A"), chain_of(25, "B")
    coords = np.concatenate([a.coords, b.coords])
    coords[3, 1] = np.nan
    both = protdiff.Backbone.from_coords(coords, chain_ids=["A"] * 20 + ["B"] * 25)
    coarse = coarsen(both, 10.0)
    assert len(coarse) == 44
    np.testing.assert_allclose(coarse.chain("B").ca, coarsen(b, 10.0).ca, atol=1e-9)
    np.testing.assert_allclose(coarse.chain("A").ca.mean(0), np.delete(a.ca, 3, 0).mean(0))


def test_cutoffs_run_from_residues_to_the_chain():
    periods = cutoff_periods(100, 8)
    assert periods[0] == pytest.approx(2) and periods[-1] == pytest.approx(200)
    np.testing.assert_allclose(np.diff(np.log(periods)), np.log(100) / 7)
    chain = chain_of(60)
    sizes = [
        float(np.square(coarsen(chain, p).ca - chain.ca.mean(0)).sum())
        for p in cutoff_periods(60, 6)
    ]
    assert all(np.diff(sizes) < 0)
