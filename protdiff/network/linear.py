"""Equivariant linear maps and cross products of scalars (..., S) and vectors (..., 3, V).

The channels come last, not the component of the vector as in e3nn's own features: mixing channels
is then a matrix product, and nothing has to be transposed.
"""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import torch

from .quick_e3nn import o3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor, nn

__all__ = ["Linear", "VectorLinear", "cross", "flat_weight"]


class WithoutCode(o3.Linear):
    """e3nn's linear layer without the code that e3nn generates for its product."""

    def _codegen_register(self, funcs: Mapping[str, nn.Module]) -> None:
        """Keep no generated code: it would be compiled by TorchScript, and sent to processes."""


@lru_cache(maxsize=256)
def _made_once(irreps_in: o3.Irreps, irreps_out: o3.Irreps, dtype: torch.dtype) -> WithoutCode:
    """A layer to copy: e3nn takes most of the time in which a network is built, for its code."""
    with torch.random.fork_rng(devices=[]):
        return WithoutCode(irreps_in, irreps_out, _optimize_einsums=False).to(dtype)


class WeightsOfLinear(o3.Linear):
    """e3nn's linear layer, of which the weights and their normalization are used alone."""

    def __init__(self, irreps_in: str | o3.Irreps, irreps_out: str | o3.Irreps) -> None:
        like = _made_once(o3.Irreps(irreps_in), o3.Irreps(irreps_out), torch.get_default_dtype())
        self.__dict__.update(deepcopy(like.__dict__))
        torch.nn.init.normal_(flat_weight(self))  # as e3nn does

    def matrices(self) -> list[Float[Tensor, "channels_in channels_out"]]:
        """Matrices of the irreps, scalars first, with e3nn's normalization in them."""
        # e3nn gives (index, instruction, matrix) of every path; pyright takes a module's attribute
        # for a tensor.
        views = cast("Any", self).weight_views(yield_instruction=True)
        return [path.path_weight * weight for _, path, weight in views]


class VectorLinear(WeightsOfLinear):
    """e3nn's linear layer of vectors, whose channels come last."""

    def forward(self, v: Float[Tensor, "... 3 vectors_in"]) -> Float[Tensor, "... 3 vectors_out"]:
        """Vectors with mixed channels."""
        [matrix] = self.matrices()
        return v @ matrix


class Linear(WeightsOfLinear):
    """e3nn's linear layer computed as two matrix products; in 16 bits if `in_bf16` is set.

    Inputs and outputs keep their precision. Positions, distances and attention always stay in 32
    bits, because 8 bits of mantissa would displace residues.
    """

    in_bf16: bool = False

    def product(
        self, features: Float[Tensor, "... channels_in"], matrix: Float[Tensor, ...]
    ) -> Float[Tensor, ...]:
        """`features` times a matrix (in, out), or times a stack of matrices."""
        if not self.in_bf16:
            return features @ matrix
        return (features.bfloat16() @ matrix.bfloat16()).to(features.dtype)

    def forward(
        self, s: Float[Tensor, "... scalars_in"], v: Float[Tensor, "... 3 vectors_in"]
    ) -> tuple[Float[Tensor, "... scalars_out"], Float[Tensor, "... 3 vectors_out"]]:
        """Scalars and vectors with mixed channels."""
        for_scalars, for_vectors = self.matrices()
        return self.product(s, for_scalars), self.product(v, for_vectors)


def flat_weight(linear: o3.Linear) -> Float[Tensor, "weights"]:
    """All weights of a linear layer of e3nn, in one axis."""
    return cast("Tensor", linear.weight)


def cross(
    a: Float[Tensor, "... 3 vectors"], b: Float[Tensor, "... 3 vectors"]
) -> Float[Tensor, "... 3 vectors"]:
    """Cross products along the last axis but one, on which `torch.linalg.cross` is slow."""
    (ax, ay, az), (bx, by, bz) = a.unbind(-2), b.unbind(-2)
    return torch.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], -2)
