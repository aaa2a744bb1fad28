"""Components of chains in a basis, and back, in batches of any lengths."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

from .modes import BASES, cosine_modes

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from .modes import Lengths, Matrix

    Chains = Float[Tensor, "batch size 3"]

__all__ = ["basis_matrices", "to_coords", "to_modes", "trace_components"]


def to_modes(coords: Chains, lengths: Lengths, basis: str = "cosine") -> Chains:
    """Amplitudes of the modes of a batch of chains.

    Padding the coordinates and using one matrix of the padded length would be wrong: every chain
    needs the modes of its own length.

    Parameters
    ----------
    coords : Tensor, shape (B, size, 3)
        What lies beyond the end of a chain is ignored.
    lengths : sequence of int, or Tensor of int64 on the device of `coords`
        A tensor never has to be copied to the CPU, so training on an accelerator does not wait.
    basis : str
        Key of `BASES`.

    Returns
    -------
    Tensor, shape (B, size, 3)
        Zero beyond the end of a chain.

    Examples
    --------
    >>> import torch
    >>> from protdiff.flow import to_coords, to_modes
    >>> x = torch.randn(2, 20, 3, dtype=torch.float64)
    >>> torch.allclose(to_coords(to_modes(x, [20, 20]), [20, 20]), x)
    True
    """
    return _transform(coords, lengths, basis)


def to_coords(amplitudes: Chains, lengths: Lengths, basis: str = "cosine") -> Chains:
    """Coordinates of modes; the inverse of `to_modes`."""
    return _transform(amplitudes, lengths, basis, inverse=True)


def _transform(x: Chains, lengths: Lengths, basis: str, inverse: bool = False) -> Chains:
    """Product of every chain with the matrix of its length: one product per length."""
    if isinstance(lengths, torch.Tensor):
        matrices = basis_matrices(lengths, x.shape[1], basis, x.dtype)
        return (matrices.mT if inverse else matrices) @ x

    def matrix(n: int) -> Matrix:
        modes = BASES[basis].modes(n)
        return modes.T if inverse else modes

    rows: dict[int, list[int]] = {}
    for row, n in enumerate(lengths):
        rows.setdefault(int(n), []).append(row)
    if list(rows) == [x.shape[1]]:
        return _product(matrix(x.shape[1]), x)
    out = torch.zeros_like(x)
    for n, of_length in rows.items():
        # A slice is a view where a list of one row would copy.
        chosen = slice(of_length[0], of_length[0] + 1) if len(of_length) == 1 else of_length
        out[chosen, :n] = _product(matrix(n), x[chosen, :n])
    return out


def basis_matrices(
    lengths: Lengths, size: int, basis: str = "cosine", dtype: torch.dtype = torch.float64
) -> Float[Tensor, "batch {size} {size}"]:
    """Matrix of every chain, one row per component, zero in the padding.

    On the device of `lengths`, if they are a tensor; it never has to be copied to the CPU.
    """
    if not isinstance(lengths, torch.Tensor):
        out = torch.zeros(len(lengths), size, size, dtype=dtype)
        for matrix, n in zip(out, lengths, strict=True):
            matrix[:n, :n] = BASES[basis].modes(int(n))
        return out
    if BASES[basis].modes is cosine_modes:
        return _cosine_batch(lengths, size, dtype)
    return _matrix_table(size, basis, dtype, lengths.device)[lengths]


@lru_cache(maxsize=16)
def _matrix_table(
    size: int, basis: str, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "{size}+1 {size} {size}"]:
    """Matrices of all lengths up to `size`, zero in the padding."""
    with torch.inference_mode(False):
        table = basis_matrices([*range(1, size + 1)], size, basis, dtype)
        return torch.cat([torch.zeros_like(table[:1]), table]).to(device)


def trace_components(coords: Chains, lengths: Lengths, basis: str = "cosine") -> Chains:
    """Components of the trace as flows have them: those of `to_modes` without the centroid.

    Where the basis has no component for the centroid, the chains must be centred.
    """
    modes = to_modes(coords, lengths, basis)
    if BASES[basis].centroid:
        modes[:, 0] = 0
    return modes


def _cosine_batch(
    lengths: Int[Tensor, "batch"], size: int, dtype: torch.dtype
) -> Float[Tensor, "batch {size} {size}"]:
    """`cosine_modes` of every chain, zero in the padding."""
    n = lengths[:, None, None]
    index = torch.arange(size, device=n.device)
    turns = index[:, None] * (2 * index + 1) % (4 * n)  # whole numbers: the angle stays small
    modes = torch.cos(turns.to(dtype) * (torch.pi / (2 * n)).to(dtype))
    modes = modes * torch.where(index[:, None] > 0, 2 / n, 1 / n).sqrt().to(dtype)
    return modes * ((index[:, None] < n) & (index < n))


def _product(matrix: Matrix, x: Chains) -> Chains:
    """Matrix times every chain, as one large product."""
    batch, n, axes = x.shape
    flat = matrix.to(x) @ x.transpose(0, 1).reshape(n, batch * axes)
    return flat.reshape(n, batch, axes).transpose(0, 1)
