"""A chain of a model in the place of one of the reference, and how well parts of them superpose.

All that a superposition needs of some points are sums over them. They are made once for every
residue, and those of any set of residues follow by addition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from ...structure.superposition import largest_trace, rotation_of

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .complex_atoms import ComplexAtoms

    #: Per set of pairs of points x and y: their number, the sums of x, of y, of |x|² + |y|² and
    #: of the products of the coordinates.
    Sums = Float[np.ndarray, "*batch 17"]

__all__ = ["PairedChain", "moved_rmsd", "paired_chain", "rmsd_of"]


class PairedChain(NamedTuple):
    """A chain of a model in the place of one of the reference.

    Attributes
    ----------
    partner : ndarray of int, shape (residues,)
        Residue of the model for each one of the chain of the reference; -1 where it has none.
    sums : ndarray, shape (residues, 17)
        Sums over the atoms N, CA, C and O that both have.
    """

    partner: Int[np.ndarray, " residues"]
    sums: Sums

    @property
    def covered(self) -> Bool[np.ndarray, " residues"]:
        """Which residues of the chain of the reference have a partner."""
        return self.partner >= 0


def paired_chain(
    model: ComplexAtoms,
    reference: ComplexAtoms,
    chain: int,
    residues: Int[np.ndarray, "aligned 2"],
) -> PairedChain:
    """The pairs of residues of a chain of the reference, and sums over their atoms.

    Parameters
    ----------
    model, reference : ComplexAtoms
    chain : int
        Chain of the reference.
    residues : ndarray of int, shape (aligned, 2)
        Residues that correspond, model first.
    """
    rows = np.flatnonzero(reference.chain == chain)
    partner = np.full(len(reference.chain), -1)
    partner[residues[:, 1]] = residues[:, 0]
    partner = partner[rows]
    x, y = model.backbone[partner], reference.backbone[rows]
    both = np.isfinite(x).all(-1) & np.isfinite(y).all(-1) & (partner >= 0)[:, None]
    # Near the origin, where squares of coordinates keep their digits.
    x = np.where(both[..., None], x - np.nanmean(model.backbone, axis=(0, 1)), 0)
    y = np.where(both[..., None], y - np.nanmean(reference.backbone, axis=(0, 1)), 0)
    squares = (x * x + y * y).sum((1, 2))[:, None]
    products = np.einsum("rai,raj->rij", x, y).reshape(len(rows), 9)
    parts = [both.sum(1, keepdims=True).astype(float), x.sum(1), y.sum(1), squares, products]
    return PairedChain(partner, np.concatenate(parts, 1))


def rmsd_of(sums: Sums) -> Float[np.ndarray, "*batch"]:
    """Rmsd of sets of points after their own superposition, Å; infinite without points."""
    n, x, y, squares, covariance = _centred(sums)
    trace = largest_trace(covariance).numpy()
    squares = squares - ((x * x).sum(-1) + (y * y).sum(-1)) / n.clip(1)
    return _root(squares - 2 * trace, n)


def moved_rmsd(fitted: Sums, sums: Sums) -> Float[np.ndarray, "*batch"]:
    """Rmsd of sets of points when others, `fitted`, are superposed; Å, infinite without points."""
    n, x, y, _, covariance = _centred(fitted)
    rotation = rotation_of(covariance).numpy()
    shift = (y - np.einsum("...i,...ij->...j", x, rotation)) / n.clip(1)[..., None]
    count, x, y, squares, products = _split(sums)
    turned = np.einsum("...i,...ij->...j", x, rotation)
    total = squares + count * (shift * shift).sum(-1) + 2 * ((turned - y) * shift).sum(-1)
    total = total - 2 * (rotation * products).sum((-1, -2))
    return _root(total, np.where(n > 0, count, 0))


def _split(sums: Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Number, sums of x and y, of the squares, and of the products as matrices."""
    n, x, y, squares, products = np.split(sums, [1, 4, 7, 8], axis=-1)
    return n[..., 0], x, y, squares[..., 0], products.reshape(*sums.shape[:-1], 3, 3)


def _centred(sums: Sums) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Tensor]:
    """The same with products about the centroids."""
    n, x, y, squares, products = _split(sums)
    centred = products - x[..., :, None] * y[..., None, :] / n.clip(1)[..., None, None]
    return n, x, y, squares, torch.from_numpy(centred)


def _root(total: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Root of a mean square, at least 0."""
    return np.where(n > 0, np.sqrt(total.clip(0) / n.clip(1)), np.inf)
