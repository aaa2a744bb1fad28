"""Attention over pairs of beads, and its bias.

Tensors of pairs have the heads first, (H, B, Q, K): what all heads share is multiplied in one
sweep. (B, Q, K) is (B, M, M), or (B·C, BLOCK, KEYS) where beads attend in blocks (`neighbours`).
"""

import torch
from e3nn import o3
from torch import nn

from .attention_blocks import blocks, joined, keyed
from .linear import Linear, cross

__all__ = ["Attention", "PairBias"]

#: Radial functions stop falling at e^-60: exp is seventy times slower where it underflows.
LOWEST = -60.0


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
        centres, sharpness = torch.linspace(0, reach, radial), (radial / reach) ** 2 / 2
        # Of -sharpness (distance - centre)²: coefficients of the distance squared, itself and 1.
        squares = torch.stack([torch.ones_like(centres), -2 * centres, centres.square()], 1)
        self.register_buffer("exponents", -sharpness * squares, persistent=False)
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

    def _radial(self, distances):
        """Radial functions (radial of the first, radial of the second …, pairs)."""
        d = torch.stack(distances)
        powers = torch.stack([d.square(), d, torch.ones_like(d)], 1)
        # One product of matrices: these are the largest tensors, and to sweep them costs most.
        return (self.exponents @ powers).clamp_min(LOWEST).exp_().flatten(0, 1)

    def _along(self, bucket):
        """Columns of the embedding of separations; (hidden, pairs)."""
        table = self.separation.weight.T
        if bucket.device.type == "cpu":
            return table[:, bucket]
        # The gradient of an index sorts all pairs on an accelerator; that of a product does not.
        places = torch.arange(table.shape[1], device=bucket.device)
        return table @ (places[:, None] == bucket).to(table.dtype)

    def forward(self, distance, separation, previous=None, blocked=None):
        """Bias of every layer, a list of (H, B, Q, K).

        Parameters
        ----------
        distance : Tensor, shape (B, Q, K)
            In bead units.
        separation : Tensor, shape (B or 1, Q, K), int
            Along the chain, from the query to the key.
        previous : Tensor, shape (B, Q, K), optional
            Distances in an earlier estimate.
        blocked : Tensor, shape (B, 1, K), optional
            Added to the logits of all queries; large and negative at keys that are not there.
        """
        shape, separation = distance.shape, separation.expand(-1, *distance.shape[1:])
        bucket = separation.clamp(-self.max_separation, self.max_separation) + self.max_separation
        distances, weights = [distance.flatten()], [self.radial.weight]
        if previous is not None:
            distances.append(previous.flatten())
            weights.append(self.previous.weight)
        pair = torch.cat(weights, 1) @ self._radial(distances)
        along = self._along(bucket.flatten())  # (hidden, B·Q·K or Q·K)
        pair = pair.unflatten(1, (-1, along.shape[1])) + along[:, None]
        log_separation = separation.abs().to(distance.dtype).log1p().expand(shape)
        rows, mix = [distance, log_separation, torch.ones_like(distance)], [self.mix.bias[:, None]]
        if blocked is not None:
            rows.append(blocked.expand(shape))
            mix.append(torch.ones_like(mix[0]))
        rows = torch.stack(rows).flatten(1)
        pair = torch.cat([nn.functional.silu(pair).flatten(1), rows])
        bias = torch.cat([self.mix.weight, *mix], 1) @ pair
        return bias.view(self.layers, self.heads, *shape).unbind()


def _moments(along, turning, origin):
    """What sums along edges need of every bead, (B, M, 11, H·e); see `_about`."""
    dot = (origin * turning).sum(-2, keepdim=True)
    return torch.cat([along, origin * along, dot, turning, cross(origin, turning)], -2)


def _about(moments, origin):
    """Sums of r_ij·v_j, of r_ij s_j and r_ij×v_j from the weighted sums of `_moments`."""
    total, first, dot, plain, turned = moments.split([1, 3, 1, 3, 3], -2)
    dot = dot - (origin * plain).sum(-2, keepdim=True)
    return dot, first - origin * total, turned - cross(origin, plain)


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
        self.heads = heads
        self.scalar_sizes = [scalar_keys, scalar_keys, values, edges]  # q, k, value, s along r
        self.vector_sizes = [vector_keys, vector_keys, 1, 1, edges, edges]  # q, k, f, g, value, v
        irreps = o3.Irreps(f"{scalars}x0e + {vectors}x1e")
        self.project = Linear(
            irreps, f"{heads * sum(self.scalar_sizes)}x0e + {heads * sum(self.vector_sizes)}x1e"
        )
        self.out = Linear(f"{heads * (values + edges)}x0e + {heads * 3 * edges}x1e", irreps)
        self.scale = (scalar_keys + 3 * vector_keys) ** -0.5

    def forward(self, s, v, x, bias, inverse, keys=None):
        """Update of the features.

        Parameters
        ----------
        s : Tensor, shape (B, M, S)
        v : Tensor, shape (B, M, 3, V)
        x : Tensor, shape (B, M, 3)
            Bead positions in bead units.
        bias : Tensor, shape (H, B, Q, K)
            Added to the logits; large and negative at padded keys.
        inverse : Tensor, shape (B, Q, K)
            1 / (1 + |r_ij|).
        keys : Tensor, shape (B, C, KEYS), optional
            See `neighbours`; all pairs without.
        """
        size, origin = x.shape[1], x[..., None]
        (q, k, value), (vq, vk, f, g, vvalue), edges = self._projected(s, v)

        query = blocks(torch.cat([q, vq.flatten(-2)], -1) * self.scale, keys)
        key = keyed(torch.cat([k, vk.flatten(-2)], -1), keys)
        logits = torch.baddbmm(
            bias.flatten(0, 1), query.flatten(0, 1), key.flatten(0, 1).mT
        ).view_as(bias)
        # r_ij·f_i + r_ij·g_j: where the neighbour lies in this bead's frame, and the reverse
        f, g, wide = f.squeeze(-1), g.squeeze(-1), x.expand(self.heads, -1, -1, -1)
        one = torch.ones_like(f[..., :1])
        left = torch.cat([f, wide, (f * x).sum(-1, keepdim=True), one], -1)
        right = torch.cat([wide, -g, -one, (g * x).sum(-1, keepdim=True)], -1)
        logits = torch.addcmul(logits, blocks(left, keys) @ keyed(right, keys).mT, inverse)
        weight = logits.softmax(-1)

        plain = weight @ keyed(torch.cat([value, vvalue.flatten(-2)], -1), keys)
        plain, vplain = joined(plain, keys, size).split([value.shape[-1], 3 * vvalue.shape[-1]], -1)
        moments = _moments(*edges, origin).unflatten(-1, (self.heads, -1)).permute(3, 0, 1, 2, 4)
        moments = joined((weight * inverse) @ keyed(moments.flatten(-2), keys), keys, size)
        # From here on the heads are in front of their own parts, (B, M, ·, H, e).
        moments = moments.unflatten(-1, (11, -1)).permute(1, 2, 3, 0, 4)
        dot, *sums = (
            part.unflatten(-1, (self.heads, -1)) for part in _about(moments.flatten(-2), origin)
        )
        vplain = vplain.unflatten(-1, (3, -1)).permute(1, 2, 3, 0, 4)
        scalars = torch.cat([plain.permute(1, 2, 0, 3), dot.squeeze(2)], -1)
        return self.out(scalars.flatten(-2), torch.cat([vplain, *sums], -1).flatten(-2))

    def _projected(self, s, v):
        """The parts of `scalar_sizes` and of `vector_sizes`.

        All but the last with the heads first, (H, B, M, ·) and (H, B, M, 3, ·); the two that go
        along edges are (B, M, 1, H·e) and (B, M, 3, H·e).
        """
        parts, edges = [], []
        for features, matrix, sizes in zip(
            (s[..., None, :], v),
            self.project.matrices(),
            (self.scalar_sizes, self.vector_sizes),
            strict=True,
        ):
            matrix = matrix.unflatten(1, (self.heads, -1))
            own, edge = matrix.split([sum(sizes[:-1]), sizes[-1]], -1)
            found = self.project.product(features.flatten(0, -2), own.transpose(0, 1))
            found = found.unflatten(1, features.shape[:-1])
            parts.append(found.split(sizes[:-1], -1))
            edges.append(self.project.product(features, edge.flatten(1)))
        return [part.squeeze(-2) for part in parts[0]], parts[1], edges
