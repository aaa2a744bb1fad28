"""Discretisation errors of the samplers on exactly Gaussian data (docs/theory.md 3; test T4)."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from protdiff.flow import (
    SAMPLERS,
    VE,
    VP,
    Flow,
    ancestral,
    ddim,
    heun,
    multistep,
    ode_2m,
    sde_2m,
    uniform_times,
)
from protdiff.flow.sampler_error import sampler_error
from protdiff.flow.samplers import edm_churn

STEPS = (8, 16, 32, 64, 128, 256)
#: KL to the marginal at u = 0 in nats, docs/theory.md 3.3.
TABLE = {
    ("vp", "ddim"): "12.3 3.32 .852 .209 .0488 .0104",
    ("vp", "ode_2m"): ".311 .0639 .00728 .00147 7.4e-4 6.0e-4",
    ("vp", "heun"): "8.21 .411 .0271 .00312 9.6e-4 6.5e-4",
    ("img", "ddim"): "17.3 4.77 1.26 .323 .0816 .0205",
    ("img", "ode_2m"): ".206 .100 .00875 6.3e-4 6.8e-5 2.8e-5",
    ("img", "heun"): "18.6 .842 .0447 .00264 1.9e-4 3.7e-5",
    ("prot", "ddim"): "34.4 9.84 2.65 .690 .176 .0444",
    ("prot", "ode_2m"): "2.29 .0374 .00501 3.2e-4 2.0e-5 1.2e-6",
    # 2.8e4 at 8 steps in theory; γ beyond 30 is cut off here, which tames the blow-up.
    ("prot", "heun"): "2.19e3 12.0 .398 .0194 .00109 6.4e-5",
}
#: The same of Heun's rule in the log-SNR, by a second program (numpy, one formula per mode).
HEUN_IN_LOG_SNR = {
    "vp": [1.356e00, 9.843e-02, 4.858e-03, 2.093e-04, 3.784e-04, 5.092e-04],
    "img": [2.548e00, 2.133e-01, 1.496e-02, 9.730e-04, 7.554e-05, 2.457e-05],
    "prot": [7.054e00, 6.101e-01, 4.411e-02, 2.934e-03, 1.885e-04, 1.192e-05],
}


def target(flow):
    return flow.kernel(torch.zeros(len(flow.mask))).total[0]


@pytest.mark.parametrize(("schedule", "method"), TABLE)
def test_deterministic_samplers(chain64, output_variance, kl, printed, schedule, method):
    flow = chain64.flow(chain64.schedules[schedule])
    options = {"variable": "sigma"} if method == "heun" else {}  # as EDM has it
    for steps, expected in zip(STEPS, TABLE[schedule, method].split(), strict=True):
        error = kl(output_variance(SAMPLERS[method], flow, steps, **options), target(flow))
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


@pytest.mark.parametrize("method", TABLE)
def test_the_packages_own_error_is_that_of_the_impulses(chain64, output_variance, kl, method):
    """`sampler_error` against the fixture, on the flow's spectrum and on another one."""
    schedule, method = method
    flow = chain64.flow(chain64.schedules[schedule])
    found = sampler_error(SAMPLERS[method], flow, uniform_times(17))
    assert float(found.sum()) == pytest.approx(
        kl(output_variance(SAMPLERS[method], flow, 16), target(flow)), rel=1e-9
    )
    other = flow.variance * torch.linspace(0.5, 2, 63).double()
    changed = Flow(flow.momenta, other, flow.prior, flow.mask, flow.schedule)
    assert torch.allclose(
        sampler_error(SAMPLERS[method], flow, uniform_times(17), other),
        sampler_error(SAMPLERS[method], changed, uniform_times(17)),
        rtol=1e-9,
    )


def test_error_of_a_batch_is_that_of_each_chain(chain64):
    """Stochastic samplers too: every chain gets its own impulses."""
    rows = chain64.flow(chain64.schedules["img"], 3)
    spectra = rows.variance * torch.tensor([[0.5], [1.0], [2.0]]).double()
    together = sampler_error(sde_2m, rows, uniform_times(9), spectra)
    for row in range(3):
        alone = sampler_error(sde_2m, rows[[row]], uniform_times(9), spectra[row : row + 1])
        assert torch.allclose(together[row], alone[0], rtol=1e-10)


@pytest.mark.parametrize(("method", "order"), [(ddim, 2.0), (ode_2m, 4.0)])
def test_order_of_the_deterministic_samplers(chain64, output_variance, kl, slope, method, order):
    """KL is quadratic in the variance error: an order-p method falls as steps^-2p."""
    flow = chain64.flow(chain64.schedules["prot"])
    errors = [kl(output_variance(method, flow, steps), target(flow)) for steps in (128, 256)]
    assert slope(*errors) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("diffusion", [0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize(("order", "slopes"), [(1, 2.0), (2, 4.0)])
def test_the_family_between_sde_and_ode_has_one_target(chain64, slope, diffusion, order, slopes):
    """Every λ leads to the same marginal; the error falls with the order of the method."""
    flow = chain64.flow(VP(-9, 11))
    options = {"diffusion": diffusion, "order": order}
    errors = [
        float(sampler_error(multistep, flow, uniform_times(n + 1), **options).sum())
        for n in (60, 120)
    ]
    assert slope(*errors) == pytest.approx(slopes, abs=0.25)


def test_the_ends_of_the_family(chain64):
    """λ² = 1 at first order is the ancestral sampler with the posterior's variance."""
    flow, times = chain64.flow(chain64.schedules["prot"]), uniform_times(12)
    normal = torch.randn(12, 1, 63, 3, dtype=torch.float64)
    first_noise, second_noise = (iter(normal) for _ in range(2))
    first = multistep(lambda x, u: x / 2, flow, times, lambda: next(first_noise), order=1)
    second = ancestral(
        lambda x, u: x / 2, flow, times, lambda: next(second_noise), variance="posterior"
    )
    assert torch.allclose(first, second, rtol=1e-10)


def edm(chain64, low=0.02, high=2000.0, rows=1):
    """Chain64 under EDM's law: white noise, α = 1."""
    flow = chain64.flow(VE(low, high), rows, prior=torch.ones(1, 63, dtype=torch.float64))
    return Flow(flow.momenta, flow.variance, flow.prior, flow.mask, flow.schedule, preserving=False)


def test_heun_is_edms_algorithm(chain64):
    """Algorithm 1 of arXiv 2206.00364, written out in σ, and its number of calls."""
    flow, calls = edm(chain64), []

    def exact(x, sigma):
        return (flow.variance / (flow.variance + sigma**2))[..., None] * x

    def denoise(x, u):
        calls.append(float(u[0]))
        return exact(x, flow.schedule.sigma(u))

    start = 2000 * torch.randn(1, 63, 3, dtype=torch.float64)
    found = heun(denoise, flow, uniform_times(18), None, start=start)
    assert len(calls) == 35  # EDM's count for 18 noise levels
    i = torch.arange(18, dtype=torch.float64)
    ends = 0.02 ** (1 / 7), 2000 ** (1 / 7)
    sigmas = (ends[1] + i / 17 * (ends[0] - ends[1])) ** 7
    x = start
    for now, after in pairwise(sigmas):
        d = (x - exact(x, now)) / now
        ahead = x + (after - now) * d
        x = x + (after - now) * (d + (ahead - exact(ahead, after)) / after) / 2
    x = x + (0 - sigmas[-1]) * (x - exact(x, sigmas[-1])) / sigmas[-1]
    assert torch.allclose(found, x, rtol=1e-9)


@pytest.mark.parametrize("schedule", ["vp", "img", "prot"])
def test_heun_is_exact_where_estimates_are_linear_in_the_log_snr(chain64, schedule):
    """One step, however long, by the integral of the ODE: X/σ grows by ∫ D dt e^t, t = ln(α/σ)."""
    flow = chain64.flow(chain64.schedules[schedule])
    # γ is cut off at ±30, so that some modes of "prot" move in a part of the step alone.
    times, state, seen = torch.tensor([0.9, 0.05]).double(), torch.randn(1, 63, 3).double(), {}

    def log_snr(u):
        return -flow.gamma(u)[..., None] / 2

    heun(
        lambda x, u: 1 + 0.3 * log_snr(u), flow, times, None, start=state,
        callback=lambda index, u, x, clean: seen.update(x=x),
    )  # fmt: skip
    first, last = (log_snr(u[None]) for u in times)
    at_u, at_s = (flow.kernel(u[None]) for u in times)

    def integral(t):
        return (0.7 + 0.3 * t) * t.exp()  # its derivative is (1 + 0.3 t) e^t

    x = at_s.sigma / at_u.sigma * state[..., 0] + at_s.sigma / flow.prior.sqrt() * (
        integral(last) - integral(first)
    ).squeeze(-1)
    torch.testing.assert_close(seen["x"][..., 0], x, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("schedule", HEUN_IN_LOG_SNR)
def test_heun_in_the_log_snr_bears_long_steps(chain64, output_variance, kl, slope, schedule):
    """A fraction of the error of EDM's rule with as many steps, and of second order."""
    flow = chain64.flow(chain64.schedules[schedule])
    errors = [kl(output_variance(heun, flow, steps), target(flow)) for steps in STEPS]
    assert errors == pytest.approx(HEUN_IN_LOG_SNR[schedule], rel=0.005)
    if schedule == "prot":
        assert slope(*errors[-2:]) == pytest.approx(4, abs=0.1)


def test_heun_converges_with_and_without_churn(chain64, slope):
    """Churn adds noise and removes it: same target, EDM's law of noise levels."""
    flow = edm(chain64, rows=1)
    errors = [float(sampler_error(heun, flow, uniform_times(n + 1)).sum()) for n in (128, 256)]
    assert errors[1] < 0.02 and slope(*errors) > 2.5, errors
    churn = edm_churn(flow.schedule, amount=20, low=0.05, high=50.0)
    u = flow.schedule.time_at(torch.tensor([0.03, 1.0, 60.0]).double())
    risen = flow.schedule.sigma(churn(u, 100)) / flow.schedule.sigma(u)
    assert torch.allclose(risen, torch.tensor([1.0, 1.2, 1.0]).double(), rtol=1e-6)
    assert flow.schedule.sigma(churn(u, 10))[1] == pytest.approx(2**0.5, rel=1e-9)
    churned = sampler_error(heun, flow, uniform_times(257), churn=churn)
    assert float(churned.sum()) < 0.02
    assert not torch.allclose(churned, sampler_error(heun, flow, uniform_times(257)), rtol=0.05)


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
