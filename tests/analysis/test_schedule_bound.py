"""The bound by which grids of times are compared, in closed form for Gaussian chains."""

import pytest
import torch

from protdiff.analysis.component_bands import ROWS, component_bands
from protdiff.analysis.schedule_bound import ErrorRatios, best_grid, compare_grids, grid_excess
from protdiff.flow import ChainFlow, fit_schedule, ode_2m
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.flow.sampler_error import path_kl, sampler_error


@pytest.fixture(scope="module")
def chain():
    flow = ChainFlow(spectrum=real_spectrum())([30])
    return flow, component_bands(flow, [30])[0]


def constant(value):
    times = torch.linspace(0, 1, 5, dtype=torch.float64)
    return ErrorRatios(times, torch.full((5, ROWS), value, dtype=torch.float64))


def test_of_a_gaussian_chain_it_is_the_variance_that_steps_lack(chain):
    """Σ of ½ΔSNR 3τ - (3/2) ln((1 + λ SNR_s) / (1 + λ SNR_u)): the first step of `path_kl`.

    That of `path_kl` is (3/2)(x - ln(1 + x)) with x = ΔSNR τ, and 1 + x is the ratio of 1 + λ SNR.
    """
    flow, band = chain
    grid = torch.linspace(1, 0.2, 9, dtype=torch.float64)
    zero = path_kl(flow, grid, lambda u: torch.zeros_like(flow.variance))
    start = path_kl(flow, grid[:1], lambda u: torch.zeros_like(flow.variance))
    expected = float((zero - start).sum())
    assert grid_excess(flow, grid, constant(1.0), band) == pytest.approx(expected, rel=1e-9)


def test_an_error_that_is_a_factor_larger_costs_that_factor(chain):
    flow, band = chain
    grid = torch.linspace(1, 0.2, 9, dtype=torch.float64)
    once, twice = (grid_excess(flow, grid, constant(f), band) for f in (1.0, 2.0))
    assert twice == pytest.approx(2 * once, rel=1e-9)


def test_the_best_grid_loses_least(chain):
    flow, band = chain
    found = compare_grids(flow, [10], constant(1.0), band)
    losses = {name: values[10] for name, values in found.items()}
    assert losses["by bound"] < min(losses["equal"], losses["default"], losses["fitted"])


def test_twice_the_calls_lose_half(chain):
    flow, band = chain
    ratios = constant(1.0)
    few, many = (
        grid_excess(flow, best_grid(flow, n, 0.1, ratios, band), ratios, band) for n in (151, 301)
    )
    assert many == pytest.approx(few / 2, rel=0.05)


def test_a_fitted_grid_that_ends_before_the_data(chain):
    flow, _ = chain
    grid = fit_schedule(flow, 8, last=0.1)
    assert grid[0] == 1 and float(grid[-1]) == pytest.approx(0.1)
    even = torch.linspace(1, 0.1, 8, dtype=torch.float64)
    errors = [float(sampler_error(ode_2m, flow, times).sum()) for times in (grid, even)]
    assert errors[0] < errors[1]
