"""Entropy production in two ways, of denoisers that are exact for a known law."""

import numpy as np
import pytest

from protdiff.analysis import measure_thermodynamics
from protdiff.analysis.chain_batches import chain_batches

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
