"""Entropy production in two ways, of denoisers that are exact for a known law."""

import numpy as np
import pytest
import torch

from protdiff.analysis import measure_thermodynamics
from protdiff.analysis.chain_batches import chain_batches, mean_period
from protdiff.analysis.clone_folds import share_of_fold
from protdiff.analysis.network_speciation import measure_speciation
from protdiff.analysis.replicas import measure_replicas
from protdiff.flow.zoo import recipe
from protdiff.network import Denoiser

from ..conftest import TINY
from ..metrics.helpers import KRINGLE, example, random_rotation
from .conftest import OtherLaw


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_entropy_production_two_ways(chains, factor):
    """How much nearer real chains are to an exact law than to the prior, by both estimates."""
    report = measure_thermodynamics(
        OtherLaw(factor), chains, shells=12, replica_times=1, replica_steps=2, replicas=2
    )
    balance, found = report.balance, report.trajectories
    # Real chains are no Gaussian law, and the denoiser is exact for another one than theirs.
    assert abs(found.slope - 1) > 5 * found.slope_error
    expected = []
    for chain in chains:
        (batch,) = chain_batches(OtherLaw(factor), [chain])
        squares = (batch.clean.square().sum(-1) / batch.flow.prior)[batch.flow.mask]
        # ln N(x; 0, f c) - ln N(x; 0, c)
        nats = 0.5 * (1 - 1 / factor) * squares - 1.5 * np.log(factor)
        expected.append(float(nats.sum()) / len(chain))
    # Of data that are smoothed at u = 0 a little.
    for name in ("integral", "kl"):
        assert getattr(balance, name) == pytest.approx(np.mean(expected), abs=0.01)
    assert abs(balance.gap) < 4 * balance.gap_error < 0.02
    assert balance.kl_error == pytest.approx(
        np.std(expected, ddof=1) / len(chains) ** 0.5, rel=0.05
    )


def test_what_replicas_have_in_common(chains):
    """Of the Gaussian chain: 1 - Στ over the size of the chains, whatever these are."""
    denoiser = OtherLaw(1.0)
    rows = measure_replicas(denoiser, chains * 3, [0.6, 0.9], steps=20)
    for row in rows:
        taus, sizes = [], []
        for batch in chain_batches(denoiser, chains):
            k = batch.flow.kernel(batch.at(row.u))
            size = batch.clean.shape[1] // 2
            tau = (batch.flow.variance * k.sigma**2 / k.total).masked_fill(~batch.flow.mask, 0)
            taus += (3 * tau[:, :size].sum(1) / batch.residues).tolist()
            sizes += (batch.clean[:, :size].square().sum((1, 2)) / batch.residues).tolist()
        expected = 1 - np.mean(taus) / np.mean(sizes)
        assert row.decided == pytest.approx(expected, abs=0.08)  # few chains, few slow modes
    assert rows[0].decided > rows[1].decided


def test_replicas_of_a_gaussian_chain_have_its_potential(chains):
    """The exact potential, in bins that have enough pairs."""
    [row] = measure_replicas(OtherLaw(1.0), chains, [0.7], replicas=6, steps=20)
    found = row.potential
    checked = 0
    for value, error, exact in zip(found.clones, found.clones_error, found.gaussian, strict=True):
        if value is not None and exact is not None and error < 0.25:
            assert abs(value - exact) < 4 * error + 0.1  # bins have a width
            checked += 1
    assert checked >= 3
    assert 0 <= row.same_fold <= 1


def test_clones_with_one_fold():
    """The same chain turned, and a random walk: one pair of three has one fold."""
    chain = torch.tensor(example(KRINGLE).ca[:40]).double()
    rng = np.random.default_rng(0)
    turned = chain @ torch.from_numpy(random_rotation(rng)) + 5
    walk = torch.from_numpy(rng.normal(0, 2.2, (40, 3)).cumsum(0))
    traces = torch.stack([chain, turned, walk])[:, None]
    assert share_of_fold(traces, [40]).tolist() == pytest.approx([1 / 3])


def test_where_trajectories_of_an_exact_denoiser_part(chains):
    """Of a Gaussian chain, at the closed form, whatever the chains are; of the prior, never."""
    assert measure_speciation(OtherLaw(1.0), chains[:1]).time is None
    found = measure_speciation(OtherLaw(4.0), chains)
    assert found.parting == found.chains == 6 and found.gaussian is not None
    assert found.time == pytest.approx(found.gaussian, abs=0.01)
    assert found.time_error < 0.01


@pytest.mark.parametrize("name", ["rg", "rg-harmonic", "vp", "edm", "gud"])
def test_only_rg_flows_have_a_cutoff(chains, name):
    """A scalar schedule dissolves all modes alike: no period belongs to a time."""
    period = mean_period(chain_batches(Denoiser(TINY, recipe(name)), chains[:2]), 0.5)
    assert (period is None) == (not name.startswith("rg"))
