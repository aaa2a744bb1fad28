"""The variational bound against closed forms: T9 of the specification (docs/theory.md 6)."""

import pytest
import torch

from protdiff.flow import VP, Flow, gaussian_oracle
from protdiff.flow.elbo import Quadrature, elbo
from protdiff.flow.likelihood import gaussian_log_density


def source(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(shape, generator=generator, dtype=torch.float64)


def test_bound_of_the_gaussian_chain_is_its_density(chain64):
    flow = chain64.flow(chain64.schedules["prot"], rows=2)
    clean = flow.variance.sqrt()[..., None] * source((2, 63, 3))()
    bound = elbo(gaussian_oracle(flow), flow, clean, source((2, 63, 3), 1))
    assert float(bound.gain.abs().max()) < 1e-8
    torch.testing.assert_close(
        bound.total, gaussian_log_density(clean, flow.variance, flow.mask).sum(1)
    )


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_bound_of_another_gaussian_is_its_density(chain64, factor):
    """The reverse process of an exact denoiser is its law, so the bound is tight."""
    rows = 400
    flow = chain64.flow(VP(-13, 9), rows=rows)
    other = flow.variance * factor
    point = other[:1].sqrt()[..., None] * source((1, 63, 3))()
    clean = point.expand(rows, -1, -1)
    generator = torch.Generator().manual_seed(3)
    bound = elbo(
        gaussian_oracle(flow, other), flow, clean, source(clean.shape, 4),
        quadrature=Quadrature(steps=32, samples=2), generator=generator,
    )  # fmt: skip
    exact = gaussian_log_density(point, other[:1], flow.mask[:1]).sum()
    error = bound.total.std() / rows**0.5
    assert float(error) < 0.15
    assert abs(float(bound.total.mean() - exact)) < 4 * float(error) + 0.02
    # The spread over repetitions estimates the spread over rows.
    assert float(bound.error.square().mean().sqrt()) == pytest.approx(
        float(bound.total.std()), rel=0.2
    )
    torch.testing.assert_close(bound.gain_by_time.sum(0), bound.gain.sum(1))


def test_masked_components_count_nothing(chain64):
    flow = chain64.flow(VP(-13, 9), rows=2)
    mask = flow.mask.clone()
    mask[1, 40:] = False
    short = Flow(flow.momenta, flow.variance, flow.prior, mask, flow.schedule)
    clean = (flow.variance.sqrt()[..., None] * source((2, 63, 3))()).masked_fill(
        ~mask[..., None], 0
    )
    normal = source((2, 63, 3), 1)
    bound = elbo(gaussian_oracle(short), short, clean, normal, quadrature=Quadrature(samples=1))
    assert float(bound.gaussian[1, 40:].abs().max()) == 0
    assert float(bound.gain[1, 40:].abs().max()) == 0
