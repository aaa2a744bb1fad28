"""Equivariant layers of the score network, on e3nn features "Sx0e + Vx1e".

All irreps are even: the group is SO(3), not O(3), so cross products mix freely with vectors and
the network can tell a right-handed helix from a left-handed one.
"""

import torch
from e3nn import o3
from e3nn.nn import Gate
from torch import nn

from .neighbours import blocks, joined, keyed

__all__ = ["Attention", "EquivariantNorm", "FeedForward", "Layer", "Linear", "PairBias", "split"]


def split(features, scalars):
    """Scalars (..., S) and vectors (..., V, 3) of flat e3nn features (..., S + 3V)."""
    return features[..., :scalars], features[..., scalars:].unflatten(-1, (-1, 3))


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

    def forward(self, features, embedding):
        """(B, M, S + 3V) from features of the same shape and an embedding (B, E)."""
        s, v = split(features, self.sizes[0])
        shift, scale, stretch = self.modulation(embedding)[:, None].split(self.sizes, -1)
        s = nn.functional.layer_norm(s, s.shape[-1:]) * (1 + scale) + shift
        v = v * (v.square().sum(-1).mean(-1) + 1e-4).rsqrt()[..., None, None]
        return torch.cat([s, (v * (1 + stretch)[..., None]).flatten(-2)], -1)


class Linear(o3.Linear):
    """e3nn's, in 16 bits if `in_bf16` is set; what goes in and comes out keeps its precision.

    Positions, distances and attention stay in 32 bits: 8 bits of mantissa would displace residues.
    """

    in_bf16 = False

    def forward(self, features):
        if not self.in_bf16:
            return super().forward(features)
        with torch.autocast(features.device.type, torch.bfloat16):
            return super().forward(features).to(features.dtype)


class PairBias(nn.Module):
    """Attention bias of every layer and head, from bead distance and separation along the chain.

    Made once per call for all layers. Each head starts with its own decay, from very local to
    global: without that, attention over all pairs does not start to learn.

    Parameters
    ----------
    layers, heads : int
    previous : bool
        Whether distances in an earlier estimate may be given.
    radial : int
        Gaussian radial functions between 0 and `reach` bead spacings.
    """

    def __init__(
        self, layers, heads, previous=False, radial=16, hidden=24, max_separation=24, reach=8.0
    ):
        super().__init__()
        self.layers, self.heads, self.max_separation = layers, heads, max_separation
        self.register_buffer("centres", torch.linspace(0, reach, radial), persistent=False)
        self.sharpness = (radial / reach) ** 2 / 2
        self.radial = nn.Linear(radial, hidden, bias=False)
        self.separation = nn.Embedding(2 * max_separation + 1, hidden)
        self.mix = nn.Linear(hidden + 2, layers * heads)
        nn.init.normal_(self.separation.weight, std=0.5)
        with torch.no_grad():
            self.mix.weight.mul_(0.5)
            decay = 2.0 ** -torch.arange(heads).float()
            self.mix.weight[:, hidden] = -2 * decay.repeat(layers)
            self.mix.weight[:, hidden + 1] = -2 * decay.flip(0).repeat(layers)
        if previous:
            self.previous = nn.Linear(radial, hidden, bias=False)
            nn.init.zeros_(self.previous.weight)

    def _radial(self, flat):
        return torch.exp(-self.sharpness * (flat - self.centres[:, None]) ** 2)

    def forward(self, distance, separation, previous=None):
        """Bias of every layer, a list of (B, H, Q, K).

        Parameters
        ----------
        distance : Tensor, shape (B, Q, K)
            In bead units.
        separation : Tensor, shape (B or 1, Q, K), int
            Along the chain, from the query to the key.
        previous : Tensor, shape (B, Q, K), optional
            Distances in an earlier estimate.
        """
        batch, *shape = distance.shape
        bucket = separation.clamp(-self.max_separation, self.max_separation) + self.max_separation
        flat = distance.flatten(1)[:, None]
        along = self.separation(bucket.flatten(1)).mT  # (B or 1, hidden, Q·K)
        pair = self.radial.weight @ self._radial(flat) + along
        if previous is not None:
            pair = pair + self.previous.weight @ self._radial(previous.flatten(1)[:, None])
        pair = nn.functional.silu(pair)
        log_separation = separation.abs().to(pair.dtype).log1p().flatten(1)[:, None]
        pair = torch.cat([pair, flat, log_separation.expand(batch, -1, -1)], 1)
        bias = self.mix.weight @ pair + self.mix.bias[:, None]
        return bias.view(batch, self.layers, self.heads, *shape).unbind(1)


class Attention(nn.Module):
    """Attention over pairs of beads with equivariant messages.

    Every head has one weight a_ij per pair; messages along the edge r_ij = x_j - x_i use
    b_ij = a_ij / (1 + |r_ij|). Because r_ij is a difference, the sums of b_ij r_ij s_j,
    b_ij r_ij·v_j and b_ij r_ij×v_j (the l = 0 and 1 paths of the tensor product with the edge's
    spherical harmonics) split into matrix products over beads: no tensor of the size pairs ×
    channels is ever made.
    """

    def __init__(self, scalars, vectors, heads, scalar_keys=16, vector_keys=4, values=16, edges=4):
        super().__init__()
        self.scalars, self.heads = scalars, heads
        self.scalar_sizes = [scalar_keys, scalar_keys, values, edges]  # q, k, value, s along r
        self.vector_sizes = [vector_keys, vector_keys, 1, 1, edges, edges]  # q, k, f, g, value, v
        irreps = o3.Irreps(f"{scalars}x0e + {vectors}x1e")
        self.project = Linear(
            irreps, f"{heads * sum(self.scalar_sizes)}x0e + {heads * sum(self.vector_sizes)}x1e"
        )
        self.out = Linear(f"{heads * (values + edges)}x0e + {heads * 3 * edges}x1e", irreps)
        self.scale = (scalar_keys + 3 * vector_keys) ** -0.5

    def forward(self, features, x, bias, inverse, keys=None):
        """Update of the features.

        Parameters
        ----------
        features : Tensor, shape (B, M, S + 3V)
        x : Tensor, shape (B, M, 3)
            Bead positions in bead units.
        bias : Tensor, shape (B, H, M, M) or (B·C, H, BLOCK, KEYS)
            Added to the logits; large and negative at padded keys.
        inverse : Tensor, shape (B, 1, M, M) or (B·C, 1, BLOCK, KEYS)
            1 / (1 + |r_ij|).
        keys : Tensor, shape (B, C, KEYS), optional
            See `neighbours`; all pairs without.
        """
        batch, size, _ = features.shape
        s, v = split(self.project(features), self.heads * sum(self.scalar_sizes))
        s = s.view(batch, size, self.heads, -1).transpose(1, 2)
        v = v.view(batch, size, self.heads, -1, 3).transpose(1, 2)
        q, k, value, along = s.split(self.scalar_sizes, -1)
        vq, vk, f, g, vvalue, vedge = v.split(self.vector_sizes, -2)
        x = x[:, None]

        query = blocks(torch.cat([q, vq.flatten(-2)], -1) * self.scale, keys)
        key = keyed(torch.cat([k, vk.flatten(-2)], -1), keys)
        logits = torch.baddbmm(
            bias.flatten(0, 1), query.flatten(0, 1), key.flatten(0, 1).mT
        ).view_as(bias)
        # r_ij·f_i + r_ij·g_j: where the neighbour lies in this bead's frame, and the reverse
        f, g, wide = f.squeeze(-2), g.squeeze(-2), x.expand(-1, self.heads, -1, -1)
        one = torch.ones_like(f[..., :1])
        left = torch.cat([f, wide, (f * x).sum(-1, keepdim=True), one], -1)
        right = torch.cat([wide, -g, -one, (g * x).sum(-1, keepdim=True)], -1)
        logits = torch.addcmul(logits, blocks(left, keys) @ keyed(right, keys).mT, inverse)
        weight = logits.softmax(-1)

        plain = weight @ keyed(torch.cat([value, vvalue.flatten(-2)], -1), keys)
        plain = joined(plain, keys, size)
        origin = x[..., None, :]
        edge_values = [
            along,
            (along[..., None] * origin).flatten(-2),
            (vedge * origin).sum(-1),
            vedge.flatten(-2),
            torch.linalg.cross(origin, vedge, dim=-1).flatten(-2),
        ]
        e = along.shape[-1]
        edge = (weight * inverse) @ keyed(torch.cat(edge_values, -1), keys)
        edge = joined(edge, keys, size)
        total, moment, dot, vsum, cross = edge.split([e, 3 * e, e, 3 * e, 3 * e], -1)
        vsum = vsum.unflatten(-1, (-1, 3))
        toward = moment.unflatten(-1, (-1, 3)) - origin * total[..., None]
        dot = dot - (origin * vsum).sum(-1)
        cross = cross.unflatten(-1, (-1, 3)) - torch.linalg.cross(origin, vsum, dim=-1)

        def merge(parts):
            return torch.cat(parts, -1).transpose(1, 2).flatten(2)

        vectors = [plain[..., value.shape[-1] :], toward.flatten(-2), cross.flatten(-2)]
        return self.out(
            torch.cat([merge([plain[..., : value.shape[-1]], dot]), merge(vectors)], -1)
        )


class FeedForward(nn.Module):
    """Gated update of every bead, with dot and cross products of its own vectors."""

    def __init__(self, scalars, vectors, hidden, products):
        super().__init__()
        irreps = o3.Irreps(f"{scalars}x0e + {vectors}x1e")
        self.hidden, self.products = hidden, products
        self.expand = Linear(irreps, f"{hidden + 2 * products}x0e + {2 * products}x1e")
        self.gate = Gate(
            f"{hidden + products}x0e",
            [nn.functional.silu],
            f"{2 * products}x0e",
            [torch.sigmoid],
            f"{2 * products}x1e",
        )
        self.contract = Linear(self.gate.irreps_out, irreps)

    def forward(self, features):
        """(B, M, S + 3V) from the same shape."""
        s, v = split(self.expand(features), self.hidden + 2 * self.products)
        a, b = v.split(self.products, -2)
        s, gates = s.split([self.hidden, 2 * self.products], -1)
        dot = (a * b).sum(-1) * 3**-0.5
        cross = torch.linalg.cross(a, b, dim=-1)
        return self.contract(
            self.gate(torch.cat([s, dot, gates, torch.cat([a, cross], -2).flatten(-2)], -1))
        )


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm and added to the features."""

    def __init__(self, scalars, vectors, heads, hidden, products, conditioning):
        super().__init__()
        self.norms = nn.ModuleList(EquivariantNorm(scalars, vectors, conditioning) for _ in "12")
        self.attention = Attention(scalars, vectors, heads)
        self.feed_forward = FeedForward(scalars, vectors, hidden, products)

    def forward(self, features, embedding, x, bias, inverse, keys=None):
        """Features after the layer; arguments as in `Attention`."""
        normed = self.norms[0](features, embedding)
        features = features + self.attention(normed, x, bias, inverse, keys)
        return features + self.feed_forward(self.norms[1](features, embedding))
