"""Entropy production in two ways, of denoisers that are exact for a known law."""

import numpy as np
import pytest

from protdiff.analysis import measure_thermodynamics
from protdiff.analysis.chain_batches import chain_batches, mean_period
from protdiff.analysis.replicas import measure_replicas
from protdiff.flow.zoo import recipe
from protdiff.network import Denoiser

from ..conftest import TINY
from .conftest import OtherLaw


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_entropy_production_two_ways(chains, factor):
    """How much nearer real chains are to an exact law than to the prior, by both estimates."""
    report = measure_thermodynamics(
        OtherLaw(factor), chains, shells=12, repeats=6, replica_times=1, replica_steps=2
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


@pytest.mark.parametrize("name", ["rg", "rg-harmonic", "vp", "edm", "gud"])
def test_only_rg_flows_have_a_cutoff(chains, name):
    """A scalar schedule dissolves all modes alike: no period belongs to a time."""
    period = mean_period(chain_batches(Denoiser(TINY, recipe(name)), chains[:2]), 0.5)
    assert (period is None) == (not name.startswith("rg"))
