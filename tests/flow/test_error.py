"""Split of a sampler's error: T7 of the specification (docs/theory.md 3.4)."""

from math import pi

import pytest
import torch

from protdiff.flow import VP, Flow, uniform_times
from protdiff.flow.sampler_error import initialisation_error, path_kl, score_error


@pytest.mark.parametrize(
    ("schedule", "prior", "text"),
    [("vp", "unit", "14.3"), ("vp", "mean", "3.16e-2"), ("vp", "chain", "5.59e-4"),
     ("img", "chain", "2.34e-5"), ("prot", "chain", "5.1e-10")],
)  # fmt: skip
def test_initialisation_error_of_chain64(chain64, printed, schedule, prior, text):
    variance = {
        "unit": torch.ones(1, 63, dtype=torch.float64),
        "mean": chain64.variance.mean() * torch.ones(1, 63, dtype=torch.float64),
        "chain": chain64.prior,
    }[prior]
    flow = chain64.flow(chain64.schedules[schedule], prior=variance)
    assert printed(initialisation_error(flow).sum(), text)


@pytest.fixture
def mode_four():
    """Mode 4 of a chain of 24, γ from -6 to 6, and a score that is 1.1 times too large."""
    k = torch.tensor([[pi * 4 / 24]], dtype=torch.float64)
    c = 3.8**2 / 2.3211 / (k**2 + (pi / 100) ** 2)
    lam = 3.8**2 / 2.3211 / (k**2 + 0.05**2)
    flow = Flow(k, lam, c, torch.ones(1, 1, dtype=bool), VP(-6, 6))

    def error(u):  # D = (X + σ² s)/α with s = -X/v: E|D_θ - D|² of three coordinates
        kernel = flow.kernel(u)
        return 3 * (0.1 * kernel.sigma**2 / kernel.alpha) ** 2 / kernel.total

    return flow, error


def test_girsanov_limit(mode_four, printed):
    flow, error = mode_four
    times = torch.linspace(0, 1, 4001, dtype=torch.float64)
    total = initialisation_error(flow) + score_error(flow, times, error)
    assert printed(total / 3, "0.0300273")


@pytest.mark.parametrize(
    ("steps", "text"), [(100, "0.18775"), (1000, "0.04529"), (10000, "0.03155")]
)
def test_discrete_path_kl(mode_four, printed, steps, text):
    flow, error = mode_four
    assert printed(path_kl(flow, uniform_times(steps + 1), error) / 3, text)


def test_even_number_of_times_is_refused(mode_four):
    flow, error = mode_four
    with pytest.raises(ValueError, match="odd number of times"):
        score_error(flow, torch.linspace(0, 1, 10), error)
