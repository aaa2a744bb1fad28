"""Equivariant layers of the score network, on features "Sx0e + Vx1e" of e3nn.

Features are a pair, scalars (B, M, S) and vectors (B, M, 3, V). All irreps are even: the group is
SO(3), not O(3), so cross products mix freely with vectors and the network can tell a right-handed
helix from a left-handed one.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import torch
from e3nn.math import normalize2mom
from torch import nn

from .attention import Attention
from .linear import Linear, cross

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Float, Int
    from torch import Tensor

    Scalars = Float[Tensor, "batch beads scalars"]
    Vectors = Float[Tensor, "batch beads 3 vectors"]

__all__ = ["EquivariantNorm", "FeedForward", "Layer"]


class EquivariantNorm(nn.Module):
    """Layer norm for scalars, root-mean-square norm for vectors, then a scale from the time.

    Parameters
    ----------
    scalars, vectors : int
        Channels.
    conditioning : int
        Width of the embedding, one per chain, from which shift and scales are computed.
    """

    def __init__(self, scalars: int, vectors: int, conditioning: int) -> None:
        super().__init__()
        self.sizes = (scalars, scalars, vectors)
        self.modulation = nn.Linear(conditioning, sum(self.sizes))
        nn.init.normal_(self.modulation.weight, std=0.02)
        nn.init.zeros_(self.modulation.bias)

    def forward(
        self, s: Scalars, v: Vectors, embedding: Float[Tensor, "batch embedding"]
    ) -> tuple[Scalars, Vectors]:
        """Normalised features."""
        shift, scale, stretch = self.modulation(embedding)[:, None].split(self.sizes, -1)
        s = torch.addcmul(shift, nn.functional.layer_norm(s, s.shape[-1:]), 1 + scale)
        size = (v.flatten(-2).square().sum(-1) / v.shape[-1] + 1e-4).rsqrt()
        return s, v * (size[..., None, None] * (1 + stretch)[..., None, :])


@cache
def _gain(activation: Callable[[Tensor], Tensor]) -> float:
    """Factor with which an activation keeps the second moment of normal numbers.

    e3nn draws a million of them, always the same, each time.
    """
    return cast("float", normalize2mom(activation).cst)


class FeedForward(nn.Module):
    """Gated update of every bead, with dot and cross products of its own vectors.

    Parameters
    ----------
    scalars, vectors : int
        Channels.
    hidden : int
        Hidden scalars.
    products : int
        Pairs of vectors that are multiplied.
    """

    def __init__(self, scalars: int, vectors: int, hidden: int, products: int) -> None:
        super().__init__()
        irreps = f"{scalars}x0e + {vectors}x1e"
        self.hidden, self.products = hidden, products
        self.expand = Linear(irreps, f"{hidden + 2 * products}x0e + {2 * products}x1e")
        self.contract = Linear(f"{hidden + products}x0e + {2 * products}x1e", irreps)
        # Like e3nn's `Gate`.
        self.silu_gain, self.sigmoid_gain = _gain(nn.functional.silu), _gain(torch.sigmoid)
        self.register_load_state_dict_pre_hook(_without_gate)

    def forward(self, s: Scalars, v: Vectors) -> tuple[Scalars, Vectors]:
        """Update of the features."""
        s, v = self.expand(s, v)
        a, b = v.split(self.products, -1)
        s, gates = s.split([self.hidden, 2 * self.products], -1)
        s = nn.functional.silu(torch.cat([s, (a * b).sum(-2) * 3**-0.5], -1)) * self.silu_gain
        gates = gates.sigmoid() * self.sigmoid_gain
        return self.contract(s, torch.cat([a, cross(a, b)], -1) * gates[..., None, :])


def _without_gate(_module: nn.Module, tensors: dict[str, Tensor], prefix: str, *_: Any) -> None:
    """Drop the empty tensors of e3nn's `Gate`, which old weights files have for this layer."""
    for name in [name for name in tensors if name.startswith(f"{prefix}gate.")]:
        del tensors[name]


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm and added to the features."""

    def __init__(
        self, scalars: int, vectors: int, heads: int, hidden: int, products: int, conditioning: int
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(
            EquivariantNorm(scalars, vectors, conditioning) for _ in range(2)
        )
        self.attention = Attention(scalars, vectors, heads)
        self.feed_forward = FeedForward(scalars, vectors, hidden, products)

    def forward(
        self,
        s: Scalars,
        v: Vectors,
        embedding: Float[Tensor, "batch embedding"],
        x: Float[Tensor, "batch beads 3"],
        bias: Float[Tensor, "heads rows queries keys"],
        inverse: Float[Tensor, "rows queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None = None,
    ) -> tuple[Scalars, Vectors]:
        """Features after the layer; arguments as in `Attention`."""
        ds, dv = self.attention(*self.norms[0](s, v, embedding), x, bias, inverse, keys)
        s, v = s + ds, v + dv
        ds, dv = self.feed_forward(*self.norms[1](s, v, embedding))
        return s + ds, v + dv
