"""Discretisation errors of the samplers on exactly Gaussian data (docs/theory.md 3; test T4)."""

from types import SimpleNamespace

import pytest
import torch

from protdiff.flow import SAMPLERS, VP, ancestral, ddim, ode_2m, sde_2m

STEPS = (8, 16, 32, 64, 128, 256)
#: KL to the marginal at u = 0 in nats, docs/theory.md 3.3.
TABLE = {
    ("vp", "ddim"): "12.3 3.32 .852 .209 .0488 .0104",
    ("vp", "ode_2m"): ".311 .0639 .00728 .00147 7.4e-4 6.0e-4",
    ("img", "ddim"): "17.3 4.77 1.26 .323 .0816 .0205",
    ("img", "ode_2m"): ".206 .100 .00875 6.3e-4 6.8e-5 2.8e-5",
    ("prot", "ddim"): "34.4 9.84 2.65 .690 .176 .0444",
    ("prot", "ode_2m"): "2.29 .0374 .00501 3.2e-4 2.0e-5 1.2e-6",
}


def target(flow):
    return flow.kernel(torch.zeros(len(flow.mask))).total[0]


@pytest.mark.parametrize(("schedule", "method"), TABLE)
def test_deterministic_samplers(chain64, output_variance, kl, printed, schedule, method):
    flow = chain64.flow(chain64.schedules[schedule])
    for steps, expected in zip(STEPS, TABLE[schedule, method].split(), strict=True):
        error = kl(output_variance(SAMPLERS[method], flow, steps), target(flow))
        assert printed(error, expected), (steps, error)


@pytest.mark.parametrize(
    ("schedule", "prior", "floor"),
    [("vp", 1.0, "4.38"), ("vp", "mean", "2.86e-2"), ("vp", None, "5.61e-4"),
     ("img", None, "2.35e-5"), ("prot", None, "5.1e-10")],
)  # fmt: skip
def test_floor_from_the_prior(chain64, kl, printed, schedule, prior, floor):
    """No number of steps removes the KL of the prior to the noised data (docs/theory.md 3.4)."""
    if prior is not None:
        value = chain64.variance.mean() if prior == "mean" else torch.tensor(prior)
        prior = value.double().expand(1, 63)
    flow = chain64.flow(chain64.schedules[schedule], prior=prior)
    assert printed(kl(flow.prior[0], flow.kernel(torch.ones(1)).total[0]), floor)


@pytest.mark.parametrize(("method", "order"), [(ddim, 2.0), (ode_2m, 4.0)])
def test_order_of_the_deterministic_samplers(chain64, output_variance, kl, slope, method, order):
    """KL is quadratic in the variance error: an order-p method falls as steps^-2p."""
    flow = chain64.flow(chain64.schedules["prot"])
    errors = [kl(output_variance(method, flow, steps), target(flow)) for steps in (128, 256)]
    assert slope(*errors) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("method", ["sde_2m", "posterior"])
def test_order_of_the_stochastic_samplers(chain64, output_variance, kl, slope, method):
    """From 64 to 128 steps the error is of order 2 for SDE 2M and of order 1 for ancestral."""
    errors = []
    for steps in (64, 128):
        flow = chain64.flow(chain64.schedules["img"], steps + 1)
        options = {} if method == "sde_2m" else {"variance": "posterior"}
        sampler = sde_2m if method == "sde_2m" else ancestral
        errors.append(kl(output_variance(sampler, flow, steps, **options), target(flow)))
    expected = 4.0 if method == "sde_2m" else 2.0
    assert slope(*errors) == pytest.approx(expected, abs=0.4)  # not yet asymptotic


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_analytic_variance_is_exact_in_any_number_of_steps(chain64, output_variance, kl, steps):
    flow = chain64.flow(VP(-9, 9), steps + 1)
    error = kl(output_variance(ancestral, flow, steps, variance="analytic"), target(flow))
    # The start error of 1.9e-7 is contracted away in one step: docs/theory.md 3.2 finds 3.6e-16.
    assert error < 1e-12
    assert kl(flow.prior[0], flow.kernel(torch.ones(len(flow.mask))).total[0]) > 1e-7


@pytest.mark.parametrize(
    ("steps", "beta_last", "error"), [(86, "0.244", "0.0784"), (200, "0.111", "0.0146")]
)
def test_ddpm(chain64, output_variance, kl, printed, steps, beta_last, error):
    """White noise, β linear to an SNR of 4.036e-5 (32/N)², `beta` variance (docs/theory.md 2.5)."""

    def log_signal(last):
        return (1 - torch.linspace(1e-4, last, steps, dtype=torch.float64)).log().cumsum(0)

    low, high = 1e-4, 0.9
    for _ in range(60):
        middle = (low + high) / 2
        signal = log_signal(middle)[-1].exp()
        above = signal / (1 - signal) > 4.036e-5 * (32 / 64) ** 2
        low, high = (middle, high) if above else (low, middle)
    assert printed(low, beta_last)
    signal = log_signal(low).exp()
    clean = torch.tensor([-60.0], dtype=torch.float64)
    profile = torch.cat([clean, torch.log((1 - signal) / signal)])
    schedule = SimpleNamespace(
        gamma=lambda momenta, u: profile[(u * steps).round().long()][:, None].expand(momenta.shape)
    )
    flow = chain64.flow(schedule, steps + 1, prior=torch.ones(1, 63, dtype=torch.float64))
    out = output_variance(ancestral, flow, steps, variance="beta")
    assert printed(kl(out, chain64.variance[0]), error)
