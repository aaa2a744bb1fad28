"""The test chain "chain64" (docs/theory.md 1.8), its schedules, reading a sampler's variance."""

from decimal import Decimal
from itertools import count
from math import exp, log, pi

import pytest
import torch

from protdiff.flow import RG, VP, Flow, free_field, gaussian_oracle, uniform_times
from protdiff.flow.spectrum import RGDM_C


@pytest.fixture(scope="session")
def printed():
    """Does a value agree with a number in print, to its last digit?"""

    def agrees(value, text):
        unit = 10.0 ** Decimal(text).as_tuple().exponent
        return abs(float(value) - float(text)) <= 0.501 * unit

    return agrees


@pytest.fixture(scope="session")
def kl():
    """KL of independent Gaussians of given variances, three coordinates each, in nats."""

    def divergence(variance, target):
        ratio = variance / target
        return float(1.5 * (ratio - 1 - ratio.log()).sum())

    return divergence


class Chain64:
    """Modes 1 … 63 of a chain of 64 residues with exactly Gaussian data."""

    momenta = pi / 64 * torch.arange(1, 64, dtype=torch.float64)[None]
    prior = free_field(momenta)
    variance = RGDM_C / (momenta**2 + 0.05**2) * torch.where(momenta > 1.2, 0.35, 1.0)

    class Images:
        """RGDM's schedule for images, with chain64's constants."""

        def gamma(self, momenta, u):
            slow, fast = momenta.min(), momenta.max()
            return 2 * (momenta / fast).log() - 9.2 + u[:, None] * (13.2 + 2 * (fast / slow).log())

    schedules = {  # noqa: RUF012
        "vp": VP(-13, 5),
        "img": Images(),
        "prot": RG(30.847, 30.847 * exp(-86 / 10.8171), "lognormal"),
    }

    def flow(self, schedule, rows=1, prior=None):
        """The flow, repeated in every row of a batch."""
        prior = self.prior if prior is None else prior
        parts = (t.expand(rows, -1) for t in (self.momenta, self.variance, prior))
        return Flow(*parts, torch.ones(rows, 63, dtype=bool), schedule)


@pytest.fixture(scope="session")
def chain64():
    return Chain64()


@pytest.fixture(scope="session")
def impulses():
    """Noise source that gives row j of the batch a one at call j, and zeros otherwise."""

    def source(flow):
        calls = count()

        def noise():
            unit = torch.zeros(*flow.mask.shape, 3, dtype=torch.float64)
            unit[next(calls)] = 1
            return unit

        return noise

    return source


@pytest.fixture(scope="session")
def output_variance(impulses):
    """Variance of a sampler's state at the last time, before the last estimate.

    With the Gaussian oracle every component is a linear function of the noise numbers, so the
    squares of its responses to unit impulses add up to its variance, exactly.
    """

    def variance(sampler, flow, steps, noise=None, **options):
        last = {}
        sampler(
            gaussian_oracle(flow),
            flow,
            uniform_times(steps + 1),
            noise or impulses(flow),
            callback=lambda index, u, x, clean: last.update(x=x),
            **options,
        )
        return last["x"][..., 0].square().sum(0)

    return variance


@pytest.fixture(scope="session")
def slope():
    """Order of an error that falls from `coarse` to `fine` when the step is halved."""
    return lambda coarse, fine: log(coarse / fine, 2)
