"""Pieces of real chains, and a denoiser that is exact for a known law."""

from dataclasses import replace

import pytest

import protdiff
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
