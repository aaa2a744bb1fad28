"""The Fréchet distance: Gaussians with known answers, and real chains at the floor."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from protdiff.metrics.descriptor import NAMES
from protdiff.metrics.frechet import frechet_distance, frechet_with_floor
from protdiff.metrics.population import Population, real_population


def part(whole, rows):
    """Some chains of a population."""
    return Population([whole.names[k] for k in rows], whole.columns[rows], whole.descriptors[rows])


def exact_sample(mean, root, count=50, seed=0):
    """Points whose mean is `mean` and whose covariance is root @ root.T, exactly."""
    x = np.random.default_rng(seed).normal(size=(count, len(mean)))
    x -= x.mean(0)
    white = np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(x, rowvar=False))))
    return mean + x @ white.T @ np.transpose(root)


@pytest.mark.parametrize(("m1", "s1", "m2", "s2"), [(0, 1, 3, 1), (1, 0.5, 1, 2), (-2, 3, 4, 0.1)])
def test_frechet_distance_in_one_dimension(m1, s1, m2, s2):
    one = exact_sample(np.array([m1]), np.array([[s1]]), 30, 1)
    two = exact_sample(np.array([m2]), np.array([[s2]]), 70, 2)
    assert frechet_distance(one, two) == pytest.approx((m1 - m2) ** 2 + (s1 - s2) ** 2)


def test_frechet_distance_of_diagonal_gaussians():
    rng = np.random.default_rng(3)
    m1, m2 = rng.normal(size=(2, 5))
    s1, s2 = rng.uniform(0.1, 3, size=(2, 5))
    found = frechet_distance(exact_sample(m1, np.diag(s1)), exact_sample(m2, np.diag(s2), seed=1))
    assert found == pytest.approx(((m1 - m2) ** 2 + (s1 - s2) ** 2).sum())


@pytest.mark.parametrize("seed", range(3))
def test_frechet_distance_by_the_formula(seed):
    rng = np.random.default_rng(seed)
    m1, m2 = rng.normal(size=(2, 4))
    a, b = rng.normal(size=(2, 4, 4))
    c1, c2 = a @ a.T, b @ b.T
    found = frechet_distance(exact_sample(m1, a), exact_sample(m2, b, seed=9))
    expected = ((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * np.real(sqrtm(c1 @ c2)))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("count", [4, 40])  # fewer points than dimensions, and more
def test_frechet_distance_of_equal_sets_is_zero_and_it_is_symmetric(count):
    one, two = np.random.default_rng(0).normal(size=(2, count, 6))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, one[::-1]) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(one, two) == pytest.approx(frechet_distance(two, one))
    shift = np.arange(6) / 5
    assert frechet_distance(one, one + shift) == pytest.approx((shift**2).sum(), abs=1e-6)


@pytest.fixture(scope="module")
def halves():
    """Real chains that act as designs, and others beside them."""
    real = real_population()
    order = np.random.default_rng(4).permutation(len(real))
    return part(real, order[:150]), part(real, order[150:])


@pytest.mark.parametrize("lengths", [(40, 512), (64, 128), (95, 110)])
def test_real_chains_are_at_the_floor(halves, lengths):
    """Also where many designs share a few lengths."""
    _, real = halves
    fits = np.flatnonzero((real.lengths >= lengths[0]) & (real.lengths <= lengths[1]))
    chosen = fits[np.random.default_rng(5).permutation(len(fits))[:40]]
    designs, rest = part(real, chosen), part(real, np.setdiff1d(np.arange(len(real)), chosen))
    found = frechet_with_floor(designs, rest)
    assert abs(found["distance"] - found["floor"]) < 4 * found["floor_sd"]
    assert found["floor"] > 0 and found["floor_sd"] > 0 and found["dimensions"] == len(NAMES)
    assert found["reference"] >= 40
    assert found == frechet_with_floor(designs, rest)


def test_shifted_chains_are_far_above_the_floor(halves):
    designs, real = halves
    spread = real.descriptors.std(0)
    before = frechet_with_floor(designs, real)
    moved = Population(designs.names, designs.columns, designs.descriptors + spread)
    found = frechet_with_floor(moved, real)
    assert found["floor"] == before["floor"]
    assert found["distance"] > before["distance"] + 0.8 * len(NAMES)
    assert found["distance"] > found["floor"] + 20 * found["floor_sd"]


def test_entries_that_are_missing_or_constant_are_left_out(halves):
    designs, real = halves
    mine = designs.descriptors.copy()
    mine[3, 5] = np.nan
    found = frechet_with_floor(Population(designs.names, designs.columns, mine), real)
    assert found["dimensions"] == len(NAMES) - 1
    assert np.isfinite([found["distance"], found["floor"]]).all()


def test_few_designs_or_few_real_chains_have_no_distance(halves):
    designs, real = halves
    assert frechet_with_floor(part(designs, range(4)), real) == {}
    assert frechet_with_floor(part(designs, range(30)), part(real, range(50))) == {}
