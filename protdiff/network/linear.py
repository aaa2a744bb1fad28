"""Equivariant linear maps and products of scalars (..., S) and vectors (..., 3, V).

The multiplicity comes last, not the component as in e3nn's own features: mixing is then a product
of matrices, and nothing has to be transposed.
"""

import torch
from e3nn import o3

__all__ = ["Linear", "cross"]


class Linear(o3.Linear):
    """e3nn's, as two products of matrices; in 16 bits if `in_bf16` is set.

    What goes in and comes out keeps its precision. Positions, distances and attention stay in 32
    bits: 8 bits of mantissa would displace residues.
    """

    in_bf16 = False

    def matrices(self):
        """Matrices (in, out) of every irrep, e3nn's normalization included."""
        views = self.weight_views(yield_instruction=True)
        return [path.path_weight * weight for _, path, weight in views]

    def product(self, features, matrix):
        """`features` (..., in) times a matrix, or several."""
        if not self.in_bf16:
            return features @ matrix
        return (features.bfloat16() @ matrix.bfloat16()).to(features.dtype)

    def forward(self, s, v):
        """Scalars (..., out) from (..., in), and vectors (..., 3, out) from (..., 3, in)."""
        return tuple(map(self.product, (s, v), self.matrices()))


def cross(a, b):
    """Cross products of vectors (..., 3, V): `torch.linalg.cross` is slow on this axis."""
    (ax, ay, az), (bx, by, bz) = a.unbind(-2), b.unbind(-2)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -2)
