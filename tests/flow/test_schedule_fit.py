"""Fitted times (docs/theory.md 3.5): better than the published fit, and robust ones."""

import pytest
import torch

from protdiff.flow import fit_schedule, ode_2m, sde_2m, uniform_times
from protdiff.flow.sampler_error import sampler_error
from protdiff.flow.schedule_fit import perturbed_spectra


def total(sampler, flow, times, *spectrum):
    return float(sampler_error(sampler, flow, times, *spectrum).sum(1).mean())


@pytest.mark.parametrize(
    ("steps", "before", "after"), [(6, "0.14", 8.2e-3), (10, "0.27", 3.8e-5), (16, "0.10", 6.5e-7)]
)
def test_at_least_as_good_as_published(chain64, printed, steps, before, after):
    flow = chain64.flow(chain64.schedules["img"])
    assert printed(total(ode_2m, flow, uniform_times(steps + 1)), before)
    times = fit_schedule(flow, steps + 1, variances=flow.variance, iterations=150)
    assert times[0] == 1 and times[-1] == 0 and (times.diff() < 0).all()
    assert total(ode_2m, flow, times) <= after


def test_a_robust_fit_serves_spectra_that_it_has_not_seen(chain64):
    flow = chain64.flow(chain64.schedules["img"])
    unseen = perturbed_spectra(flow, 6, seed=1)
    rows = flow[torch.zeros(6, dtype=torch.long)]
    robust = fit_schedule(flow, 11)
    narrow = fit_schedule(flow, 11, variances=flow.variance, iterations=150)
    found = {}
    for name, times in (("robust", robust), ("narrow", narrow), ("even", uniform_times(11))):
        found[name] = total(ode_2m, rows, times, unseen), total(ode_2m, flow, times)
    assert found["robust"][0] < found["even"][0] / 100, found
    # The narrow fit owes more of its error to cancellation on the one spectrum.
    gaps = {name: unknown / known for name, (unknown, known) in found.items()}
    assert gaps["robust"] < gaps["narrow"] / 2, found


def test_stochastic_samplers_can_be_fitted(chain64):
    flow = chain64.flow(chain64.schedules["vp"])
    times = fit_schedule(flow, 6, sde_2m, variances=flow.variance, iterations=15)
    assert total(sde_2m, flow, times) < total(sde_2m, flow, uniform_times(6)) / 2


def test_spectra_change_smoothly_and_repeatably(chain64):
    flow = chain64.flow(chain64.schedules["vp"])
    change = (perturbed_spectra(flow, 200, spread=0.3, seed=3) / flow.variance).log()
    assert change.shape == (200, 63)
    assert float(change[:, [0, -1]].std()) == pytest.approx(0.3, rel=0.15)  # at the end knots
    knots = change.diff(dim=1) / flow.momenta.log().diff()
    assert len(knots[0].mul(1e6).round().unique()) <= 4 + 4  # linear between five knots
    assert torch.equal(perturbed_spectra(flow, seed=5), perturbed_spectra(flow, seed=5))


def test_wrong_grids_are_refused(chain64):
    flow = chain64.flow(chain64.schedules["vp"], 2)
    with pytest.raises(ValueError, match="one chain"):
        fit_schedule(flow, 5)
    with pytest.raises(ValueError, match="at least 2"):
        fit_schedule(flow[[0]], 1)
