"""Cosine modes: against their definition, the path Laplacian and SciPy's DCT."""

import pytest
import scipy.fft
import torch

from protdiff.flow import (
    BASES,
    chain_momenta,
    cosine_modes,
    principal_modes,
    to_coords,
    to_modes,
)
from protdiff.flow.modes import haar_modes


@pytest.mark.parametrize("n", [8, 32, 128, 512])
def test_modes_are_orthonormal_eigenvectors_of_the_path_laplacian(n):
    modes = cosine_modes(n)
    laplacian = 2 * torch.eye(n, dtype=torch.float64)
    laplacian -= torch.diag(torch.ones(n - 1), 1) + torch.diag(torch.ones(n - 1), -1)
    laplacian[0, 0] = laplacian[-1, -1] = 1
    eigenvalues = 4 * torch.sin(torch.pi / n * torch.arange(n, dtype=torch.float64) / 2) ** 2
    # Rounding: docs/theory.md 1.1 finds 1.2e-14 at N = 512.
    assert (modes @ modes.T - torch.eye(n)).abs().max() < 1e-12
    assert (modes @ laplacian - eigenvalues[:, None] * modes).abs().max() < 1e-12


def test_modes_agree_with_scipy():
    x = torch.randn(1, 37, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = torch.from_numpy(scipy.fft.dct(x.numpy(), axis=1, norm="ortho"))
    assert torch.allclose(to_modes(x, [37]), expected, rtol=0, atol=1e-12)


def test_mode_zero_is_the_centroid():
    x = torch.randn(20, 3, dtype=torch.float64)
    assert torch.allclose((cosine_modes(20) @ x)[0], 20**0.5 * x.mean(0), atol=1e-12)


def test_a_padded_batch_has_the_modes_of_each_chain():
    lengths, size = [9, 16, 12], 18
    x = torch.randn(3, size, 3, dtype=torch.float64)
    for row, n in zip(x, lengths, strict=True):
        row[n:] = 0
    amplitudes = to_modes(x, lengths)
    for row, n, modes in zip(x, lengths, amplitudes, strict=True):
        # Rounding only; one matrix of the padded length would be wrong by about 1.
        assert torch.allclose(modes[:n], cosine_modes(n) @ row[:n], atol=1e-13)
        assert (modes[n:] == 0).all()
    assert torch.allclose(to_coords(amplitudes, lengths), x, atol=1e-13)


@pytest.mark.parametrize("basis", BASES)
def test_a_chain_has_the_same_modes_in_any_company(basis):
    x = torch.randn(5, 15, 3, dtype=torch.float64)
    lengths = [12, 15, 12, 9, 12]
    together = to_modes(x, lengths, basis)
    for row, n in enumerate(lengths):
        alone = to_modes(x[row : row + 1, :n], [n], basis)
        assert torch.allclose(together[row, :n], alone[0], rtol=0, atol=1e-13)
        assert torch.allclose(alone[0], BASES[basis].modes(n) @ x[row, :n], rtol=0, atol=1e-13)
        assert (together[row, n:] == 0).all()
        back = to_coords(alone, [n], basis)
        assert torch.allclose(back[0], x[row, :n], rtol=0, atol=1e-13)


def test_momenta_and_mask():
    momenta, mask = chain_momenta([4, 6])
    assert mask.tolist() == [[False, True, True, True, False, False], [False] + [True] * 5]
    expected = torch.pi * torch.arange(1, 6, dtype=torch.float64) / 6
    assert torch.allclose(momenta[1, 1:], expected, atol=1e-15)
    assert (momenta[~mask] > 0).all()  # 1/k stays finite


def test_modes_first_made_in_inference_mode_still_carry_gradients():
    cosine_modes.cache_clear()
    with torch.inference_mode():
        cosine_modes(11)
    x = torch.randn(1, 11, 3, dtype=torch.float64, requires_grad=True)
    to_modes(x, [11]).square().sum().backward()
    assert torch.allclose(x.grad, 2 * x.detach(), atol=1e-12)  # V is orthonormal


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("n", [3, 8, 21, 64])
def test_every_basis_is_orthonormal_with_rising_momenta(name, n):
    basis = BASES[name]
    modes, momenta = basis.modes(n), basis.momenta(n)
    assert torch.allclose(modes @ modes.T, torch.eye(n).double(), atol=1e-12)
    assert (momenta > 0).all() and (momenta[1:].diff() >= 0).all()
    assert momenta.max() <= torch.pi + 1e-9
    if basis.centroid:
        assert torch.allclose(modes[0], torch.full((n,), n**-0.5).double())


def test_the_laplacian_basis_has_its_eigenvalues_as_squared_momenta():
    n = 20
    laplacian = torch.diag(torch.tensor([1.0] + [2.0] * (n - 2) + [1.0])).double()
    laplacian -= torch.diag(torch.ones(n - 1), 1) + torch.diag(torch.ones(n - 1), -1)
    basis = BASES["laplacian"]
    found = basis.modes(n) @ laplacian @ basis.modes(n).T
    expected = basis.momenta(n) ** 2
    assert torch.allclose(found[1:, 1:], torch.diag(expected[1:]), atol=1e-12)


def test_haar_wavelets_of_a_power_of_two_are_the_textbooks():
    h = haar_modes(4)
    expected = torch.tensor(
        [[1, 1, 1, 1], [1, 1, -1, -1], [2**0.5, -(2**0.5), 0, 0], [0, 0, 2**0.5, -(2**0.5)]]
    )
    assert torch.allclose(h, expected.double() / 2, atol=1e-7)


def test_principal_modes_diagonalise_the_covariance():
    generator = torch.Generator().manual_seed(0)
    mix = torch.randn(15, 15, generator=generator, dtype=torch.float64)
    chains = mix @ torch.randn(400, 15, 3, generator=generator, dtype=torch.float64) + 7
    modes, variance = principal_modes(chains)
    assert torch.allclose(modes @ modes.T, torch.eye(15).double(), atol=1e-10)
    assert torch.allclose(modes[0], torch.full((15,), 15**-0.5).double())
    scores = modes @ (chains - chains.mean(1, keepdim=True))
    covariance = torch.einsum("sia,sja->ij", scores, scores) / (3 * 400)
    assert torch.allclose(covariance, torch.diag(variance), atol=1e-9 * float(variance.max()))
    assert (variance[1:].diff() <= 0).all() and variance[0] == 0


def test_principal_modes_of_few_chains_are_still_a_basis():
    modes, variance = principal_modes(torch.randn(2, 12, 3))
    assert torch.allclose(modes @ modes.T, torch.eye(12).double(), atol=1e-10)
    assert (variance[7:] < 1e-9).all()  # two centred chains span at most six directions


def test_lengths_in_a_tensor_give_the_same_modes():
    lengths = [3, 40, 77, 512]
    x = torch.randn(4, 512, 3, generator=torch.Generator().manual_seed(0))
    for transform in (to_modes, to_coords):
        from_list, from_tensor = transform(x, lengths), transform(x, torch.tensor(lengths))
        torch.testing.assert_close(from_tensor, from_list, atol=5e-5, rtol=0)
        assert not from_tensor[0, 3:].any() and not from_tensor[1, 40:].any()
    lengths, x = [3, 40, 77], x[:3, :80]
    for basis in ("haar", "identity"):
        from_list, from_tensor = (to_modes(x, n, basis) for n in (lengths, torch.tensor(lengths)))
        torch.testing.assert_close(from_tensor, from_list, atol=5e-5, rtol=0)
