"""Equivariant layers of the score network, on features "Sx0e + Vx1e" of e3nn.

Features are a pair, scalars (B, M, S) and vectors (B, M, 3, V) (`linear`). All irreps are even: the
group is SO(3), not O(3), so cross products mix freely with vectors and the network can tell a
right-handed helix from a left-handed one.
"""

import torch
from e3nn import o3
from e3nn.math import normalize2mom
from torch import nn

from .attention import Attention
from .linear import Linear, cross

__all__ = ["EquivariantNorm", "FeedForward", "Layer"]


class EquivariantNorm(nn.Module):
    """Layer norm for scalars, root-mean-square norm for vectors, then a scale from the time.

    Parameters
    ----------
    scalars, vectors : int
    conditioning : int
        Width of the per-chain embedding from which shift and scales are made.
    """

    def __init__(self, scalars, vectors, conditioning):
        super().__init__()
        self.sizes = (scalars, scalars, vectors)
        self.modulation = nn.Linear(conditioning, sum(self.sizes))
        nn.init.normal_(self.modulation.weight, std=0.02)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, s, v, embedding):
        """Scalars and vectors of the same shapes, with an embedding (B, E)."""
        shift, scale, stretch = self.modulation(embedding)[:, None].split(self.sizes, -1)
        s = torch.addcmul(shift, nn.functional.layer_norm(s, s.shape[-1:]), 1 + scale)
        size = (v.flatten(-2).square().sum(-1) / v.shape[-1] + 1e-4).rsqrt()
        return s, v * (size[..., None, None] * (1 + stretch)[..., None, :])


class FeedForward(nn.Module):
    """Gated update of every bead, with dot and cross products of its own vectors."""

    def __init__(self, scalars, vectors, hidden, products):
        super().__init__()
        irreps = o3.Irreps(f"{scalars}x0e + {vectors}x1e")
        self.hidden, self.products = hidden, products
        self.expand = Linear(irreps, f"{hidden + 2 * products}x0e + {2 * products}x1e")
        self.contract = Linear(f"{hidden + products}x0e + {2 * products}x1e", irreps)
        # Both activations keep the second moment of normal numbers, like e3nn's `Gate`.
        self.gains = [normalize2mom(f).cst for f in (nn.functional.silu, torch.sigmoid)]
        self.register_load_state_dict_pre_hook(_without_gate)

    def forward(self, s, v):
        """Update (B, M, S) and (B, M, 3, V) from the same shapes."""
        s, v = self.expand(s, v)
        a, b = v.split(self.products, -1)
        s, gates = s.split([self.hidden, 2 * self.products], -1)
        s = nn.functional.silu(torch.cat([s, (a * b).sum(-2) * 3**-0.5], -1)) * self.gains[0]
        gates = gates.sigmoid() * self.gains[1]
        return self.contract(s, torch.cat([a, cross(a, b)], -1) * gates[..., None, :])


def _without_gate(_module, tensors, prefix, *_):
    """Weights written when this layer held e3nn's `Gate` carry its empty tensors."""
    for name in [name for name in tensors if name.startswith(f"{prefix}gate.")]:
        del tensors[name]


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm and added to the features."""

    def __init__(self, scalars, vectors, heads, hidden, products, conditioning):
        super().__init__()
        self.norms = nn.ModuleList(EquivariantNorm(scalars, vectors, conditioning) for _ in "12")
        self.attention = Attention(scalars, vectors, heads)
        self.feed_forward = FeedForward(scalars, vectors, hidden, products)

    def forward(self, s, v, embedding, x, bias, inverse, keys=None):
        """Features after the layer; arguments as in `Attention`."""
        ds, dv = self.attention(*self.norms[0](s, v, embedding), x, bias, inverse, keys)
        s, v = s + ds, v + dv
        ds, dv = self.feed_forward(*self.norms[1](s, v, embedding))
        return s + ds, v + dv
