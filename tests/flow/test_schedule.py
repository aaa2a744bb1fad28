"""Schedules: regulators against their formulas, the running cut-off, published special cases."""

from math import log

import pytest
import torch

from protdiff.flow import PROFILES, REGULATORS, RG, VE, VP, Flow, rg_cutoff

LOG_X = torch.linspace(-14, 4, 181, dtype=torch.float64)[None]
SIGNAL = {  # α² as a function of x, written without the package
    "lognormal": lambda x: torch.exp(-(torch.log1p(x) ** 2)),
    "rational": lambda x: 1 / (1 + x),
    "heat": lambda x: torch.exp(-x),
}


@pytest.mark.parametrize("name", REGULATORS)
def test_regulator_gives_its_signal(name):
    gamma = REGULATORS[name].gamma(LOG_X)
    x = LOG_X.exp()
    # 1e-14: 1 - α² of the naive formula loses digits, so only α² is compared.
    assert torch.allclose(torch.sigmoid(-gamma), SIGNAL[name](x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", REGULATORS)
def test_inverse_regulator(name):
    regulator = REGULATORS[name]
    ratio = torch.logspace(-12, 12, 97, dtype=torch.float64)  # r = α²/(1-α²)
    back = torch.exp(-regulator.gamma(regulator.log_x(-ratio.log())))
    assert torch.allclose(back, ratio, rtol=1e-10, atol=0)
    assert torch.allclose(regulator.log_x(regulator.gamma(LOG_X)), LOG_X, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", REGULATORS)
def test_gamma_rises_with_time_and_momentum_and_stays_finite(name):
    flow = RG(40.0, 0.002, name)
    momenta = torch.logspace(-3, 1, 60, dtype=torch.float64).expand(101, -1)
    gamma = flow.gamma(momenta, torch.linspace(0, 1, 101, dtype=torch.float64))
    assert gamma.isfinite().all() and gamma.abs().max() <= 30
    inside = (gamma[:-1].abs() < 30) & (gamma[1:].abs() < 30)
    assert (torch.diff(gamma, dim=0)[inside] > 0).all()
    assert (torch.diff(gamma, dim=1) >= 0).all()


@pytest.mark.parametrize("name", REGULATORS)
def test_every_mode_follows_the_same_profile(name):
    flow = RG(31.0, 0.01, name)
    momenta = torch.tensor([[3.0, 1.0]], dtype=torch.float64)
    now = torch.tensor([0.3], dtype=torch.float64)
    later = flow.time_of(flow.log_cutoff(now) - log(3))  # when the cut-off is a third
    early, late = flow.gamma(momenta, now)[0, 0], flow.gamma(momenta, later)[0, 1]
    assert abs(early - late) < 1e-10


@pytest.mark.parametrize("name", REGULATORS)
def test_cutoff_for_a_given_signal(name):
    cutoff = rg_cutoff(torch.tensor([0.1, 2.0]).double(), 0.003, name)
    x = (torch.tensor([0.1, 2.0]).double() / cutoff) ** 2
    assert torch.allclose(SIGNAL[name](x), torch.full((2,), 0.003).double(), rtol=1e-10)


def test_the_cutoff_falls_geometrically_to_the_end_of_each_chain():
    last = torch.tensor([0.01, 0.002], dtype=torch.float64)
    flow = RG(8.0, last)
    for u, expected in ((0.0, [8.0, 8.0]), (0.5, (8 * last) ** 0.5), (1.0, last)):
        cutoff = flow.log_cutoff(torch.full((2,), u).double()).exp()
        assert torch.allclose(cutoff, torch.as_tensor(expected).double(), rtol=1e-12)
    times = torch.tensor([0.2, 0.9]).double()
    assert torch.allclose(flow.time_of(flow.log_cutoff(times)), times, atol=1e-14)


def test_vp_is_the_same_for_all_modes():
    gamma = VP(-13, 5).gamma(torch.ones(3, 7), torch.tensor([0, 0.5, 1]))
    assert torch.equal(gamma, torch.tensor([-13.0, -4, 5]).double()[:, None].expand(3, 7))


def test_eigenfold_is_the_heat_regulator():
    """α² = e^{-Ht}, σ² = (1 - e^{-Ht})/H with H = (3/3.8²) 4 sin²(k/2), docs/theory.md 2.2."""
    k = torch.pi / 50 * torch.arange(1, 50, dtype=torch.float64)[None]
    stiffness, time = 3 / 3.8**2 * 4 * torch.sin(k / 2) ** 2, 1.7
    cutoff = (3 / 3.8**2 * time) ** -0.5
    gamma = RG(cutoff, cutoff, "heat").gamma(2 * torch.sin(k / 2), torch.zeros(1).double())
    alpha2, sigma2 = torch.sigmoid(-gamma), torch.sigmoid(gamma) / stiffness
    assert torch.allclose(alpha2, torch.exp(-stiffness * time), rtol=1e-12)
    assert torch.allclose(sigma2, -torch.expm1(-stiffness * time) / stiffness, rtol=1e-12)


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_of_scalar_schedules(profile):
    """Same ends, same time back; DDPM's and the cosine ᾱ from their own formulas."""
    schedule = VP(-13.0, 5.0, profile)
    u = torch.linspace(0, 1, 21, dtype=torch.float64)
    gamma = schedule.gamma(torch.ones(21, 1), u)[:, 0]
    assert torch.allclose(gamma[[0, -1]], torch.tensor([-13.0, 5.0]).double(), atol=1e-8)
    assert (gamma.diff() > 0).all()
    assert torch.allclose(schedule.time_of(schedule.log_cutoff(u)), u, atol=1e-9)
    law, time = PROFILES[profile]
    v = torch.tensor([0.05, 0.3, 0.8], dtype=torch.float64)
    assert torch.allclose(time(law(v)), v, rtol=1e-10)
    signal = {
        "log_snr": torch.sigmoid(-v),
        "linear": torch.exp(-(0.1 * v + (20 - 0.1) / 2 * v**2)),
        "cosine": torch.cos(torch.pi / 2 * v) ** 2,
    }[profile]
    assert torch.allclose(torch.sigmoid(-law(v)), signal, rtol=1e-10)


def test_linear_profile_is_ddpm_in_continuous_time():
    """1000 steps with β from 1e-4 to 0.02: ln ᾱ agrees to under 1 %."""
    beta = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    signal = (1 - beta).cumprod(0)
    law, _ = PROFILES["linear"]
    for t in (99, 499, 899):
        v = torch.tensor((t + 1) / 1000, dtype=torch.float64)
        log_signal = float(torch.nn.functional.logsigmoid(-law(v)))
        assert log_signal == pytest.approx(float(signal[t].log()), rel=0.01)


def test_edms_noise_levels():
    """σ_i = (σ_max^{1/ρ} + i/(n-1) (σ_min^{1/ρ} - σ_max^{1/ρ}))^ρ at equally spaced times."""
    schedule, n = VE(), 18
    u = torch.linspace(1, 0, n, dtype=torch.float64)
    i = torch.arange(n, dtype=torch.float64)
    published = (80 ** (1 / 7) + i / (n - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    assert torch.allclose(schedule.sigma(u), published, rtol=1e-12)
    assert torch.allclose(schedule.time_at(published), u, atol=1e-12)
    ones = torch.ones(n, 2, dtype=torch.float64)
    flow = Flow(ones, ones, 4 * ones, ones.bool(), schedule, preserving=False)
    k = flow.kernel(u)
    assert torch.equal(k.alpha, ones)
    assert torch.allclose(k.sigma, 2 * published[:, None].expand(n, 2), rtol=1e-12)
    assert torch.allclose(flow.start, flow.kernel(torch.ones(n)).sigma ** 2)


def test_rows_of_a_flow_keep_every_tensor_of_the_schedule():
    low = torch.tensor([-9.0, -8.0, -7.0], dtype=torch.float64)
    ones = torch.ones(3, 4, dtype=torch.float64)
    flow = Flow(ones, ones, ones, ones.bool(), VP(low, 5.0))
    assert torch.equal(flow[[2, 0]].gamma(torch.zeros(2)), low[[2, 0], None].expand(2, 4))
