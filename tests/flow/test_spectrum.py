"""Priors against printed tables (docs/theory.md 2.1, 2.6); the spectrum of real chains; its fit."""

from math import log, pi

import pytest
import scipy.special
import torch

from protdiff.flow import MeasuredSpectrum, calibrate, calibrated_prior, cosine_modes, free_field
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.flow.spectrum import RGDM_C, RGDM_MASS, bond_and_rg


def momenta(n):
    return pi / n * torch.arange(1, n, dtype=torch.float64)


def eigenfold(k):
    return 3.8**2 / 3 / (4 * torch.sin(k / 2) ** 2)


@pytest.mark.parametrize(
    ("n", "prior", "bond", "radius"),
    [
        (32, free_field, "3.793", "9.57"), (128, free_field, "3.772", "14.88"),
        (512, free_field, "3.764", "16.63"), (32, eigenfold, "3.800", "8.77"),
        (128, eigenfold, "3.800", "17.55"), (512, eigenfold, "3.800", "35.10"),
    ],
)  # fmt: skip
def test_bond_and_size_of_the_published_priors(n, prior, bond, radius, printed):
    found = bond_and_rg(prior(momenta(n)), n)
    assert printed(found[0], bond) and printed(found[1], radius)


def test_bond_and_size_from_the_covariance_of_the_coordinates():
    n = 23
    variance = free_field(momenta(n))
    modes = cosine_modes(n)[1:]
    covariance = modes.T @ (variance[:, None] * modes)
    spread = covariance.diag()
    bonds = 3 * (spread[1:] + spread[:-1] - 2 * covariance.diag(1))
    expected = float(bonds.mean().sqrt()), float((3 * spread.mean()).sqrt())
    assert bond_and_rg(variance, n) == pytest.approx(expected, rel=1e-12)


def test_the_published_constant_makes_bonds_of_380():
    si = float(scipy.special.sici(pi)[0])
    assert 3 * 2 / pi * (si - 2 / pi) == pytest.approx(2.3210850, abs=5e-8)
    n = 4000  # the limit is approached like 1/N
    assert bond_and_rg(free_field(momenta(n), mass_squared=0), n)[0] == pytest.approx(3.8, abs=2e-3)
    assert pytest.approx(6.2212, abs=5e-5) == RGDM_C


@pytest.mark.parametrize(
    ("n", "mass", "c", "correlation"),
    [(32, "2.986", "6.461", "10.7"), (64, "1.969", "6.401", "16.2"),
     (128, "1.240", "6.343", "25.7"), (256, "0.765", "6.300", "41.6"),
     (512, "0.466", "6.271", "68.2")],
)  # fmt: skip
def test_calibrated_prior(n, mass, c, correlation, printed):
    found_c, mass_squared = calibrate(n)
    assert printed(found_c, c)
    assert printed(mass_squared**0.5 / RGDM_MASS, mass)
    assert printed(mass_squared**-0.5, correlation)
    bond, radius = bond_and_rg(free_field(momenta(n), found_c, mass_squared), n)
    assert bond == pytest.approx(3.8, rel=1e-12)
    assert radius == pytest.approx(2.2 * n**0.38, rel=1e-9)


def test_calibration_of_short_chains_and_its_limits():
    assert calibrate(8)[1] < 0 < calibrate(9)[1]
    assert (calibrated_prior([4, 8, 2048]) > 0).all()
    with pytest.raises(ValueError, match="length 3"):
        calibrate(3)
    with pytest.raises(ValueError, match=r"60\.00 Å"):
        calibrate(12, radius=60.0)


@pytest.mark.parametrize("n", [40, 64, 100, 128, 200, 256, 400, 512])
def test_real_chains_have_real_bonds_and_sizes(n):
    bond, radius = bond_and_rg(real_spectrum()([n])[0, 1:], n)
    # Training chains: 3.805 Å; the fit smooths the helix peak, which costs 0.5 %.
    assert bond == pytest.approx(3.80, rel=0.01)
    # Root mean squares: training chains 1.15 (N < 64) to 1.06 (N > 256); medians are lower.
    assert 1.0 < radius / (2.2 * n**0.38) < (1.16 if n >= 80 else 1.21)


def test_real_chains_get_relatively_smaller_with_length():
    sizes = [
        bond_and_rg(real_spectrum()([n])[0, 1:], n)[1] / n**0.38 for n in (40, 64, 100, 200, 400)
    ]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("n", [8, 20, 40, 100, 256, 512, 1000])
def test_real_spectrum_is_positive_and_smooth(n):
    spectrum = real_spectrum()([n])[0, 1:]
    assert (spectrum > 0).all() and spectrum.isfinite().all()
    # The steepest real feature, the flank of the helix peak, is 0.4 in ln λ per 0.07 in k.
    rough = torch.diff(spectrum.log() + 2 * momenta(n).log()).abs() / (pi / n)
    assert rough[momenta(n)[1:] > 0.5].max() < 8


@pytest.mark.parametrize("n", [64, 128, 256, 512])
def test_real_spectrum_has_the_helix_peak(n):
    k = momenta(n)
    excess = real_spectrum()([n])[0, 1:] / calibrated_prior([n])[0, 1:]
    fast = k > 1.3
    # α helix: 3.6 residues a turn, k = 1.745; bent helices and 3-10 turns shift and widen it.
    assert abs(k[fast][excess[fast].argmax()] - 1.745) < 0.07
    trough = excess[(k > 1.1) & (k < 1.5)].min()
    assert excess[fast].max() > 3 * trough and excess[k > 2.6].max() < 0.5 * excess[fast].max()


def test_a_padded_spectrum_is_that_of_each_chain():
    batch = real_spectrum()([30, 90], 100)
    assert batch.shape == (2, 100) and batch.isfinite().all()
    for row, n in zip(batch, (30, 90), strict=True):
        assert torch.allclose(row[:n], real_spectrum()([n])[0], rtol=1e-12)


def test_the_correction_is_linear_between_knots():
    knots = (log(0.1), log(1.0)), (log(50), log(200))
    table = MeasuredSpectrum(*knots, ((0.0, 1.0), (2.0, 3.0)))
    ratio = (table([50, 100, 800], 800) / calibrated_prior([50, 100, 800], 800)).log()
    k = pi / 100 * torch.arange(1, 100, dtype=torch.float64)
    along = ((k.log() - log(0.1)) / log(10)).clamp(0, 1)  # constant beyond the ends
    assert torch.allclose(ratio[1, 1:100], 1 + along, atol=1e-12)
    assert ratio[0, 1] == pytest.approx(0.0, abs=1e-12)
    assert ratio[2, 799] == pytest.approx(3.0, abs=1e-12)


def test_fit_recovers_a_known_spectrum():
    """Gaussian chains of a spectrum with a slope in N and a bump as wide as the helix peak."""
    generator = torch.Generator().manual_seed(0)

    def true_ratio(n):
        k = momenta(n)
        peak = torch.exp(-(((k - 1.75) / 0.25) ** 2))
        return torch.exp(0.2 * log(n / 100) + 0.8 * peak - 0.1 * k)

    def chains():
        for index in range(4000):
            n = 40 + 37 * index % 260
            normal = torch.randn(n - 1, 3, generator=generator, dtype=torch.float64)
            yield n, calibrated_prior([n])[0, 1:] * true_ratio(n) * normal.square().mean(-1)

    fitted = MeasuredSpectrum.fit(chains())
    for n in (48, 100, 250):
        ratio = fitted([n])[0, 1:] / calibrated_prior([n])[0, 1:] / true_ratio(n)
        # About 600 chains bear on a length knot: 2-3 % noise, and bins as wide as the knots are
        # apart flatten the top of the bump by some more.
        assert ratio.log().abs().mean() < 0.05
        assert ratio.log().abs().max() < 0.12


def test_the_default_size_is_that_of_globules():
    """The flow does not import the structure room; this keeps its law of sizes the same."""
    from protdiff.structure.constants import expected_rg

    for length in (20, 100, 700):
        assert calibrate(length) == calibrate(length, radius=expected_rg(length))
