"""Amplitudes of a smaller bond, nearest in the two-norm: truncated singular values at every cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from .mps import MPS

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["compressed"]


def compressed(mps: MPS, bond: int, length: int | None = None) -> MPS:
    """The state with at most `bond` singular values at every cut, and matrices for every site.

    Parameters
    ----------
    mps : MPS
        With matrices for every site, or for strings of `length`.
    bond : int
    length : int, optional
    """
    blocks = [m.transpose(0, 1) for m in mps.matrices(length or len(mps.sites))]
    blocks[0] = torch.einsum("a,asc->sc", mps.left, blocks[0])[None]
    blocks[-1] = torch.einsum("asc,c->as", blocks[-1], mps.right)[..., None]
    for site in reversed(range(1, len(blocks))):  # right-orthonormal
        rows, symbols, columns = blocks[site].shape
        q, r = torch.linalg.qr(blocks[site].reshape(rows, symbols * columns).T)
        blocks[site] = q.T.reshape(-1, symbols, columns)
        blocks[site - 1] = torch.einsum("asb,cb->asc", blocks[site - 1], r / r.abs().max())
    for site in range(len(blocks) - 1):  # truncated from the left
        rows, symbols, columns = blocks[site].shape
        u, s, v = torch.linalg.svd(blocks[site].reshape(-1, columns), full_matrices=False)
        kept = min(bond, len(s))
        blocks[site] = u[:, :kept].reshape(rows, symbols, kept)
        carried = s[:kept, None] * v[:kept] / s[0]
        blocks[site + 1] = torch.einsum("ab,bsc->asc", carried, blocks[site + 1])
    return _squared(blocks, mps.symbols)


def _squared(blocks: list[Tensor], symbols: int) -> MPS:
    """Blocks of various bonds in matrices of one size, filled up with zeros."""
    bond = max(max(block.shape[0], block.shape[2]) for block in blocks)
    sites = blocks[0].new_zeros(len(blocks), symbols, bond, bond)
    for site, block in enumerate(blocks):
        sites[site, :, : block.shape[0], : block.shape[2]] = block.transpose(0, 1)
    end = torch.eye(bond, dtype=sites.dtype)[0]
    return MPS(end, sites, end)
