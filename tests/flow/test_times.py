"""Times of sampling (docs/theory.md 3.5)."""

import pytest
import torch

from protdiff.flow import VP, sampling_times, uniform_times
from protdiff.flow.zoo import recipe

RECIPE = recipe("rg-harmonic")


def test_times_fall_and_are_densest_in_the_middle():
    flow = RECIPE([100])
    times = sampling_times(flow, 400)
    assert times[0] == 1 and times[-1] == pytest.approx(0.1, abs=1e-12) and len(times) == 400
    middle = (times[1:] + times[:-1]) / 2
    density = 1 + 4.5 * torch.exp(-(((middle - 0.55) / 0.3) ** 2))
    spacing = (times[:-1] - times[1:]) * density
    assert torch.allclose(spacing, spacing.mean().expand_as(spacing), rtol=1e-3)
    part = sampling_times(flow, 5, 0.4)
    assert part[0] == pytest.approx(0.4) and part[-1] == pytest.approx(0.1)
    near_the_end = sampling_times(flow, 3, 0.05)
    assert near_the_end[0] == pytest.approx(0.05) and near_the_end[-1] == pytest.approx(0.025)
    assert (near_the_end[1:] < near_the_end[:-1]).all()
    assert sampling_times(flow, 1).tolist() == [1.0]
    with pytest.raises(ValueError, match="at least 1"):
        sampling_times(flow, 0)


def test_times_of_other_flows_are_equally_spaced(chain64):
    flow = chain64.flow(VP(-3, 2))
    assert torch.equal(sampling_times(flow, 9, 0.5), uniform_times(9) / 2)
