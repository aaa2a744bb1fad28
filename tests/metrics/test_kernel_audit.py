"""Halder's Δ by quadrature, by symmetry, on copies, and on his linear denoiser."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from protdiff.metrics.kernel_audit import fold_shape, kernel_audit, kernel_pair

from .helpers import random_rotation


def test_delta_is_the_difference_of_two_squared_distances():
    """∫(g - p_T)² - ∫(g - p_O)² with a Gaussian g, one dimension, by quadrature."""
    rng = np.random.default_rng(0)
    train, original = rng.normal(size=(7, 1)), rng.normal(size=(11, 1))
    mean, sd = 0.4, 0.7

    def density(x, points):
        return norm.pdf(x, points[:, 0], 1 / len(points)).mean()

    def distance(points):
        def square(x):
            return (norm.pdf(x, mean, sd) - density(x, points)) ** 2

        return quad(square, -8, 8, points=sorted(points[:, 0]), limit=500)[0]

    expected = distance(train) - distance(original)
    pair, x = kernel_pair(train, original), np.linspace(-6, 6, 20_001)
    by_terms = np.trapezoid(pair.terms(x[:, None]) * norm.pdf(x, mean, sd), x)
    for found in (by_terms, gaussian_delta(pair, [mean], np.array([[sd**2]]))):
        assert found / (2 * np.pi) ** 0.5 == pytest.approx(expected, rel=1e-6)


def gaussian_delta(pair, mean, covariance):
    """Δ with a Gaussian P_G, in closed form: ⟨P_G P_T⟩ is a sum of normal densities."""
    value = pair.constant
    for points, sign in ((pair.original, 2), (pair.train, -2)):
        n, d = points.shape
        law = multivariate_normal(mean, covariance + n ** (-2 / d) * np.eye(d))
        value += sign * np.exp(law.logpdf(points) + d / 2 * np.log(2 * np.pi)).mean()
    return value


def test_of_a_perfect_sampler_the_sign_is_a_coin():
    """d = 4, equal sets: by symmetry P(Δ > 0) = 1/2, so its sign alone says little."""
    rng = np.random.default_rng(0)
    signs = [
        gaussian_delta(kernel_pair(*rng.normal(size=(2, 200, 4))), np.zeros(4), np.eye(4)) > 0
        for _ in range(300)
    ]
    assert np.mean(signs) == pytest.approx(0.5, abs=3.5 * 0.5 / 300**0.5)


# Halder's linear denoiser (arXiv 2411.17807; the steps are those of its published code): training
# points x are noised once, y = e^{-T} x + ν^{1/2} ε, and x is regressed on y by least squares. It
# generates β₀ + β₁ y from fresh y of the noised law, so P_G is a Gaussian.

T, GENERALISATION = 2.0, 1.0
DECAY = np.exp(-T)
NU = GENERALISATION * np.exp(-2 * T) * (1 - np.exp(-2 * T))
#: Share of the variance of x that y explains, and so of the variance that is generated.
RHO = DECAY**2 / (DECAY**2 + NU)


def linear_denoiser(train, rng):
    """Mean and covariance of what it generates; data of mean 0 and variance 1."""
    n, d = train.shape
    noised = DECAY * train + NU**0.5 * rng.normal(size=(n, d))
    x, y = train - train.mean(0), noised - noised.mean(0)
    slope = np.linalg.lstsq(y, x, rcond=None)[0]  # of least norm where n ≤ d
    mean = train.mean(0) - noised.mean(0) @ slope
    return mean, (DECAY**2 + NU) * slope.T @ slope


def kl_to_truth(mean, covariance):
    """KL of the Gaussian to N(0, 1)."""
    _, log_det = np.linalg.slogdet(covariance)
    return 0.5 * (np.trace(covariance) - len(mean) - log_det + mean @ mean)


def bound(t):
    """f(t) = t - 1 - ln t."""
    return t - 1 - np.log(t)


def test_with_many_points_the_linear_denoiser_generates_a_share_of_the_variance():
    """KL → (d/2)(ρ - 1 - ln ρ), an effect of finite time and noise alone."""
    rng = np.random.default_rng(0)
    mean, covariance = linear_denoiser(rng.normal(size=(200_000, 3)), rng)
    np.testing.assert_allclose(covariance, RHO * np.eye(3), atol=0.01)
    assert kl_to_truth(mean, covariance) == pytest.approx(1.5 * bound(RHO), rel=0.03)


def test_expected_variance_and_bound_of_the_linear_denoiser():
    """E tr Σ / d = ρ + (1-ρ) d/(n-d-2), by the mean of an inverse Wishart matrix.

    Means of logarithms are below logarithms of means: KL ≥ (d/2) f(tr Σ/d), and E KL ≥ (d/2) f of
    the expected trace. (This bound is derived here; that of the paper was not at hand.)
    """
    rng, d = np.random.default_rng(1), 10
    for n in (16, 30, 100):
        made = [linear_denoiser(rng.normal(size=(n, d)), rng) for _ in range(1500)]
        traces = np.array([np.trace(covariance) / d for _, covariance in made])
        expected = RHO + (1 - RHO) * d / (n - d - 2)
        error = traces.std() / len(traces) ** 0.5
        assert abs(traces.mean() - expected) < 4 * error < 0.05 * expected
        values = np.array([kl_to_truth(*law) for law in made])
        assert (values >= d / 2 * bound(traces) - 1e-9).all()
        assert values.mean() > d / 2 * bound(expected)
    assert values.mean() < 1.5 * d / 2 * bound(RHO)  # and near its limit with a hundred points


def test_the_transition_of_the_linear_denoiser():
    """Up to n = d it generates in a subspace: infinitely far. From there on the KL falls with n."""
    rng, d = np.random.default_rng(2), 20
    for n in (10, 20):
        _, covariance = linear_denoiser(rng.normal(size=(n, d)), rng)
        assert np.linalg.matrix_rank(covariance) == n - 1
    curve = [
        np.mean([kl_to_truth(*linear_denoiser(rng.normal(size=(n, d)), rng)) for _ in range(60)])
        for n in (22, 24, 28, 40, 80, 200)
    ]
    assert curve == sorted(curve, reverse=True)


def test_delta_sees_the_transition_of_the_linear_denoiser():
    """Below n = d it generates close to its training points, Δ < 0; with many points a coin."""
    rng, d = np.random.default_rng(3), 20
    share = {}
    for n in (10, 400):
        signs = []
        for _ in range(40):
            train, original = rng.normal(size=(n, d)), rng.normal(size=(n, d))
            mean, covariance = linear_denoiser(train, rng)
            signs.append(gaussian_delta(kernel_pair(train, original), mean, covariance) > 0)
        share[n] = np.mean(signs)
    assert share[10] < 0.1 and share[400] > 0.3


def walks(count, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(60, 3)).cumsum(0) for _ in range(count)]


def test_copies_and_fresh_chains():
    """Random walks: fresh ones are no copies, noised training ones are, a few are not seen."""
    train, held, fresh = walks(600, 0), walks(300, 1), walks(100, 2)
    rng = np.random.default_rng(3)
    noised = [train[k] + 0.1 * rng.normal(size=(60, 3)) for k in range(100)]
    true, copied = kernel_audit(fresh, train, held), kernel_audit(noised, train, held)
    assert true.p > 0.01 and abs(true.delta - true.real) < 4 * true.delta_error
    assert copied.p < 1e-6 and copied.delta == pytest.approx(copied.copies, abs=0.5)
    assert true.real == copied.real and 0.02 < true.detectable < 0.6
    # What it says that it can see, it sees: so many copies among fresh chains, in nearly all draws.
    found = []
    for seed in range(20):
        share = round(100 * true.detectable)
        mixed = noised[:share] + walks(100 - share, 100 + seed)
        result = kernel_audit(mixed, train, held)
        found.append(result.delta < result.real - 1.645 * true.delta_error)
    assert np.mean(found) > 0.75


def test_a_shape_does_not_turn():
    [walk] = walks(1, 5)
    turned = walk @ random_rotation(np.random.default_rng(0)) + 7
    np.testing.assert_allclose(fold_shape(turned), fold_shape(walk), atol=1e-9)


def test_too_few_chains():
    with pytest.raises(ValueError, match="`samples`: fewer than two chains"):
        kernel_audit(walks(1, 0), walks(3, 1), walks(3, 2))
