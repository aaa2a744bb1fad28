"""Entropy production two ways, of denoisers that are exact for a known law; batches of chains."""

from dataclasses import replace

import numpy as np
import pytest

import protdiff
from protdiff.analysis import measure_thermodynamics, replicas
from protdiff.analysis.replicas import chain_batches
from protdiff.flow import ChainFlow, gaussian_oracle
from protdiff.flow.reference_spectrum import real_spectrum

from ..metrics.helpers import CAPSID, KRINGLE, REDUCTASE, example


class OtherLaw:
    """The exact denoiser of Gaussian chains of other variances than the fixed point."""

    def __init__(self, factor):
        self.factor = factor

    def bind(self, lengths):
        flow = ChainFlow(spectrum=real_spectrum())(lengths)
        flow = replace(flow, variance=flow.variance * self.factor)
        return flow, gaussian_oracle(flow)


@pytest.fixture(scope="module")
def chains():
    """Pieces of real chains, of two lengths."""
    whole = [example(name) for name in (KRINGLE, CAPSID, REDUCTASE)]
    return [
        protdiff.Backbone.from_coords(chain.coords[k : k + n])
        for chain in whole
        for n in (36, 40)
        for k in range(0, len(chain) - n, 12)
        if chain.mask[k : k + n].all()
    ]


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_entropy_production_two_ways(chains, factor):
    """How much nearer real chains are to an exact law than to the prior, by both estimates."""
    found = measure_thermodynamics(
        OtherLaw(factor), chains, shells=12, repeats=6, replica_times=1, replica_steps=2
    ).balance
    expected = []
    for chain in chains:
        (batch,) = chain_batches(OtherLaw(factor), [chain])
        squares = (batch.clean.square().sum(-1) / batch.flow.prior)[batch.flow.mask]
        # ln N(x; 0, f c) - ln N(x; 0, c)
        nats = 0.5 * (1 - 1 / factor) * squares - 1.5 * np.log(factor)
        expected.append(float(nats.sum()) / len(chain))
    # Of data that are smoothed at u = 0 a little.
    for name in ("integral", "kl"):
        assert found[name] == pytest.approx(np.mean(expected), abs=0.01)
    assert abs(found["gap"]) < 4 * found["gap_error"] < 0.02
    assert found["kl_error"] == pytest.approx(
        np.std(expected, ddof=1) / len(chains) ** 0.5, rel=0.05
    )


def test_batches_change_no_chain(chains, monkeypatch):
    """Chains one by one, and all together, give the same components and sizes."""
    together = chain_batches(OtherLaw(1.0), chains)
    monkeypatch.setattr(replicas, "PAIRS", 1)
    alone = chain_batches(OtherLaw(1.0), chains)
    assert (len(together), len(alone)) == (1, len(chains))
    for row, (chain, batch) in enumerate(zip(chains, alone, strict=True)):
        assert batch.residues.tolist() == [len(chain)] == [together[0].residues[row]]
        size, wide = len(chain), together[0].clean.shape[1] // 2
        for part, whole in ((0, 0), (size, wide)):
            np.testing.assert_allclose(
                batch.clean[0, part : part + size],
                together[0].clean[row, whole : whole + size],
                atol=1e-12,
            )
