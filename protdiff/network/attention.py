"""Attention over pairs of beads with equivariant messages.

Tensors of pairs have the shape (H, R, Q, K). The heads H come first, so that tensors without them,
which all heads share, broadcast. The rows, queries and keys (R, Q, K) are (B, M, M) where all beads
attend to all, and (B·blocks, BLOCK_SIZE, KEYS_PER_BLOCK) where beads attend in blocks
(`attention_blocks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn

from .attention_blocks import from_blocks, gather_keys, into_blocks
from .linear import Linear, cross

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

__all__ = ["Attention"]


class Projections(NamedTuple):
    """Linear maps of every bead's features, from which attention is computed.

    Per head: scalar query, key and value; vector query, key and value; the directions f and g of
    `Attention._add_edge_logits`. With all heads in the last axis: scalars and vectors of the
    messages along edges.
    """

    query: Float[Tensor, "heads batch beads keys"]
    key: Float[Tensor, "heads batch beads keys"]
    value: Float[Tensor, "heads batch beads values"]
    vector_query: Float[Tensor, "heads batch beads 3 vector_keys"]
    vector_key: Float[Tensor, "heads batch beads 3 vector_keys"]
    query_direction: Float[Tensor, "heads batch beads 3 1"]
    key_direction: Float[Tensor, "heads batch beads 3 1"]
    vector_value: Float[Tensor, "heads batch beads 3 edges"]
    edge_scalars: Float[Tensor, "batch beads 1 heads_edges"]
    edge_vectors: Float[Tensor, "batch beads 3 heads_edges"]


#: Components of what `_edge_moments` gives per channel: s, x s, x·v, v and x×v.
MOMENT_SIZES = (1, 3, 1, 3, 3)


def _edge_moments(
    scalars: Float[Tensor, "batch beads 1 channels"],
    vectors: Float[Tensor, "batch beads 3 channels"],
    x: Float[Tensor, "batch beads 3 1"],
) -> Float[Tensor, "batch beads 11 channels"]:
    """Terms whose sums over neighbours give the messages along edges; see `_edge_sums`."""
    dot = (x * vectors).sum(-2, keepdim=True)
    return torch.cat([scalars, x * scalars, dot, vectors, cross(x, vectors)], -2)


def _edge_sums(
    moments: Float[Tensor, "batch beads 11 channels"], x: Float[Tensor, "batch beads 3 1"]
) -> tuple[
    Float[Tensor, "batch beads 1 channels"],
    Float[Tensor, "batch beads 3 channels"],
    Float[Tensor, "batch beads 3 channels"],
]:
    """Weighted sums of r_ij·v_j, of r_ij s_j and of r_ij×v_j, from those of `_edge_moments`.

    r_ij = x_j - x_i: the part of x_i is taken off here, after the sum over j.
    """
    total, first, dot, plain, turned = moments.split(MOMENT_SIZES, -2)
    dot = dot - (x * plain).sum(-2, keepdim=True)
    return dot, first - x * total, turned - cross(x, plain)


class Attention(nn.Module):
    """Attention over pairs of beads with equivariant messages.

    Every head has one weight a_ij per pair. Messages along the edge r_ij = x_j - x_i have the
    weight b_ij = a_ij / (1 + |r_ij|). Because r_ij is a difference, the sums of b_ij r_ij s_j,
    b_ij r_ij·v_j and b_ij r_ij×v_j (the l = 0 and 1 paths of the tensor product with the edge's
    spherical harmonics) split into matrix products over beads: no tensor of the size pairs ×
    channels is ever made.

    Parameters
    ----------
    scalars, vectors : int
        Channels of the features.
    heads : int
    scalar_keys, vector_keys : int
        Channels per head that queries and keys have.
    values : int
        Scalar channels per head of the messages.
    edges : int
        Channels per head of the messages along edges, and of the vector messages.
    """

    def __init__(
        self,
        scalars: int,
        vectors: int,
        heads: int,
        scalar_keys: int = 16,
        vector_keys: int = 4,
        values: int = 16,
        edges: int = 4,
    ) -> None:
        super().__init__()
        self.heads = heads
        # In the order of the fields of `Projections`.
        self.scalar_sizes = [scalar_keys, scalar_keys, values, edges]
        self.vector_sizes = [vector_keys, vector_keys, 1, 1, edges, edges]
        irreps = f"{scalars}x0e + {vectors}x1e"
        self.project = Linear(
            irreps, f"{heads * sum(self.scalar_sizes)}x0e + {heads * sum(self.vector_sizes)}x1e"
        )
        self.out = Linear(f"{heads * (values + edges)}x0e + {heads * 3 * edges}x1e", irreps)
        self.scale = (scalar_keys + 3 * vector_keys) ** -0.5

    def forward(
        self,
        s: Float[Tensor, "batch beads scalars"],
        v: Float[Tensor, "batch beads 3 vectors"],
        x: Float[Tensor, "batch beads 3"],
        bias: Float[Tensor, "heads rows queries keys"],
        inverse: Float[Tensor, "rows queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None = None,
    ) -> tuple[Float[Tensor, "batch beads scalars"], Float[Tensor, "batch beads 3 vectors"]]:
        """Update of the features.

        Parameters
        ----------
        s : Tensor, shape (B, M, S)
        v : Tensor, shape (B, M, 3, V)
        x : Tensor, shape (B, M, 3)
            Bead positions in bead spacings.
        bias : Tensor, shape (H, R, Q, K)
            Added to the logits; large and negative at padded keys.
        inverse : Tensor, shape (R, Q, K)
            1 / (1 + |r_ij|).
        keys : Tensor, shape (B, blocks, KEYS_PER_BLOCK), optional
            See `attention_blocks`; without it all beads attend to all.
        """
        origin = x[..., None]
        parts = self._projections(s, v)
        logits = self._feature_logits(parts, bias, keys)
        logits = self._add_edge_logits(logits, parts, x, inverse, keys)
        weight = logits.softmax(-1)
        values, vector_values = self._weighted_values(weight, parts, keys)
        dot, along, turned = self._edge_messages(weight * inverse, parts, origin, keys)
        scalars = torch.cat([values, dot], -1).flatten(-2)
        return self.out(scalars, torch.cat([vector_values, along, turned], -1).flatten(-2))

    def _projections(
        self, s: Float[Tensor, "batch beads scalars"], v: Float[Tensor, "batch beads 3 vectors"]
    ) -> Projections:
        """Linear maps of the features."""
        for_scalars, for_vectors = self.project.matrices()
        scalars, edge_scalars = self._per_head(s[..., None, :], for_scalars, self.scalar_sizes)
        vectors, edge_vectors = self._per_head(v, for_vectors, self.vector_sizes)
        query, key, value = (part.squeeze(-2) for part in scalars)
        vector_query, vector_key, query_direction, key_direction, vector_value = vectors
        return Projections(
            query=query,
            key=key,
            value=value,
            vector_query=vector_query,
            vector_key=vector_key,
            query_direction=query_direction,
            key_direction=key_direction,
            vector_value=vector_value,
            edge_scalars=edge_scalars,
            edge_vectors=edge_vectors,
        )

    def _per_head(
        self,
        features: Float[Tensor, "batch beads components channels"],
        matrix: Float[Tensor, "channels channels_out"],
        sizes: list[int],
    ) -> tuple[tuple[Tensor, ...], Float[Tensor, "batch beads components heads_edges"]]:
        """Projections of one irrep: parts with the heads first, and that of the edge messages."""
        matrix = matrix.unflatten(1, (self.heads, -1))
        of_beads, of_edges = matrix.split([sum(sizes[:-1]), sizes[-1]], -1)
        parts = self.project.product(features.flatten(0, -2), of_beads.transpose(0, 1))
        parts = parts.unflatten(1, features.shape[:-1]).split(sizes[:-1], -1)
        return parts, self.project.product(features, of_edges.flatten(1))

    def _feature_logits(
        self,
        parts: Projections,
        bias: Float[Tensor, "heads rows queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> Float[Tensor, "heads rows queries keys"]:
        """Products of queries and keys, scalars and vectors, plus the bias."""
        query = torch.cat([parts.query, parts.vector_query.flatten(-2)], -1) * self.scale
        key = torch.cat([parts.key, parts.vector_key.flatten(-2)], -1)
        query, key = into_blocks(query, keys), gather_keys(key, keys)
        return torch.baddbmm(bias.flatten(0, 1), query.flatten(0, 1), key.flatten(0, 1).mT).view_as(
            bias
        )

    def _add_edge_logits(
        self,
        logits: Float[Tensor, "heads rows queries keys"],
        parts: Projections,
        x: Float[Tensor, "batch beads 3"],
        inverse: Float[Tensor, "rows queries keys"],
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> Float[Tensor, "heads rows queries keys"]:
        """Logits plus (r_ij·f_i + r_ij·g_j) / (1 + |r_ij|).

        They depend on where the neighbour lies in the frame of this bead, and this bead in the
        neighbour's. As r_ij = x_j - x_i, both products together are one scalar product of a row of
        bead i with a row of bead j.
        """
        f, g = parts.query_direction.squeeze(-1), parts.key_direction.squeeze(-1)
        positions, ones = x.expand(self.heads, -1, -1, -1), torch.ones_like(f[..., :1])
        left = torch.cat([f, positions, (f * x).sum(-1, keepdim=True), ones], -1)
        right = torch.cat([positions, -g, -ones, (g * x).sum(-1, keepdim=True)], -1)
        edge = into_blocks(left, keys) @ gather_keys(right, keys).mT
        return torch.addcmul(logits, edge, inverse)

    def _weighted_values(
        self,
        weight: Float[Tensor, "heads rows queries keys"],
        parts: Projections,
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> tuple[
        Float[Tensor, "batch beads heads values"], Float[Tensor, "batch beads 3 heads edges"]
    ]:
        """Sums of the values over neighbours."""
        size, values = parts.value.shape[-2:]
        messages = torch.cat([parts.value, parts.vector_value.flatten(-2)], -1)
        sums = from_blocks(weight @ gather_keys(messages, keys), keys, size)
        scalars, vectors = sums.split([values, 3 * parts.vector_value.shape[-1]], -1)
        vectors = vectors.unflatten(-1, (3, -1)).permute(1, 2, 3, 0, 4)
        return scalars.permute(1, 2, 0, 3), vectors

    def _edge_messages(
        self,
        weight: Float[Tensor, "heads rows queries keys"],
        parts: Projections,
        x: Float[Tensor, "batch beads 3 1"],
        keys: Int[Tensor, "batch blocks keys"] | None,
    ) -> tuple[
        Float[Tensor, "batch beads heads edges"],
        Float[Tensor, "batch beads 3 heads edges"],
        Float[Tensor, "batch beads 3 heads edges"],
    ]:
        """Sums of r_ij·v_j, r_ij s_j and r_ij×v_j over neighbours."""
        moments = _edge_moments(parts.edge_scalars, parts.edge_vectors, x)
        moments = moments.unflatten(-1, (self.heads, -1)).permute(3, 0, 1, 2, 4).flatten(-2)
        sums = from_blocks(weight @ gather_keys(moments, keys), keys, x.shape[1])
        # Batch and beads first, heads and channels in one axis: so the positions broadcast.
        sums = sums.unflatten(-1, (sum(MOMENT_SIZES), -1)).permute(1, 2, 3, 0, 4).flatten(-2)
        dot, along, turned = (part.unflatten(-1, (self.heads, -1)) for part in _edge_sums(sums, x))
        return dot.squeeze(2), along, turned
