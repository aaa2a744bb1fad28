"""Principal components beside cosine modes in benchmarks/theory_results.py, on known Gaussians."""

import numpy as np
import pytest
import torch

from protdiff.flow import cosine_modes

from .conftest import ROOT

N = 12


@pytest.fixture
def benchmark():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        import theory_results

        yield theory_results


def chains_of(covariance, count, seed):
    """Traces whose cosine modes have exactly this covariance, or one drawn from it (seed > 0)."""
    root = torch.linalg.cholesky(covariance)
    noise = torch.randn(
        count, N - 1, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    if not seed:
        sample = torch.einsum("sia,sja->ij", noise, noise) / (3 * count)
        noise = torch.linalg.solve(torch.linalg.cholesky(sample), noise)
    return cosine_modes(N)[1:].T @ (root @ noise)


def coupled(correlation):
    """Variances that fall by a factor of two, and one correlation of the modes 1 and 2."""
    covariance = torch.diag(0.5 ** torch.arange(N - 1, dtype=torch.float64))
    covariance[0, 1] = covariance[1, 0] = correlation * 0.5**0.5
    return covariance


def test_modes_that_are_principal_components(benchmark):
    found = benchmark.principal_beside_cosine(
        chains_of(coupled(0), 200, 0), chains_of(coupled(0), 500, 1)
    )
    np.testing.assert_allclose(found["overlap"], 1, atol=1e-9)
    assert found["outside"] == pytest.approx(0, abs=1e-12)
    assert found["leading"] == pytest.approx(1) and found["kl"] == pytest.approx(0, abs=1e-12)
    assert found["gain"] == pytest.approx(0, abs=1e-12) and found["kl_haar"] > 0.1
    assert found["mode"].tolist() == list(range(1, 11))


def test_two_coupled_modes(benchmark):
    """Of two modes of correlation r the KL is -ln(1 - r²)/2 a coordinate; their angle is known."""
    r, ratio = 0.6, 0.5
    found = benchmark.principal_beside_cosine(
        chains_of(coupled(r), 200, 0), chains_of(coupled(r), 4000, 1)
    )
    assert found["kl"] == pytest.approx(-1.5 * np.log(1 - r**2) / N)
    angle = 0.5 * np.arctan2(2 * r * ratio**0.5, 1 - ratio)
    np.testing.assert_allclose(found["overlap"][:2], np.cos(angle), atol=1e-9)
    np.testing.assert_allclose(found["overlap"][2:], 1, atol=1e-9)
    squares = (0.25 ** np.arange(N - 1)).sum()
    assert found["outside"] == pytest.approx(1 / (1 + squares / (2 * r**2 * ratio)))
    assert abs(found["gain"] - found["kl"]) < 3 * found["gain_error"] < 0.05


def test_diagonal_in_haar_wavelets(benchmark):
    """White noise has no correlations in either basis, whatever the wavelets are."""
    white = torch.eye(N - 1, dtype=torch.float64)
    found = benchmark.principal_beside_cosine(chains_of(white, 200, 0), chains_of(white, 9, 1))
    assert found["kl"] == pytest.approx(0, abs=1e-12)
    assert found["kl_haar"] == pytest.approx(0, abs=1e-12)


def test_a_fit_to_few_chains_gains_nothing(benchmark):
    """Modes without any correlation: what few chains show is noise, and held-out chains say so."""
    found = benchmark.principal_beside_cosine(
        chains_of(coupled(0), 8, 2), chains_of(coupled(0), 500, 1)
    )
    assert found["kl"] > 0.1 and found["gain"] < -0.1


def test_pieces_are_the_middle(benchmark):
    chains = [np.arange(3.0 * n).reshape(n, 3) for n in (9, 12, 15, 30)]
    cut = benchmark.pieces(chains, 12, 20)
    assert [float(part[0, 0]) / 3 for part in cut] == [0, 1] and cut.shape == (2, 12, 3)
